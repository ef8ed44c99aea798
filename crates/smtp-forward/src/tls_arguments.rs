//! The arguments that say whether and how to use TLS.

use std::{fmt, fs, io, path::PathBuf};

use clap::{Args, ValueEnum};
use smtp_client::tls::{Fingerprint, ServerName, TlsConfig, TlsConfigError};
use smtp_proto::{Escaped, TlsPolicy};

use crate::exit_status::ExitStatus;

#[derive(Args, Debug)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArguments {
    /// Whether to use TLS: never; with STARTTLS where it is offered, with any certificate; only with STARTTLS and a
    /// verified certificate; or from the start with a verified certificate [default: implicit on port 465, required
    /// with --auth-user, or else opportunistic]
    #[arg(long, value_name = "POLICY")]
    pub(crate) tls: Option<Tls>,
    /// Trust the CA certificates in this file, in PEM, instead of those of the system. Can be repeated
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
    /// The name that the server's certificate must have [default: the host of --server]
    #[arg(long, value_name = "NAME")]
    tls_name: Option<ServerName>,
    /// Trust the certificate with this SHA-256 fingerprint, as `probe` prints it, and no other. Can be repeated
    #[arg(long, value_name = "SHA256", conflicts_with = "ca_file")]
    tls_fingerprint: Vec<Fingerprint>,
    /// Show this certificate, in PEM, to servers that ask for one
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// The private key of --client-cert, in PEM
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tls {
    None,
    Opportunistic,
    Required,
    Implicit,
}

/// Why TLS cannot be used as the arguments say.
#[derive(Debug)]
pub(crate) enum TlsFailure {
    Unreadable(PathBuf, io::Error),
    Invalid(PathBuf, TlsConfigError),
    Config(TlsConfigError),
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &PathBuf| Escaped(path.as_os_str().as_encoded_bytes()).to_string();
        match self {
            Self::Unreadable(path, error) => write!(f, "{} cannot be read: {error}", shown(path)),
            Self::Invalid(path, error) => write!(f, "{}: {error}", shown(path)),
            Self::Config(error) => write!(f, "{error}"),
        }
    }
}

impl TlsFailure {
    pub(crate) const fn status(&self) -> ExitStatus {
        match self {
            Self::Unreadable(..) => ExitStatus::NoInput,
            Self::Invalid(..) | Self::Config(_) => ExitStatus::Usage,
        }
    }
}

impl Tls {
    pub(crate) const fn policy(self) -> TlsPolicy {
        match self {
            Self::None => TlsPolicy::Never,
            Self::Opportunistic => TlsPolicy::Opportunistic,
            Self::Required => TlsPolicy::Required,
            Self::Implicit => TlsPolicy::Implicit,
        }
    }
}

impl TlsArguments {
    /// Reads the files.
    pub(crate) fn config(&self) -> Result<TlsConfig, TlsFailure> {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| TlsFailure::Unreadable(path.clone(), error));
        let mut builder = TlsConfig::builder();
        for path in &self.ca_file {
            let pem = read(path)?;
            builder = builder.with_ca_pem(&pem).map_err(|error| TlsFailure::Invalid(path.clone(), error))?;
        }
        for fingerprint in &self.tls_fingerprint {
            builder = builder.with_pin(*fingerprint);
        }
        if let Some(name) = &self.tls_name {
            builder = builder.with_server_name(name.clone());
        }
        if let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) {
            let (chain, secret) = (read(certificate)?, read(key)?);
            builder = builder
                .with_client_certificate_pem(&chain, &secret)
                .map_err(|error| TlsFailure::Invalid(certificate.clone(), error))?;
        }
        builder.build().map_err(TlsFailure::Config)
    }

    pub(crate) const fn has_client_certificate(&self) -> bool {
        self.client_cert.is_some()
    }
}
