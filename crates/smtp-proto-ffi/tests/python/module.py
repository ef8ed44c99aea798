"""The parts of the module that the example does not use."""

import json

from smtp_proto import NOTIFY_DELAY, NOTIFY_FAILURE, Config, Delivery, Envelope, KnownHost, SmtpError, mechanism_name
from smtp_proto import Body, Cause, EnvelopeOption, Hello, Mechanism, Need, Option, RecipientStatus, Return
from smtp_proto import Security, Status, StepKind, Tls, TlsVersion


def refused(call, *arguments):
    try:
        call(*arguments)
    except SmtpError as error:
        return error.status, str(error)
    raise AssertionError("the call was accepted")


config = Config("client.example")
config.set(Option.SMTP_OPTION_TLS, Tls.SMTP_TLS_OPPORTUNISTIC)
assert config.get(Option.SMTP_OPTION_TLS) == Tls.SMTP_TLS_OPPORTUNISTIC
assert refused(config.set, Option.SMTP_OPTION_TLS, 77) == (
    Status.SMTP_INVALID_ARGUMENT,
    "there is no such option or value",
)
assert refused(Config, "not a name")[0] == Status.SMTP_INVALID_ARGUMENT
envelope = Envelope("", "bob@example.net", "j\u00fcrgen@example.net")
envelope.set(EnvelopeOption.SMTP_ENVELOPE_SIZE, 3)
assert refused(envelope.add_recipient, "nobody") == (
    Status.SMTP_INVALID_ARGUMENT,
    "it has no @ with a domain after it",
)

delivery = Delivery(config, envelope)
assert delivery.poll().kind == StepKind.SMTP_STEP_CONNECT
assert refused(delivery.sent, 1) == (Status.SMTP_MISUSE, "there is no connection")
delivery.connected()
delivery.received(b"421 4.3.2 sh\xfctting down\r\n")
assert delivery.poll().kind == StepKind.SMTP_STEP_DONE
found = delivery.recipient(1)
assert (found.address, found.status) == ("j\u00fcrgen@example.net", RecipientStatus.SMTP_DEFERRED)
assert (found.reply, found.code, found.enhanced) == (b"421 4.3.2 sh\xfctting down\r\n", 421, (4, 3, 2))
assert found.reason == "421 4.3.2 sh\\xfctting down", found.reason
assert refused(delivery.recipient, 2)[0] == Status.SMTP_NO_SUCH_ITEM
report = json.loads(delivery.report_json())
assert report["outcome"] == "deferred" and len(report["recipients"]) == 2
assert delivery.report().attempts == 1

delivery = Delivery(config, envelope)
delivery.know(KnownHost(secured=1))
delivery.connected()
delivery.received(b"220 mx\r\n")
delivery.sent(len(delivery.poll().octets))
delivery.received(b"250 mx\r\n")
# Nothing is sent in clear to a server that is known to have TLS.
assert delivery.poll().octets == b"QUIT\r\n", delivery.poll().octets


def converse(delivery, *lines):
    """Gives a delivery these lines of the server, and returns what it sends before each, and after the last."""
    sent = []
    for line in [*lines, None]:
        octets = b""
        while (step := delivery.poll()).kind == StepKind.SMTP_STEP_TRANSMIT:
            octets += step.octets
            delivery.sent(len(step.octets))
        sent.append(octets)
        if line is not None:
            delivery.received(line)
    return sent


# STARTTLS, and AUTH in several steps and in one.
config = Config("client.example")
config.set(Option.SMTP_OPTION_TLS, Tls.SMTP_TLS_REQUIRED)
config.add_mechanism(Mechanism.SMTP_MECHANISM_LOGIN)
config.add_mechanism(Mechanism.SMTP_MECHANISM_PLAIN)
for offered, initial, challenges in [
    (b"PLAIN", b"\0alice\0secret", []),
    (b"LOGIN", None, [(b"VXNlcm5hbWU6", b"Username:", b"alice"), (b"UGFzc3dvcmQ6", b"Password:", b"secret")]),
]:
    delivery = Delivery(config, Envelope("alice@example.com", "bob@example.net"))
    delivery.hide(b"secret")
    delivery.connected()
    sent = converse(delivery, b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n")
    assert sent[1:3] == [b"EHLO client.example\r\n", b"STARTTLS\r\n"], sent
    step = delivery.poll()
    assert (step.kind, step.must_verify) == (StepKind.SMTP_STEP_SECURE, True)
    delivery.secured(TlsVersion.SMTP_TLS_1_3, can_bind=True)
    converse(delivery, b"250-mx\r\n250 AUTH " + offered + b"\r\n")
    step = delivery.poll()
    assert (step.kind, mechanism_name(step.mechanism).encode()) == (StepKind.SMTP_STEP_AUTH_START, offered)
    delivery.auth_start(initial)
    for encoded, challenge, response in challenges:
        converse(delivery, b"334 " + encoded + b"\r\n")
        assert delivery.poll().octets == challenge
        delivery.auth_response(response)
    assert delivery.poll().is_sensitive
    converse(delivery, b"235 welcome, secret\r\n")
    assert delivery.poll().kind == StepKind.SMTP_STEP_AUTH_SUCCESS
    delivery.auth_complete()
    assert converse(delivery) == [b"MAIL FROM:<alice@example.com>\r\n"]
    attempt = delivery.attempt(0)
    assert (attempt.hello, attempt.security) == (Hello.SMTP_HELLO_EHLO, Security.SMTP_SECURITY_VERIFIED)
    assert mechanism_name(attempt.mechanism).encode() == offered and not attempt.is_reused
    assert attempt.greeting == b"220 mx\r\n" and "secret" not in delivery.report_json()

delivery = Delivery(config, Envelope("", "bob@example.net"))
delivery.connected()
converse(delivery, b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n")
delivery.secured(TlsVersion.SMTP_TLS_1_2, unverified="it has expired")
found = delivery.recipient(0)
assert found.status == RecipientStatus.SMTP_DEFERRED and found.cause == Cause.SMTP_CAUSE_CONNECTIONS, found.cause
assert found.reason == "the TLS handshake failed: it has expired", found.reason
assert "it has expired" in delivery.attempt(0).text, delivery.attempt(0).text

# Parameters of MAIL and RCPT.
envelope = Envelope("alice@example.com", "bob@example.net")
envelope.set(EnvelopeOption.SMTP_ENVELOPE_SIZE, 812)
envelope.set(EnvelopeOption.SMTP_ENVELOPE_BODY, Body.SMTP_BODY_8BIT)
envelope.set(EnvelopeOption.SMTP_ENVELOPE_NEED, Need.SMTP_NEED_SMTPUTF8)
envelope.set(EnvelopeOption.SMTP_ENVELOPE_RETURN, Return.SMTP_RETURN_HEADERS)
envelope.set_id("QQ314159")
envelope.set_submitter("carol@example.org")
envelope.set_deliver_by(120, must_return=True)
envelope.add_parameter("XEXT", "XKEY", "value")
envelope.add_parameter("XEXT", "XFLAG")
envelope.set_notify(0, NOTIFY_FAILURE | NOTIFY_DELAY)
envelope.set_original_recipient(0, "rfc822", "bob+x@example.net")
envelope.add_recipient_parameter(0, "XEXT", "XRCPT", "1")
delivery = Delivery(Config("client.example"), envelope)
delivery.connected(bytes([192, 0, 2, 1]))
offers = [b"mx", b"SIZE", b"8BITMIME", b"SMTPUTF8", b"DSN", b"AUTH PLAIN", b"DELIVERBY", b"XEXT", b"PIPELINING"]
sent = converse(delivery, b"220 mx\r\n", b"".join(b"250-%s\r\n" % offer for offer in offers) + b"250 HELP\r\n")
mail, rcpt = sent[2].split(b"\r\n")[:2]
expected = b"SIZE=812 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159 AUTH=carol@example.org BY=120;R XKEY=value XFLAG"
assert sorted(mail.split(b" ")[1:]) == sorted([b"FROM:<alice@example.com>", *expected.split(b" ")]), mail
expected = b"RCPT TO:<bob@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob+2Bx@example.net XRCPT=1"
assert sorted(rcpt.split(b" ")) == sorted(expected.split(b" ")), rcpt

# Without a message.
delivery = Delivery(Config("client.example"))
delivery.connected()
assert converse(delivery, b"220 mx\r\n", b"250 mx\r\n", b"221 bye\r\n")[2] == b"QUIT\r\n"
assert delivery.poll().kind == StepKind.SMTP_STEP_DONE and delivery.report().recipients == 0
assert (delivery.attempt(0).hello_reply, delivery.attempt(0).end) == (b"250 mx\r\n", "quit")
