"""Runs smtp-forward against one server, and checks what it reports, what it sends and what arrives."""

import base64
import contextlib
import dataclasses
import json
import os
import re
import selectors
import socket
import subprocess

from accepting import Accepting
from lab import HOST, PASSWORD, RECIPIENT, SENDER, USER, WRONG_PASSWORD, Failed, secret_for

CONTENT = """\
From: <{sender}>\r
To: <{recipient}>\r
Date: Thu, 26 Nov 2026 12:00:00 +0000\r
Subject: {subject}\r
Message-ID: {id}\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=UTF-8\r
Content-Transfer-Encoding: {encoding}\r
\r
.\r
..two dots, and a dot at the end of a line.\r
From a line that mailbox files escape\r
\r
  {text}  \r
.\r
last line of {id}\r
"""
# As long as SMTP allows: 998 octets without the line end.
LONG_LINE = "x" * 994
TYPE_HANDSHAKE, TYPE_DATA = 22, 23


@dataclasses.dataclass
class Message:
    id: str
    octets: bytes
    # How often it must arrive, and by which protocol (ESMTPSA: extended, secured, authenticated). A server may store
    # a message with many recipients once for each transaction, or once for each recipient.
    expected: int = 0
    recipients: int = 1
    transactions: int = 1
    protocol: str = ""


@dataclasses.dataclass
class Run:
    """One run of the program."""

    command: str
    status: int
    stdout: str
    stderr: str
    messages: list
    # What the client sent on each connection, if that was recorded.
    wire: list

    @property
    def reports(self):
        lines = [line for line in self.stdout.splitlines() if line.startswith("{")]
        reports = [json.loads(line) for line in lines]
        return [report for report in reports if "recipients" in report]

    def commands(self, verb):
        return [line for line in self.stderr.splitlines() if line.startswith(f"C: {verb}")]

    @property
    def credentials(self):
        """The lines of the trace that stand for credentials, which it does not show."""
        return [line for line in self.commands("") if "to authenticate are not shown" in line]

    def fail(self, why):
        shown = [why, self.command, self.stdout.strip(), self.stderr.strip(), f"exit status {self.status}"]
        raise Failed("\n".join(filter(None, shown)))


class Client:
    """Sends messages to one server, and remembers which of them must arrive."""

    def __init__(self, program, server, certificates, directory):
        self.program = program
        self.server = server
        self.certificates = certificates
        self.directory = directory
        self.messages = []

    def message(self, subject, text):
        number = len(self.messages) + 1
        identity = f"<{number}.{self.server.name}.{os.getpid()}@client.example>"
        text = CONTENT.format(
            sender=SENDER,
            recipient=RECIPIENT,
            subject=subject,
            id=identity,
            encoding="7bit" if text.isascii() else "8bit",
            text=text,
        )
        message = Message(identity, text.encode())
        self.messages.append(message)
        path = self.directory / f"{number}.eml"
        path.write_bytes(message.octets)
        return message, path

    def send(
        self,
        kind,
        *options,
        subject,
        ca="ca",
        name=HOST,
        auth=None,
        secret=None,
        count=1,
        record=False,
        text=LONG_LINE,
        to=(RECIPIENT,),
        timeout="20",
    ):
        """Sends new messages to one of the server's ports. `auth` is a mechanism, or "" for the program's own order."""
        made = [self.message(subject, text) for _ in range(count)]
        for message, _ in made:
            message.recipients = len(to)
        port = self.server.ports[kind]
        trust = {"ca": self.certificates.ca, "other": self.certificates.other_ca, None: None}[ca]
        arguments = ["--from", SENDER, "--helo-name", "client.example", "--timeout", timeout]
        arguments += [word for address in to for word in ("--to", address)]
        arguments += ["--json", "--trace", *options]
        if trust:
            arguments += ["--ca-file", trust]
        if name:
            arguments += ["--tls-name", name]
        # EXTERNAL proves who the client is with its certificate.
        external = auth == "EXTERNAL"
        if external:
            arguments += ["--client-cert", self.certificates.client, "--client-key", self.certificates.client_key]
        environment = {key: value for key, value in os.environ.items() if key != "SMTP_FORWARD_PASSWORD"}
        secret = secret or secret_for(auth)
        if auth is not None:
            if not external:
                environment["SMTP_FORWARD_PASSWORD"] = secret
                arguments += ["--auth-user", USER]
            arguments += ["--auth", auth] if auth else []
        with Recorder(port) if record else contextlib.nullcontext() as recorder:
            port = recorder.port if record else port
            server = f"127.0.0.1:{port}" if isinstance(port, int) else port
            command = [self.program, "send", "--server", server, *arguments, *(path for _, path in made)]
            command = [str(word) for word in command]
            try:
                done = subprocess.run(
                    command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
                )
            except subprocess.TimeoutExpired:
                raise Failed(f"the program did not end within 60 s\n{' '.join(command)}") from None
        run = Run(
            " ".join(command),
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
            [message for message, _ in made],
            [bytes(octets) for octets in recorder.wire] if record else [],
        )
        if auth is not None:
            for shown in secrets(secret):
                if shown in run.stdout or shown in run.stderr:
                    run.fail("a secret is shown")
        return run

    def probe(self, kind, *options):
        """Runs `probe` on one of the server's ports, and returns what it found."""
        server = f"127.0.0.1:{self.server.ports[kind]}"
        trust = ["--ca-file", self.certificates.ca, "--tls-name", HOST]
        command = [self.program, "probe", "--server", server, "--timeout", "20", "--json", *trust, *options]
        command = [str(word) for word in command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        run = Run(" ".join(command), done.returncode, done.stdout, done.stderr, [], [])
        if run.status != 0:
            run.fail("not probed")
        return run, json.loads(run.stdout)

    def delivered(self, run, tls=None, auth=None, greeting="ehlo", version=None):
        """Checks that all messages of a run were delivered in this way. `tls` is None, "verified" or "unverified"."""
        if run.status != 0:
            run.fail("not delivered")
        for message in run.messages:
            message.expected = 1
            secured, authenticated = "S" if tls else "", "A" if auth else ""
            extended = f"ESMTP{secured}{authenticated}"
            message.protocol = {"ehlo": extended, "helo": "SMTP", "lhlo": "LMTP"}[greeting]
        reports = run.reports
        if len(reports) != len(run.messages):
            run.fail(f"{len(reports)} reports on {len(run.messages)} messages")
        for report in reports:
            if report["outcome"] != "delivered":
                run.fail(f"the outcome is {report['outcome']}")
            attempt = report["attempts"][-1]
            used = attempt["tls"] and ("verified" if attempt["tls"]["verified"] else "unverified")
            if used != tls:
                run.fail(f"TLS is reported as {used}, and should be {tls}")
            if version and attempt["tls"]["version"] != version:
                run.fail(f"the version of TLS is reported as {attempt['tls']['version']}")
            if attempt["auth"] != auth:
                run.fail(f"AUTH is reported as {attempt['auth']}, and should be {auth}")
            if attempt["greeting"] != greeting:
                run.fail(f"the greeting is reported as {attempt['greeting']}, and should be {greeting}")

    def not_delivered(self, run, status, how="deferred"):
        """Checks that the recipients of a run are deferred, or failed, with this exit status."""
        if run.status != status:
            run.fail(f"the exit status is {run.status}, and should be {status}")
        reports = run.reports
        if len(reports) != len(run.messages):
            run.fail(f"{len(reports)} reports on {len(run.messages)} messages")
        for report in reports:
            if {recipient["status"] for recipient in report["recipients"]} != {how}:
                run.fail(f"a recipient is not {how}")

    def nothing_sent(self, run):
        """Checks that neither envelope, message nor credentials were sent, from the trace and from the wire."""
        if run.credentials:
            run.fail("AUTH was sent")
        for verb in ("AUTH", "MAIL", "RCPT", "DATA", "BDAT"):
            if run.commands(verb):
                run.fail(f"{verb} was sent")
        if not run.wire:
            run.fail("the client did not connect")
        forbidden = [SENDER, RECIPIENT, *secrets(PASSWORD), *(message.id for message in run.messages)]
        for sent in run.wire:
            clear, secured = split(sent)
            for text in forbidden:
                if text.encode() in clear:
                    run.fail(f"sent in clear: {text}")
            # The client may send hello and an alert, but must not complete the handshake. In TLS 1.3, the alert
            # looks like data, of 19 octets with its authentication tag; a Finished would have at least 53.
            if sum(length for kind, length in records(secured) if kind == TYPE_DATA) > 40:
                run.fail("something was sent in TLS after the handshake failed")

    def check_arrivals(self, messages, stored):
        """Checks that these messages are stored as often as they must be, with their content."""
        for message in messages:
            where = [octets for octets in stored if message.id.encode() in octets]
            count = sum(octets.count(f"Message-ID: {message.id}".encode()) for octets in where)
            right = {message.expected * copies for copies in (message.transactions, message.recipients)}
            if count not in right:
                raise Failed(f"{message.id} must arrive {sorted(right)} times, and arrived {count} times")
            for octets in where:
                check_content(message, octets.replace(b"\r\n", b"\n"))

    def have_arrived(self, stored):
        together = b"\n".join(stored)
        return all(message.id.encode() in together for message in self.messages if message.expected)


def check_content(message, stored):
    before, _, after = stored.partition(message.octets.replace(b"\r\n", b"\n"))
    # smtp-sink writes an empty line after each message, and then, after some of its own fields, the next one.
    if len(before) == len(stored) or not (after in (b"", b"\n") or after.startswith(b"\nX-Client-Addr: ")):
        raise Failed(f"{message.id} arrived with a different content:\n{stored[:3000].decode(errors='replace')}")
    protocols = re.findall(rb"^Received:.*(?:\n[ \t].*)*?\bwith ((?:UTF8|e)?smtps?a?|lmtp)\b", before, re.I | re.M)
    # The last one is of the server itself; those before are of a server behind it.
    # With SMTPUTF8, the name is UTF8SMTP (RFC 6531 section 4.3).
    last = protocols[-1].decode().upper().replace("UTF8SMTP", "ESMTP") if protocols else message.protocol
    if last != message.protocol:
        raise Failed(f"{message.id} arrived by {last}, and should by {message.protocol}")


def secrets(secret):
    """What must not be shown or sent in clear, raw and in base64."""
    responses = [secret, f"\0{USER}\0{secret}", f"user={USER}\x01auth=Bearer {secret}\x01\x01"]
    return [secret, *(base64.b64encode(response.encode()).decode() for response in responses)]


def wrong_secret_for(mechanism):
    return secret_for(mechanism, WRONG_PASSWORD)


def split(sent):
    """What a client sent before TLS, and in TLS."""
    if sent[:1] == bytes([TYPE_HANDSHAKE]):
        return b"", sent
    before, command, after = sent.partition(b"STARTTLS\r\n")
    return before + command, after


def records(octets):
    """The type and length of each TLS record."""
    while len(octets) >= 5:
        length = int.from_bytes(octets[3:5], "big")
        yield octets[0], length
        octets = octets[5 + length :]


class Recorder(Accepting):
    """Passes connections on to a port, and keeps what the clients send."""

    def __init__(self, port):
        super().__init__()
        self.target = port
        self.wire = []

    def serve(self, client):
        sent = bytearray()
        self.wire.append(sent)
        with client, contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                with selectors.DefaultSelector() as selector:
                    selector.register(client, selectors.EVENT_READ, server)
                    selector.register(server, selectors.EVENT_READ, client)
                    while selector.get_map():
                        for key, _ in selector.select():
                            octets = key.fileobj.recv(65536)
                            if key.fileobj is client:
                                sent += octets
                            if octets:
                                key.data.sendall(octets)
                            else:
                                selector.unregister(key.fileobj)
                                key.data.shutdown(socket.SHUT_WR)
