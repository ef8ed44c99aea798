"""The parts of the module that the example does not use."""

import json

from smtp_enums import EnvelopeOption, Option, RecipientStatus, Status, StepKind, Tls
from smtp_proto import Config, Delivery, Envelope, KnownHost, SmtpError


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
delivery.sent(delivery.poll().data_len)
delivery.received(b"250 mx\r\n")
# Nothing is sent in clear to a server that is known to have TLS.
assert delivery.poll().octets == b"QUIT\r\n", delivery.poll().octets
