//! Where the password or the token comes from.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use smtp_client::CredentialSource;
use smtp_proto::Escaped;
use smtp_sasl::{Credentials, SetupError};
use zeroize::Zeroizing;

use crate::{
    command_output::{self, CommandError},
    exit_status::ExitStatus,
    proof::Proof,
};

const VARIABLE: &str = "SMTP_FORWARD_PASSWORD";

/// Where the credentials come from.
#[derive(Debug)]
pub(crate) enum PasswordSource {
    /// They were read before anything was sent.
    Fixed(Credentials),
    /// A token, read again for each connection because it expires.
    Token { user: String, from: TokenSource },
}

#[derive(Debug)]
pub(crate) enum TokenSource {
    File(PathBuf),
    /// A shell command. Its text may have a secret in it, and is not shown.
    Command(HiddenCommand),
}

pub(crate) struct HiddenCommand(String);

/// Why there is no password.
#[derive(Debug)]
pub(crate) enum PasswordError {
    /// None was given.
    Missing,
    Unreadable(PathBuf, io::Error),
    Command(CommandError),
    NotUtf8,
    Invalid(SetupError),
}

impl PasswordError {
    pub(crate) const fn status(&self) -> ExitStatus {
        match self {
            Self::Missing | Self::NotUtf8 | Self::Invalid(_) => ExitStatus::Usage,
            Self::Unreadable(..) => ExitStatus::NoInput,
            // It may print a password later.
            Self::Command(_) => ExitStatus::TempFail,
        }
    }
}

impl PasswordSource {
    /// The credentials of a user who has a certificate.
    pub(crate) fn external(user: &str) -> Result<Self, SetupError> {
        Proof::Certificate.credentials(user, "").map(Self::Fixed)
    }

    /// Reads a password, from one of these places or the environment. A token is read only to see that it is there.
    pub(crate) fn new(
        user: &str,
        proof: Proof,
        file: Option<PathBuf>,
        command: Option<String>,
    ) -> Result<Self, PasswordError> {
        let from = match (file, command) {
            (Some(file), _) => TokenSource::File(file),
            (None, Some(command)) => TokenSource::Command(HiddenCommand(command)),
            (None, None) => {
                let secret = env::var(VARIABLE).map_err(|error| match error {
                    env::VarError::NotPresent => PasswordError::Missing,
                    env::VarError::NotUnicode(_) => PasswordError::NotUtf8,
                })?;
                let secret = Zeroizing::new(secret);
                return proof.credentials(user, &secret).map(Self::Fixed).map_err(PasswordError::Invalid);
            }
        };
        match proof {
            Proof::Password | Proof::Certificate => {
                let secret = from.read()?;
                proof.credentials(user, &secret).map(Self::Fixed).map_err(PasswordError::Invalid)
            }
            Proof::Token => Ok(Self::Token { user: user.into(), from }),
        }
    }
}

impl CredentialSource for PasswordSource {
    fn credentials(&self) -> Result<Credentials, String> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Token { user, from } => {
                let token = from.read().map_err(|error| error.to_string())?;
                Proof::Token.credentials(user, &token).map_err(|error| error.to_string())
            }
        }
    }
}

impl TokenSource {
    fn read(&self) -> Result<Zeroizing<String>, PasswordError> {
        let octets = match self {
            Self::File(path) => read_file(path)?,
            Self::Command(HiddenCommand(command)) => {
                command_output::of(&mut shell(command)).map_err(PasswordError::Command)?
            }
        };
        let text = std::str::from_utf8(&octets).map_err(|_| PasswordError::NotUtf8)?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
    fs::read(path).map(Zeroizing::new).map_err(|error| PasswordError::Unreadable(path.to_owned(), error))
}

/// Standard input is the message, which the command must not read.
fn shell(command: &str) -> Command {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut process = Command::new(shell);
    process.arg(flag).arg(command).stdin(Stdio::null()).env_remove(VARIABLE);
    process
}

impl fmt::Debug for HiddenCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(
                f,
                "--auth-user needs a password: set {VARIABLE}, or use --auth-password-file or --auth-password-command"
            ),
            Self::Unreadable(path, error) => {
                write!(f, "{} cannot be read: {error}", Escaped(path.as_os_str().as_encoded_bytes()))
            }
            Self::Command(error) => write!(f, "the password command {error}"),
            Self::NotUtf8 => f.write_str("the password is not UTF-8"),
            Self::Invalid(error) => write!(f, "{error}"),
        }
    }
}
