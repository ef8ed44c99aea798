//! A front end of a few lines: a message goes in, and what became of it comes out.

use std::{fmt, io::Cursor};

use smtp_proto::{Body, Envelope, ForwardPath, HeaderScan, Need, Report, Size, Status};

use super::{Destination, Pool, PoolError, PoolLimits};

/// Sends messages to one destination, over connections that are kept.
///
/// ```no_run
/// use smtp_client::tokio::{Destination, Mailer};
/// use smtp_proto::{Config, Envelope, HelloName};
///
/// # async fn send() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new(HelloName::new("client.example.com")?);
/// let mailer = Mailer::new(Destination::new("mx.example.net:25".parse()?, config));
/// let envelope = Envelope::new("a@example.com".parse()?, vec!["b@example.net".parse()?])?;
/// let summary = mailer.send(envelope, "Subject: hello\r\n\r\nhello\r\n").await?;
/// println!("{summary}");
/// mailer.close().await;
/// # Ok(())
/// # }
/// ```
///
/// Through a provider, with TLS and a password:
///
/// ```no_run
/// use std::sync::Arc;
///
/// use smtp_client::tokio::{Destination, Mailer};
/// use smtp_proto::{AuthPolicy, Authentication, Config, HelloName, Mechanism, TlsPolicy};
/// use smtp_sasl::Credentials;
///
/// # fn mailer() -> Result<Mailer, Box<dyn std::error::Error>> {
/// let auth = Authentication::new([Mechanism::ScramSha256, Mechanism::Plain]);
/// let config = Config::new(HelloName::new("client.example.com")?)
///     .with_tls(TlsPolicy::Required) // STARTTLS; on port 465, TlsPolicy::Implicit
///     .with_auth(AuthPolicy::Required(auth));
/// let password = Credentials::password("alice@example.com", "secret")?;
/// let to = Destination::new("smtp.example.com:587".parse()?, config).with_credentials(Arc::new(password));
/// # Ok(Mailer::new(to))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mailer {
    pool: Pool,
    to: Destination,
}

/// What became of a message, for each recipient. Displayed, it is the whole report as text.
#[must_use = "the message may have been refused"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    recipients: Vec<(ForwardPath, Status)>,
    text: String,
}

impl Mailer {
    /// Creates a mailer with its own pool, which has the default limits.
    pub fn new(to: Destination) -> Self {
        Self::with_pool(Pool::new(PoolLimits::default()), to)
    }

    /// Creates a mailer that shares a pool.
    pub const fn with_pool(pool: Pool, to: Destination) -> Self {
        Self { pool, to }
    }

    /// Sends a message, with its header. Its size, whether it is 8-bit, and whether its header needs SMTPUTF8 are
    /// declared as they are.
    pub async fn send(
        &self,
        envelope: Envelope,
        message: impl AsRef<[u8]> + Unpin + Send,
    ) -> Result<Summary, PoolError> {
        let envelope = describe(envelope, message.as_ref());
        let mut content = Cursor::new(message);
        self.pool.deliver(&self.to, envelope, &mut content, &mut (), |report| Summary::from(report)).await
    }

    /// Closes the pool: see [`Pool::close`].
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn describe(envelope: Envelope, message: &[u8]) -> Envelope {
    let mut scan = HeaderScan::new();
    scan.add(message);
    let body = match (message.is_ascii(), envelope.body()) {
        (false, Body::SevenBit) => Body::EightBit,
        (_, body) => body,
    };
    let envelope = envelope.with_body(body).with_size(Size::Estimate(message.len() as u64));
    if scan.needs_smtputf8() { envelope.requiring(Need::Smtputf8) } else { envelope }
}

impl Summary {
    /// Whether every recipient got the message.
    pub fn is_delivered(&self) -> bool {
        self.recipients.iter().all(|(_, status)| *status == Status::Delivered)
    }

    /// The status of each recipient, in the order of the envelope.
    pub fn recipients(&self) -> &[(ForwardPath, Status)] {
        &self.recipients
    }
}

impl From<&Report<'_>> for Summary {
    fn from(report: &Report<'_>) -> Self {
        let recipients = report.recipients().map(|recipient| (recipient.path.clone(), recipient.status));
        Self { recipients: recipients.collect(), text: report.to_string() }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
