//! The command `probe`: greets a server and lists the extensions it offers.

use std::{fmt, io::Cursor};

use serde::Serialize;
use smtp_client::{
    NextHop,
    tls::{TlsConfig, TlsFacts},
    tokio::Client,
};
use smtp_proto::{Afterwards, AttemptReport, Config, Delivery, Hello, Reply, Report, Severity, TlsPolicy, keywords};

use crate::{
    arguments::Probe,
    diagnostics,
    exit_status::ExitStatus,
    output::publish,
    progress::Progress,
    report::{json, people::Connections},
    runtime,
    supervision::interruptible,
    verify::{self, Verified},
    watch::Watch,
};

pub(crate) fn run(arguments: &Probe) -> ExitStatus {
    let Arguments { next_hop, config, tls, must_secure } = match Arguments::of(arguments) {
        Ok(arguments) => arguments,
        Err((why, status)) => {
            diagnostics::error(&why);
            return status;
        }
    };
    let mut delivery = match arguments.verify.as_ref().map(|to| verify::envelope(arguments.from.as_ref(), to)) {
        None => Delivery::probe(config),
        // Keeping the connection makes RSET end the transaction before QUIT.
        Some(Ok(envelope)) => Delivery::new(config.with_afterwards(Afterwards::Keep), envelope),
        Some(Err(why)) => {
            diagnostics::error(why);
            return ExitStatus::Usage;
        }
    };
    let mut client = Client::new(next_hop.clone()).with_route(arguments.server.route()).with_tls(tls);
    let mut watch = Watch::new(arguments.trace, Progress::none());
    let driven = runtime::block_on(async {
        interruptible(client.deliver(&mut delivery, &mut Cursor::new([0; 0]), &mut watch)).await?;
        interruptible(client.quit(&mut delivery, &mut watch)).await
    });
    match driven {
        Ok(Ok(())) => {}
        Ok(Err(misuse)) => {
            diagnostics::error(format_args!("internal error: {misuse}"));
            return ExitStatus::Software;
        }
        Err(error) => {
            diagnostics::error(error);
            return ExitStatus::TempFail;
        }
    }
    let findings = Findings::of(&next_hop, client.report(&delivery), watch.tls.as_ref(), must_secure);
    let published = if arguments.json { publish(json::Line(findings.to_json())) } else { publish(&findings) };
    published.max(findings.status())
}

/// What the arguments ask for.
struct Arguments {
    next_hop: NextHop,
    config: Config,
    tls: TlsConfig,
    must_secure: bool,
}

impl Arguments {
    fn of(arguments: &Probe) -> Result<Self, (String, ExitStatus)> {
        let server = &arguments.server;
        let usage = |why: &str| (why.to_owned(), ExitStatus::Usage);
        let next_hop = server.next_hop().map_err(usage)?;
        let policy = server.tls(arguments.tls.tls, false).map_err(usage)?.policy();
        let tls = arguments.tls.config().map_err(|failure| (failure.to_string(), failure.status()))?;
        let must_secure = matches!(policy, TlsPolicy::Required | TlsPolicy::Implicit);
        Ok(Self { next_hop, config: server.config().with_tls(policy), tls, must_secure })
    }
}

/// The results of a probe.
struct Findings<'a> {
    next_hop: &'a NextHop,
    report: Report<'a>,
    greeting: Option<Reply<'a>>,
    /// The hello that was accepted, and the reply to it.
    taken: Option<(Hello, Reply<'a>)>,
    /// The reply to the hello before STARTTLS.
    in_clear: Option<Reply<'a>>,
    tls: Option<&'a TlsFacts>,
    must_secure: bool,
    verified: Option<Verified<'a>>,
}

#[derive(Serialize)]
struct Json<'a> {
    server: String,
    greeting: Option<Reply<'a>>,
    /// The hello that was accepted.
    hello: Option<Hello>,
    /// Whether HELO was accepted after EHLO had failed.
    helo_needed: bool,
    offers: Vec<Offer>,
    /// What the server offers before STARTTLS.
    offers_in_clear: Vec<Offer>,
    tls: Option<JsonTls>,
    attempts: Vec<AttemptReport<'a>>,
    /// Present if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<verify::Json<'a>>,
}

#[derive(Serialize)]
struct JsonTls {
    version: String,
    cipher_suite: String,
    verified: bool,
    reason: Option<String>,
    fingerprint: String,
    subject: Option<String>,
    names: Vec<String>,
    issuer: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
}

#[derive(Serialize)]
struct Offer {
    keyword: String,
    parameters: String,
}

impl<'a> Findings<'a> {
    fn of(next_hop: &'a NextHop, report: Report<'a>, tls: Option<&'a TlsFacts>, must_secure: bool) -> Self {
        let greeting = report.attempts().filter_map(|attempt| attempt.greeting()).last();
        let taken = report.attempts().filter_map(|attempt| attempt.hello().zip(attempt.hello_reply())).last();
        let in_clear = report.attempts().filter_map(|attempt| attempt.clear_hello_reply()).last();
        let verified = Verified::of(report);
        Self { next_hop, report, greeting, taken, in_clear, tls, must_secure, verified }
    }

    fn offers_in_clear(&self) -> impl Iterator<Item = smtp_proto::Keyword<'a>> {
        self.in_clear.into_iter().flat_map(|reply| keywords(&reply))
    }

    /// What the reply to EHLO offers. A reply to HELO never offers anything.
    fn offers(&self) -> impl Iterator<Item = smtp_proto::Keyword<'a>> {
        let reply = self.taken.filter(|(hello, _)| *hello != Hello::Helo).map(|(_, reply)| reply);
        reply.into_iter().flat_map(|reply| keywords(&reply))
    }

    fn helo_needed(&self) -> bool {
        matches!(self.taken, Some((Hello::Helo, _)))
    }

    fn status(&self) -> ExitStatus {
        let for_good = |reply: Reply<'_>| reply.code().severity() == Some(Severity::Permanent);
        // As in a delivery, a hang-up is never permanent, nor is a refusal of HELO after a transient refusal of EHLO.
        let mut attempts = self.report.attempts().peekable();
        let refused_for_good = attempts.peek().is_some()
            && attempts
                .all(|attempt| attempt.reply().is_some_and(for_good) && attempt.ehlo_refusal().is_none_or(for_good));
        match self.taken {
            Some(_) if self.must_secure && self.tls.is_none() => ExitStatus::TempFail,
            Some(_) if self.verified.is_some() => self.verified.as_ref().map_or(ExitStatus::Ok, Verified::status),
            Some(_) => ExitStatus::Ok,
            None if refused_for_good => ExitStatus::Unavailable,
            None => ExitStatus::TempFail,
        }
    }

    fn to_json(&self) -> Json<'a> {
        let offer = |keyword: smtp_proto::Keyword<'_>| Offer {
            keyword: String::from_utf8_lossy(keyword.name()).into_owned(),
            parameters: smtp_proto::Escaped(keyword.parameters()).to_string(),
        };
        Json {
            server: self.next_hop.to_string(),
            greeting: self.greeting,
            hello: self.taken.map(|(hello, _)| hello),
            helo_needed: self.helo_needed(),
            offers: self.offers().map(offer).collect(),
            offers_in_clear: self.offers_in_clear().map(offer).collect(),
            tls: self.tls.map(JsonTls::of),
            attempts: self.report.attempts().collect(),
            verify: self.verified.as_ref().map(Verified::to_json),
        }
    }
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(greeting) = self.greeting {
            writeln!(f, "{} greets: {greeting}", self.next_hop)?;
        }
        if self.in_clear.is_some() {
            writeln!(f, "It accepts EHLO in clear, and offers:")?;
            for keyword in self.offers_in_clear() {
                writeln!(f, "  {keyword}")?;
            }
        }
        if let Some(facts) = self.tls {
            write!(f, "{}", Tls(facts))?;
        } else if self.must_secure {
            writeln!(f, "The connection was not secured.")?;
        }
        match self.taken {
            None if self.in_clear.is_some() && self.tls.is_none() => {}
            None => writeln!(f, "No EHLO or HELO was accepted.")?,
            Some((Hello::Helo, reply)) => {
                writeln!(f, "It accepts only HELO, and offers no extensions: {} {}", reply.code(), reply.text(" / "))?;
            }
            Some((hello, _)) => {
                let hello = hello.verb();
                if self.offers().next().is_none() {
                    writeln!(f, "It accepts {hello}, and offers no extensions.")?;
                } else {
                    writeln!(f, "It accepts {hello}, and offers:")?;
                }
                for keyword in self.offers() {
                    writeln!(f, "  {keyword}")?;
                }
            }
        }
        if let Some(verified) = &self.verified {
            write!(f, "{verified}")?;
        }
        write!(f, "{}", Connections(self.report))
    }
}

/// What is known about the TLS layer, a line for each fact.
struct Tls<'a>(&'a TlsFacts);

impl fmt::Display for Tls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(facts) = self;
        writeln!(f, "It is secured with {}, {}:", facts.version, facts.cipher_suite)?;
        match &facts.verification {
            Ok(()) => writeln!(f, "  verified: yes, as {}", facts.server_name)?,
            Err(why) => writeln!(f, "  verified: no, {why}")?,
        }
        if let Some(certificate) = &facts.certificate {
            writeln!(f, "  subject: {}", certificate.subject)?;
            writeln!(f, "  names: {}", certificate.names.join(", "))?;
            writeln!(f, "  issuer: {}", certificate.issuer)?;
            writeln!(f, "  valid: {} to {}", certificate.not_before, certificate.not_after)?;
        }
        writeln!(f, "  fingerprint: {}", facts.fingerprint)
    }
}

impl JsonTls {
    fn of(facts: &TlsFacts) -> Self {
        let certificate = facts.certificate.as_ref();
        Self {
            version: facts.version.to_string(),
            cipher_suite: facts.cipher_suite.clone(),
            verified: facts.verification.is_ok(),
            reason: facts.verification.as_ref().err().map(ToString::to_string),
            fingerprint: facts.fingerprint.to_string(),
            subject: certificate.map(|certificate| certificate.subject.clone()),
            names: certificate.map(|certificate| certificate.names.clone()).unwrap_or_default(),
            issuer: certificate.map(|certificate| certificate.issuer.clone()),
            not_before: certificate.map(|certificate| certificate.not_before.clone()),
            not_after: certificate.map(|certificate| certificate.not_after.clone()),
        }
    }
}
