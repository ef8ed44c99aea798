//! The arguments that say how to authenticate.

use std::{fmt, path::PathBuf};

use clap::Args;
use smtp_proto::{AuthPolicy, Authentication, Mechanism};
use smtp_sasl::SetupError;

use crate::{
    exit_status::ExitStatus,
    password::{PasswordError, PasswordSource},
    proof::Proof,
    tls_arguments::{Tls, TlsArguments},
};

#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct LoginArguments {
    /// Authenticate as this user. The password comes from the environment variable `SMTP_FORWARD_PASSWORD` unless one of
    /// the next two options is given. It is sent only to a server whose certificate was verified
    #[arg(long, value_name = "NAME")]
    pub(crate) auth_user: Option<String>,
    /// Read the password, or the token of XOAUTH2 and OAUTHBEARER, from this file, without the line end
    #[arg(long, value_name = "FILE", requires = "auth_user", conflicts_with = "auth_password_command")]
    auth_password_file: Option<PathBuf>,
    /// Run this shell command, and use what it prints as the password or the token, without the line end. For a token,
    /// it runs again for each connection
    #[arg(long, value_name = "COMMAND", requires = "auth_user")]
    auth_password_command: Option<String>,
    /// Use only this mechanism; if repeated, these in this order [default: SCRAM-SHA-256-PLUS, SCRAM-SHA-256,
    /// SCRAM-SHA-1-PLUS, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN]
    #[arg(long, value_name = "MECHANISM", value_parser = mechanism)]
    auth: Vec<Mechanism>,
    /// Send credentials even in clear or to a server that was not verified. Anybody on the way can then read them
    #[arg(long, requires = "auth_user")]
    allow_plaintext_auth: bool,
}

/// In this order, each protects the password at least as well as the next.
const BY_PASSWORD: [Mechanism; 7] = [
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::Login,
];

/// How to authenticate.
pub(crate) struct Login {
    pub(crate) policy: AuthPolicy,
    pub(crate) source: Option<PasswordSource>,
}

/// Why the arguments cannot be followed.
#[derive(Debug)]
pub(crate) enum LoginFailure {
    Usage(String),
    Password(PasswordError),
}

impl LoginArguments {
    pub(crate) fn is_wanted(&self) -> bool {
        self.auth_user.is_some() || !self.auth.is_empty()
    }

    /// How to authenticate over connections that are secured like this.
    pub(crate) fn login(&self, tls: Tls, certificate: &TlsArguments) -> Result<Login, LoginFailure> {
        if !self.is_wanted() {
            return Ok(Login { policy: AuthPolicy::Never, source: None });
        }
        let proof = self.proof()?;
        let user = match (&self.auth_user, proof) {
            (Some(user), _) => user.as_str(),
            (None, Proof::Certificate) => "",
            (None, Proof::Password | Proof::Token) => return usage("--auth needs --auth-user"),
        };
        match tls {
            Tls::None | Tls::Opportunistic if !self.allow_plaintext_auth => {
                return usage(
                    "credentials are sent only to a verified server: use --tls required or --tls implicit, or \
                     --allow-plaintext-auth",
                );
            }
            Tls::None | Tls::Opportunistic | Tls::Required | Tls::Implicit => {}
        }
        let source = match proof {
            Proof::Certificate if !certificate.has_client_certificate() => {
                return usage("--auth EXTERNAL needs --client-cert and --client-key");
            }
            Proof::Certificate => PasswordSource::external(user).map_err(invalid)?,
            Proof::Password | Proof::Token => {
                PasswordSource::new(user, proof, self.auth_password_file.clone(), self.auth_password_command.clone())
                    .map_err(LoginFailure::Password)?
            }
        };
        let mechanisms = if self.auth.is_empty() { BY_PASSWORD.to_vec() } else { self.auth.clone() };
        let authentication = Authentication::new(mechanisms)
            .with_any_order(!self.auth.is_empty())
            .with_in_clear(self.allow_plaintext_auth);
        Ok(Login { policy: AuthPolicy::Required(authentication), source: Some(source) })
    }

    /// What all chosen mechanisms prove.
    fn proof(&self) -> Result<Proof, LoginFailure> {
        let mut proofs = self.auth.iter().map(|mechanism| Proof::of(*mechanism));
        let first = proofs.next().unwrap_or(Proof::Password);
        if proofs.any(|proof| proof != first) {
            return Err(LoginFailure::Usage(
                "--auth mixes mechanisms for a password, for a token and for a certificate".into(),
            ));
        }
        Ok(first)
    }
}

fn usage(why: &str) -> Result<Login, LoginFailure> {
    Err(LoginFailure::Usage(why.into()))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid(error: SetupError) -> LoginFailure {
    LoginFailure::Usage(format!("--auth-user: {error}"))
}

/// A mechanism that this program can use.
fn mechanism(name: &str) -> Result<Mechanism, String> {
    let is_usable = smtp_sasl::Mechanism::from_name(name.as_bytes()).is_some();
    Mechanism::from_name(name.as_bytes()).filter(|_| is_usable).ok_or_else(|| {
        let names: Vec<_> = smtp_sasl::Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
        format!("it is not one of {}", names.join(", "))
    })
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) => f.write_str(why),
            Self::Password(error) => write!(f, "{error}"),
        }
    }
}

impl LoginFailure {
    pub(crate) const fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) => ExitStatus::Usage,
            Self::Password(error) => error.status(),
        }
    }
}
