//! The oracle detects violations of TLS and AUTH: a fake machine breaks each promise on purpose.

mod made_up;

use made_up::{EHLO, GREETING, HELO, MAIL, OK, RCPT, Run, config};
use smtp_proto::{
    AuthPolicy, AuthRequest, Authenticate, Authentication, Config, Disconnect, KnownHost, Mechanism, MisuseError,
    Place, Secure, Step, Timeout, TlsPolicy, TlsVersion, Transmit,
};
use smtp_testkit::oracle::{Input, Promise};

const OFFER: &[u8] = b"250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
const AUTH: &[u8] = b"250-x\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n";
const STARTTLS: &[u8] = b"STARTTLS\r\n";
const SECURED: Input<'static> = Input::Secured { version: TlsVersion::Tls13, is_verified: true, can_bind: true };
const UNVERIFIED: Input<'static> = Input::Secured { version: TlsVersion::Tls13, is_verified: false, can_bind: true };

fn opportunistic() -> Config {
    config().with_tls(TlsPolicy::Opportunistic)
}

fn with_auth(config: Config, mechanisms: &[Mechanism]) -> Config {
    config.with_auth(AuthPolicy::Required(Authentication::new(mechanisms)))
}

/// Up to the reply that accepts STARTTLS.
fn at_handshake(config: &Config) -> Run {
    let mut run = Run::new(config);
    run.connect(Place::Any).server(GREETING).client(EHLO).server(OFFER).client(STARTTLS).server(b"220 go\r\n");
    run
}

/// Up to the reply to EHLO inside TLS.
fn inside(config: &Config, reply: &[u8]) -> Run {
    let mut run = at_handshake(config);
    handshake(&mut run, config.tls() == TlsPolicy::Required).input(SECURED);
    run.progress += 1;
    run.client(EHLO).server(reply);
    run
}

fn handshake(run: &mut Run, must_verify: bool) -> &mut Run {
    let timeout = Timeout::new(config().timeouts().tls(), run.progress);
    run.output(&Step::Secure(Secure::new(must_verify, timeout)))
}

fn asks<'r>(run: &'r mut Run, mechanism: Mechanism, request: AuthRequest<'_>) -> &'r mut Run {
    run.output(&Step::Authenticate(Authenticate::new(mechanism, request)))
}

fn shows_marked<'r>(run: &'r mut Run, octets: &[u8], is_sensitive: bool) -> &'r mut Run {
    let timeout = Timeout::new(config().timeouts().block(), run.progress);
    run.output(&Step::Transmit(Transmit::new(octets, timeout).with_sensitive(is_sensitive)))
}

const START: AuthRequest<'static> = AuthRequest::Start { initial: Some(372) };

/// Up to AUTH PLAIN, which is shown.
fn logs_in() -> Run {
    let config = with_auth(config().with_tls(TlsPolicy::Required), &[Mechanism::Plain, Mechanism::Login]);
    let mut run = inside(&config, AUTH);
    asks(&mut run, Mechanism::Plain, START).input(Input::AuthStart(Some(b"\0alice\0secret")));
    run.progress += 1;
    shows_marked(&mut run, b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", true);
    run.input(Input::Sent(33));
    run.progress += 1;
    run
}

#[test]
fn promise_2_a_connection_in_clear_is_asked_for_only_where_it_may_be() {
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(Input::SecureFailed).connect(Place::Same).server(GREETING).client(EHLO);
    run.server(OFFER).shows(MAIL).keeps_all();
    let mut run = at_handshake(&config().with_tls(TlsPolicy::Required));
    handshake(&mut run, true).input(UNVERIFIED).connect(Place::Same).breaks(Promise::RetryTable);
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(Input::TimedOut).connect(Place::Same).breaks(Promise::RetryTable);
    let mut run = Run::new(&opportunistic());
    run.asks_for(Place::Any).input(Input::Know(KnownHost::UNKNOWN.with_secured(true))).connect(Place::Any);
    run.server(GREETING).client(EHLO).input(Input::Lost(Disconnect::Closed));
    run.connect(Place::Same).breaks(Promise::RetryTable);
}

#[test]
fn promise_2_starttls_again_on_the_connection_in_clear_is_seen() {
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(Input::SecureFailed).connect(Place::Same).server(GREETING).client(EHLO);
    run.server(OFFER).shows(STARTTLS).breaks(Promise::WholeLines);
}

#[test]
fn promise_2_helo_at_once_is_seen() {
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(SECURED);
    run.progress += 1;
    run.client(EHLO).input(Input::Lost(Disconnect::Closed)).connect(Place::Same).server(GREETING);
    run.shows(HELO).breaks(Promise::RetryTable);
}

#[test]
fn promise_5_a_downgrade_is_seen() {
    // STARTTLS is not offered, or refused.
    for reply in [OK, OFFER] {
        let mut run = Run::new(&config().with_tls(TlsPolicy::Required));
        run.connect(Place::Any).server(GREETING).client(EHLO).server(reply);
        if reply == OFFER {
            run.client(STARTTLS).server(b"454 no\r\n");
        }
        run.shows(MAIL).breaks(Promise::NothingInClear);
    }
    // Once a handshake has completed, no later connection is in clear.
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(SECURED);
    run.progress += 1;
    run.client(EHLO).input(Input::Lost(Disconnect::Closed)).connect(Place::Same).server(GREETING).client(EHLO);
    run.server(OK).shows(MAIL).breaks(Promise::NothingInClear);
    // A certificate need not be verified.
    handshake(&mut at_handshake(&config().with_tls(TlsPolicy::Required)), false).breaks(Promise::NothingInClear);
}

#[test]
fn promise_5_credentials_in_clear_are_seen() {
    let auth = with_auth(opportunistic(), &[Mechanism::Plain]);
    let mut run = Run::new(&auth);
    run.connect(Place::Any).server(GREETING).client(EHLO).server(AUTH);
    asks(&mut run, Mechanism::Plain, START).breaks(Promise::NothingInClear);
    let mut run = at_handshake(&auth);
    handshake(&mut run, false).input(UNVERIFIED);
    run.progress += 1;
    run.client(EHLO).server(AUTH);
    asks(&mut run, Mechanism::Plain, START).breaks(Promise::NothingInClear);
    let mut run = Run::new(&auth);
    run.connect(Place::Any).server(GREETING).client(EHLO).server(AUTH);
    shows_marked(&mut run, b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", true).breaks(Promise::NothingInClear);
}

#[test]
fn promise_6_octets_and_offers_from_before_tls_are_seen() {
    // Injected octets: the handshake must not follow.
    let mut run = at_handshake(&opportunistic());
    run.server(b"250 injected\r\n");
    handshake(&mut run, false).breaks(Promise::NothingFromBeforeTls);
    let mut run = at_handshake(&opportunistic());
    run.server(b"250 injected\r\n").connect(Place::Same).breaks(Promise::NothingFromBeforeTls);
    // EHLO is not said again.
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false).input(SECURED);
    run.progress += 1;
    run.shows(MAIL).breaks(Promise::NothingFromBeforeTls);
    // PIPELINING was offered in clear only.
    inside(&opportunistic(), OK).shows(&[MAIL, RCPT].concat()).breaks(Promise::NothingFromBeforeTls);
}

#[test]
fn promise_2_the_wrong_mechanism_after_a_refusal_is_seen() {
    let scram = with_auth(config().with_tls(TlsPolicy::Required), &[Mechanism::ScramSha256, Mechanism::Plain]);
    let mut run = inside(&scram, AUTH);
    asks(&mut run, Mechanism::ScramSha256, AuthRequest::Start { initial: Some(366) }).input(Input::AuthStart(None));
    run.progress += 1;
    shows_marked(&mut run, b"AUTH SCRAM-SHA-256\r\n", true).input(Input::Sent(20)).keeps_all();
    run.server(b"535 no\r\n");
    asks(&mut run, Mechanism::Plain, START).breaks(Promise::RetryTable);
    // Not in the caller's order.
    asks(&mut inside(&scram, AUTH), Mechanism::Plain, START).breaks(Promise::RetryTable);
    // Temporary refusals end it.
    let mut run = logs_in();
    run.server(b"454 later\r\n");
    asks(&mut run, Mechanism::Login, START).breaks(Promise::RetryTable);
    // The message is sent although success was not confirmed.
    logs_in().server(b"235 in\r\n").shows(MAIL).breaks(Promise::WholeLines);
}

#[test]
fn promise_9_a_line_that_is_too_long_or_altered_is_seen() {
    let config = with_auth(config().with_tls(TlsPolicy::Required), &[Mechanism::Plain]);
    let room = AuthRequest::Start { initial: Some(375) };
    asks(&mut inside(&config, AUTH), Mechanism::Plain, room).breaks(Promise::WholeLines);
    let mut run = inside(&config, AUTH);
    asks(&mut run, Mechanism::Plain, START).input(Input::AuthStart(Some(b"")));
    run.progress += 1;
    shows_marked(&mut run, b"AUTH PLAIN \r\n", true).breaks(Promise::WholeLines);
}

#[test]
fn promise_10_secrets_in_outputs_are_seen() {
    let mut run = logs_in();
    run.oracle.hide(b"secret");
    for (text, is_shown) in
        [("the secret", true), ("c2VjcmV0", true), ("AGFsaWNlAHNlY3JldA==", true), ("secre", false), ("***", false)]
    {
        assert_eq!(run.oracle.check_shown("a text", text.as_bytes()).is_err(), is_shown, "{text}");
    }
    // A response that is not marked, and a command that is.
    let config = with_auth(config().with_tls(TlsPolicy::Required), &[Mechanism::Plain]);
    let mut run = inside(&config, AUTH);
    asks(&mut run, Mechanism::Plain, START).input(Input::AuthStart(Some(b"\0alice\0secret")));
    run.progress += 1;
    run.shows(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n").breaks(Promise::NoSecrets);
    let mut run = Run::usual();
    shows_marked(&mut run, EHLO, true).breaks(Promise::NoSecrets);
}

#[test]
fn promise_1_misuse_is_known() {
    let mut run = at_handshake(&opportunistic());
    handshake(&mut run, false);
    for (input, misuse) in [
        (SECURED, None),
        (Input::SecureFailed, None),
        (Input::AuthComplete, Some(MisuseError::NotAuthenticating)),
        (Input::Know(KnownHost::UNKNOWN), Some(MisuseError::AlreadyConnected)),
    ] {
        assert_eq!(run.oracle.misuse(&input), misuse, "{input:?}");
    }
    let config = with_auth(config().with_tls(TlsPolicy::Required), &[Mechanism::Plain]);
    let mut run = inside(&config, AUTH);
    asks(&mut run, Mechanism::Plain, START).keeps_all();
    for (input, misuse) in [
        (Input::AuthStart(Some(&[0; 372])), None),
        (Input::AuthStart(Some(&[0; 373])), Some(MisuseError::InitialResponseTooLong)),
        (Input::AuthResponse(b""), Some(MisuseError::NotAuthenticating)),
        (Input::AuthComplete, Some(MisuseError::NotAuthenticating)),
        (Input::AuthAbandon, None),
        (SECURED, Some(MisuseError::NotSecuring)),
    ] {
        assert_eq!(run.oracle.misuse(&input), misuse, "{input:?}");
    }
}
