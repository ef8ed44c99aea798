"""The rows of the table: what is tried with each server."""

from client import wrong_secret_for
from lab import HOST, TOKENS

PROBED, DELIVERED, NOT_SENT = "probed", "delivered", "not sent"
# In the order of the table.
FEATURES = []
# The order in which the program tries mechanisms. Tokens are used only if they are asked for.
STRONGEST_FIRST = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]
REQUIRED, IMPLICIT, OPPORTUNISTIC = (("--tls", policy) for policy in ("required", "implicit", "opportunistic"))


class Feature:
    """A row. It needs a port of this kind, a mechanism if one is given, and no port of the kind `without`."""

    def __init__(self, check, section, name, kind, mechanism=None, without=None):
        self.check, self.section, self.name = check, section, name
        self.kind, self.mechanism, self.without = kind, mechanism, without

    def applies(self, server):
        """Whether a server has what this needs."""
        has_mechanism = self.mechanism is None or self.mechanism in server.mechanisms
        return self.kind in server.ports and self.without not in server.ports and has_mechanism


def feature(*arguments, **more):
    def add(check):
        FEATURES.append(Feature(check, *arguments, **more))
        return check

    return add


def probed(client, kind, policy, *, mechanisms):
    run, found = client.probe(kind, *policy)
    offered = {offer["keyword"]: offer["parameters"].split() for offer in found["offers"]}
    if set(offered.get("AUTH", [])) != set(mechanisms):
        run.fail(f"AUTH should be offered with {mechanisms}")
    used = found["tls"]
    if not used["verified"] or used["fingerprint"].lower() != client.certificates.fingerprint.lower():
        run.fail("the certificate should be verified and its own")
    if (kind == "auth") != any(offer["keyword"] == "STARTTLS" for offer in found["offers_in_clear"]):
        run.fail("STARTTLS should be offered in clear unless TLS is implicit")


@feature(PROBED, "STARTTLS", "auth")
def probe(client, subject):
    probed(client, "auth", REQUIRED, mechanisms=client.server.mechanisms)


@feature(PROBED, "implicit TLS", "auth-implicit")
def probe_implicit(client, subject):
    probed(client, "auth-implicit", IMPLICIT, mechanisms=client.server.mechanisms)


@feature(DELIVERED, "in clear", "clear")
def in_clear(client, subject):
    run = client.send("clear", "--tls", "none", subject=subject)
    client.delivered(run)


@feature(DELIVERED, "in clear, TLS is opportunistic and not offered", "clear")
def opportunistic_without(client, subject):
    run = client.send("clear", *OPPORTUNISTIC, subject=subject)
    client.delivered(run)


@feature(DELIVERED, "STARTTLS, opportunistic", "starttls")
def opportunistic(client, subject):
    run = client.send("starttls", *OPPORTUNISTIC, subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "STARTTLS, opportunistic, from an unknown CA", "starttls")
def opportunistic_unverified(client, subject):
    run = client.send("starttls", *OPPORTUNISTIC, ca="other", subject=subject)
    client.delivered(run, tls="unverified")


@feature(DELIVERED, "STARTTLS, required", "starttls")
def required(client, subject):
    run = client.send("starttls", *REQUIRED, subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "STARTTLS, TLS 1.2", "tls12")
def tls12(client, subject):
    run = client.send("tls12", *REQUIRED, subject=subject)
    client.delivered(run, tls="verified", version="TLSv1.2")


@feature(DELIVERED, "STARTTLS, opportunistic, expired certificate", "expired")
def opportunistic_expired(client, subject):
    run = client.send("expired", *OPPORTUNISTIC, subject=subject)
    client.delivered(run, tls="unverified")


@feature(DELIVERED, "STARTTLS, pinned certificate", "starttls")
def pinned(client, subject):
    pin = ("--tls-fingerprint", client.certificates.fingerprint)
    run = client.send("starttls", *REQUIRED, *pin, ca=None, name=None, subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "implicit TLS", "implicit")
def implicit(client, subject):
    run = client.send("implicit", *IMPLICIT, subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "three messages over one connection in TLS", "starttls")
def kept(client, subject):
    run = client.send("starttls", *REQUIRED, count=3, record=True, subject=subject)
    client.delivered(run, tls="verified")
    if len(run.wire) != 1:
        run.fail(f"{len(run.wire)} connections were opened")


@feature(DELIVERED, "three messages over three connections in TLS", "starttls")
def resumed(client, subject):
    run = client.send("starttls", *REQUIRED, "--per-connection", "1", count=3, record=True, subject=subject)
    client.delivered(run, tls="verified")
    if len(run.wire) != 3:
        run.fail(f"{len(run.wire)} connections were opened")


@feature(DELIVERED, "4 MiB in TLS", "starttls")
def large(client, subject):
    lines = "\r\n".join(f".{number:077}" for number in range(4 * 2**20 // 80))
    run = client.send("starttls", *REQUIRED, text=lines, subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "50 MB", "large")
def huge(client, subject):
    lines = "\r\n".join(f".{number:077}" for number in range(50 * 10**6 // 80))
    run = client.send("large", "--tls", "none", text=lines, subject=subject)
    client.delivered(run)


@feature(DELIVERED, "CHUNKING, one flight and several chunks", "chunking")
def chunking(client, subject):
    run = client.send("chunking", "--tls", "none", subject=subject)
    client.delivered(run)
    if len(run.commands("BDAT")) != 1 or not run.commands("BDAT")[0].endswith(" LAST") or run.commands("DATA"):
        run.fail("one chunk should be sent")
    lines = "\r\n".join(f".{number:077}" for number in range(2**20 // 80))
    run = client.send("chunking", "--tls", "none", text=lines, subject=subject, record=True)
    client.delivered(run)
    # The trace leaves out most of the content, and the commands in it.
    if run.wire[0].count(b"BDAT ") < 10 or run.commands("DATA"):
        run.fail("several chunks should be sent")


@feature(DELIVERED, "CHUNKING is offered and not used", "chunking")
def chunking_never(client, subject):
    run = client.send("chunking", "--tls", "none", "--chunking", "never", subject=subject)
    client.delivered(run)
    if run.commands("BDAT") or not run.commands("DATA"):
        run.fail("the content should be sent with DATA")


def to_many(count):
    @feature(DELIVERED, f"{count:,} recipients", "many")
    def many(client, subject):
        run = client.send("many", "--tls", "none", subject=subject, to=[f"b{n}@{HOST}" for n in range(count)])
        client.delivered(run)
        if sum(len(report["recipients"]) for report in run.reports) != count:
            run.fail("not every recipient is reported")


to_many(100)
to_many(1000)


@feature(DELIVERED, "five recipients, where a transaction takes three", "three-recipients")
def divided(client, subject):
    to = [f"b{n}@{HOST}" for n in range(5)]
    run = client.send("three-recipients", "--tls", "none", subject=subject, record=True, to=to)
    client.delivered(run)
    for message in run.messages:
        message.transactions = 2
    if len(run.commands("MAIL")) != 2 or len(run.wire) != 1:
        run.fail("two transactions on one connection should be used")
    if [recipient["address"] for recipient in run.reports[0]["recipients"]] != to:
        run.fail("every recipient should be reported, in order")


@feature(DELIVERED, "DSN", "dsn")
def dsn(client, subject):
    asked = ("--dsn-notify", "failure,delay", "--dsn-ret", "hdrs", "--envid", "a+b=c")
    run = client.send("dsn", "--tls", "none", *asked, subject=subject)
    client.delivered(run)
    for verb, words in [("MAIL", ("RET=HDRS", "ENVID=a+2Bb+3Dc")), ("RCPT", ("NOTIFY=FAILURE,DELAY",))]:
        if not all(word in command.split() for command in run.commands(verb) for word in words):
            run.fail(f"{' '.join(words)} should be sent")


@feature(DELIVERED, "a recipient that needs SMTPUTF8", "smtputf8")
def utf8(client, subject):
    run = client.send("smtputf8", "--tls", "none", subject=subject, to=[f"grüße@{HOST}"])
    client.delivered(run)
    if not all(command.endswith(" SMTPUTF8") for command in run.commands("MAIL")):
        run.fail("SMTPUTF8 was not sent")


@feature(DELIVERED, "five messages over connections that take three", "three-messages")
def session_limit(client, subject):
    run = client.send("three-messages", "--tls", "none", count=5, record=True, subject=subject)
    client.delivered(run)
    if len(run.wire) != 2:
        run.fail(f"{len(run.wire)} connections were opened")


@feature(DELIVERED, "8-bit content in TLS", "starttls")
def eight_bit(client, subject):
    run = client.send("starttls", *REQUIRED, text="Grüße, 世界", subject=subject)
    client.delivered(run, tls="verified")


@feature(DELIVERED, "LMTP", "lmtp")
def lmtp(client, subject):
    run = client.send("lmtp", "--lmtp", "--tls", "none", subject=subject)
    client.delivered(run, greeting="lhlo")


@feature(DELIVERED, "LMTP over a Unix socket", "lmtp-unix")
def lmtp_unix(client, subject):
    run = client.send("lmtp-unix", "--lmtp", "--tls", "none", subject=subject)
    client.delivered(run, greeting="lhlo")


@feature(DELIVERED, "LMTP, three messages over one connection", "lmtp")
def lmtp_kept(client, subject):
    run = client.send("lmtp", "--lmtp", "--tls", "none", count=3, record=True, subject=subject)
    client.delivered(run, greeting="lhlo")
    if len(run.wire) != 1:
        run.fail(f"{len(run.wire)} connections were opened")


@feature(DELIVERED, "REQUIRETLS", "requiretls")
def require_tls(client, subject):
    run = client.send("requiretls", *REQUIRED, "--requiretls", subject=subject)
    client.delivered(run, tls="verified")
    if not all(command.endswith(" REQUIRETLS") for command in run.commands("MAIL")):
        run.fail("REQUIRETLS was not sent")


@feature(DELIVERED, "AUTH by the strongest mechanism", "auth")
def strongest(client, subject):
    run = client.send("auth", auth="", subject=subject)
    offered = client.server.mechanisms
    client.delivered(run, tls="verified", auth=next(name for name in STRONGEST_FIRST if name in offered))


def by(mechanism):
    @feature(DELIVERED, f"AUTH {mechanism}", "auth", mechanism)
    def authenticated(client, subject):
        run = client.send("auth", auth=mechanism, subject=subject)
        client.delivered(run, tls="verified", auth=mechanism)


for name in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", *TOKENS):
    by(name)


@feature(DELIVERED, "AUTH EXTERNAL, with a client certificate", "auth-certificate")
def authenticated_external(client, subject):
    run = client.send("auth", auth="EXTERNAL", subject=subject)
    client.delivered(run, tls="verified", auth="EXTERNAL")


@feature(DELIVERED, "AUTH PLAIN in implicit TLS", "auth-implicit", "PLAIN")
def authenticated_implicit(client, subject):
    run = client.send("auth-implicit", *IMPLICIT, auth="PLAIN", subject=subject)
    client.delivered(run, tls="verified", auth="PLAIN")


@feature(DELIVERED, "three messages over one connection with AUTH", "auth", "PLAIN")
def authenticated_kept(client, subject):
    run = client.send("auth", auth="PLAIN", count=3, record=True, subject=subject)
    client.delivered(run, tls="verified", auth="PLAIN")
    if len(run.wire) != 1 or len(run.credentials) != 1:
        run.fail(f"{len(run.wire)} connections were opened, and credentials sent {len(run.credentials)} times")


@feature(DELIVERED, "AUTH PLAIN in clear, allowed explicitly", "auth-clear", "PLAIN")
def authenticated_in_clear(client, subject):
    run = client.send("auth-clear", "--tls", "none", "--allow-plaintext-auth", auth="PLAIN", subject=subject)
    client.delivered(run, auth="PLAIN")


@feature(DELIVERED, "with HELO, after a hang-up on EHLO", "hangs-up")
def hang_up(client, subject):
    run = client.send("hangs-up", record=True, subject=subject)
    client.delivered(run, greeting="helo")
    if len(run.wire) != 2:
        run.fail(f"{len(run.wire)} connections were opened")


def not_sent(kind, subject, client, *options, auth=None, **trust):
    run = client.send(kind, *options, auth=auth, record=True, subject=subject, **trust)
    client.not_delivered(run, 75)
    client.nothing_sent(run)
    return run


@feature(NOT_SENT, "STARTTLS, wrong CA", "starttls")
def wrong_ca(client, subject):
    not_sent("starttls", subject, client, *REQUIRED, ca="other")


@feature(NOT_SENT, "STARTTLS, wrong name", "starttls")
def wrong_name(client, subject):
    not_sent("starttls", subject, client, *REQUIRED, name="mx2.test")
    # The address is the name unless another one is given.
    not_sent("starttls", subject, client, *REQUIRED, name=None)


@feature(NOT_SENT, "STARTTLS, wrong CA, TLS 1.2", "tls12")
def wrong_ca_tls12(client, subject):
    not_sent("tls12", subject, client, *REQUIRED, ca="other")


@feature(NOT_SENT, "STARTTLS, expired certificate", "expired")
def expired(client, subject):
    not_sent("expired", subject, client, *REQUIRED)


@feature(NOT_SENT, "STARTTLS, wrong fingerprint", "starttls")
def wrong_pin(client, subject):
    pin = ("--tls-fingerprint", "00:" * 31 + "00")
    not_sent("starttls", subject, client, *REQUIRED, *pin, ca=None)


@feature(NOT_SENT, "REQUIRETLS is not offered", "starttls", without="requiretls")
def require_tls_not_offered(client, subject):
    run = client.send("starttls", *REQUIRED, "--requiretls", record=True, subject=subject)
    client.not_delivered(run, 65, "failed")
    if run.commands("MAIL"):
        run.fail("MAIL was sent")


@feature(NOT_SENT, "implicit TLS, wrong CA", "implicit")
def wrong_ca_implicit(client, subject):
    not_sent("implicit", subject, client, *IMPLICIT, ca="other")


@feature(NOT_SENT, "implicit TLS, wrong name", "implicit")
def wrong_name_implicit(client, subject):
    not_sent("implicit", subject, client, *IMPLICIT, name="mx2.test")


@feature(NOT_SENT, "TLS is required and not offered", "clear")
def not_offered(client, subject):
    not_sent("clear", subject, client, *REQUIRED)


@feature(NOT_SENT, "implicit TLS, the server speaks in clear", "clear")
def implicit_in_clear(client, subject):
    not_sent("clear", subject, client, *IMPLICIT, timeout="2")


@feature(NOT_SENT, "AUTH, wrong CA", "auth")
def auth_wrong_ca(client, subject):
    not_sent("auth", subject, client, auth="", ca="other")


@feature(NOT_SENT, "AUTH, wrong name", "auth")
def auth_wrong_name(client, subject):
    not_sent("auth", subject, client, auth="", name="mx2.test")


@feature(NOT_SENT, "AUTH, TLS is not offered", "clear")
def auth_without_tls(client, subject):
    not_sent("clear", subject, client, auth="")


@feature(NOT_SENT, "AUTH is offered, but not TLS", "auth-clear")
def auth_in_clear(client, subject):
    not_sent("auth-clear", subject, client, auth="")


@feature(NOT_SENT, "hang-up on EHLO, TLS is required", "hangs-up")
def hang_up_required(client, subject):
    run = not_sent("hangs-up", subject, client, *REQUIRED)
    if run.commands("HELO"):
        run.fail("HELO was sent")


@feature(NOT_SENT, "hang-up on EHLO and HELO", "hangs-up-twice")
def hang_up_twice(client, subject):
    run = not_sent("hangs-up-twice", subject, client)
    if len(run.wire) != 2:
        run.fail(f"{len(run.wire)} connections were opened")


def refused(mechanism):
    @feature(NOT_SENT, f"AUTH {mechanism}, wrong {'token' if mechanism in TOKENS else 'password'}", "auth", mechanism)
    def check(client, subject):
        secret = wrong_secret_for(mechanism)
        run = client.send("auth", auth=mechanism, secret=secret, count=2, record=True, subject=subject)
        client.not_delivered(run, 77)
        if run.commands("MAIL"):
            run.fail("MAIL was sent")
        # One login for all messages, so that no account is locked.
        refusals = [line for line in run.stderr.splitlines() if line.startswith("S: 535")]
        if len(run.wire) != 1 or len(refusals) != 1:
            run.fail(f"{len(run.wire)} connections were opened, and {len(refusals)} logins were refused")
        for report in run.reports:
            if not all("535" in recipient["reason"] for recipient in report["recipients"]):
                run.fail("the reply to AUTH is not the reason")


for name in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", *TOKENS):
    refused(name)
