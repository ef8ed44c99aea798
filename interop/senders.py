"""The clients whose round trips are counted: smtp-forward, Postfix, Exim, lettre and mail-send.

Each class has `version()`, which raises `Unavailable` if the client cannot run here, and
`send(lab, server, sent, way)`, which delivers to a server of waits.py. Where a client has a default, it is used, except
for what is noted here. What it changes in a message is in `adds_fields` (in front) and `adds_line` (an empty one at the
end).
"""

import dataclasses
import pathlib
import re
import subprocess

from lab import UNPACKED, Failed, find, root_and_users, version_of
from servers import exim, postfix

ROOT = pathlib.Path(__file__).resolve().parent.parent
HELLO, SENDER = "client.example", "sender@example.com"
# Whether there is a connection for each message, or the same one for all.
EACH, KEPT = "each", "kept"


@dataclasses.dataclass
class Sent:
    """A message that is sent once or several times, and its file."""

    path: pathlib.Path
    recipients: list
    count: int = 1

    @property
    def octets(self):
        return self.path.read_bytes()


def run(command, **options):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, **options)
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)} did not end within 60 s") from None
    if done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise Failed(f"{' '.join(command)} ended with status {done.returncode}: {output[-2000:]}")


class SmtpForward:
    name = "smtp-forward"
    adds_fields, adds_line = False, False

    def __init__(self, program):
        self.program = program

    def version(self):
        return version_of(self.program, "--version")

    def send(self, lab, server, sent, way):
        ends = ["--server", f"127.0.0.1:{server.port}", "--helo-name", HELLO, "--from", SENDER]
        ends += [word for recipient in sent.recipients for word in ("--to", recipient)]
        ends += ["--per-connection", "1"] if way == EACH else []
        run([self.program, "send", *ends, "--repeat", str(sent.count), sent.path], stdin=subprocess.DEVNULL)


class Postfix:
    """Its sendmail puts messages into the queue of an instance that relays everything to the server.

    It keeps a connection when messages queue up for a destination. That depends on timing, so here it keeps each one.
    """

    name = "Postfix"
    adds_fields, adds_line = True, False

    def version(self):
        root_and_users("postfix")
        self.programs()
        return version_of(find("postconf"), "-dh", "mail_version")

    @staticmethod
    def programs():
        return find("master", "/usr/lib/postfix/sbin", "/usr/libexec/postfix"), find("sendmail")

    def send(self, lab, server, sent, way):
        master, sendmail = self.programs()
        postfix.folders(lab)
        keep = {
            "smtp_connection_cache_destinations": "static:all",
            "smtp_connection_cache_time_limit": "30s",
            "connection_cache_ttl_limit": "30s",
        }
        kept = "\n".join(f"{name} = {value}" for name, value in keep.items()) if way == KEPT else ""
        lab.file(
            "conf/main.cf",
            f"""{postfix.instance(lab, HELLO)}
relayhost = [127.0.0.1]:{server.port}
{kept}
""",
        )
        lab.file("conf/master.cf", "smtp unix - - n - - smtp\n" + postfix.INTERNAL)
        configuration = lab.directory / "conf"
        lab.start("postfix", [master, "-c", configuration, "-d"], sockets=[lab.directory / "queue/public/pickup"])
        command = [sendmail, "-C", configuration, "-i", "-f", SENDER, *sent.recipients]
        # One after another, because it delivers those that it has over several connections.
        for number in range(1, sent.count + 1):
            run(command, input=sent.octets)
            server.wait_for(number)


class Exim:
    """A configuration that routes everything to the server.

    With one connection for each message, each is delivered when it is submitted. For messages on one connection, they
    are queued first, because it looks for further messages to the same host after it has delivered one. It uses
    PIPECONNECT only if a setting tells it to.
    """

    name = "Exim"
    adds_fields, adds_line = True, False
    CONFIGURATION = r"""
primary_hostname = {hello}
keep_environment =
exim_path = {program}
spool_directory = {directory}/spool
log_file_path = {directory}/log/%slog

begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1::{port}
  self = send
  transport = server

begin transports
server:
  driver = smtp
  allow_localhost
  hosts_pipe_connect = *
"""

    def program(self):
        return find("exim4", UNPACKED / "exim/usr/sbin")

    def version(self):
        root_and_users(exim.OWNER)
        return version_of(self.program(), "-bV")

    def send(self, lab, server, sent, way):
        for name in ("spool", "log"):
            lab.folder(name, exim.OWNER)
        text = self.CONFIGURATION.format(
            hello=HELLO, program=self.program(), directory=lab.directory, port=server.port
        )
        exim4 = [self.program(), "-C", lab.file("exim.conf", text)]
        # In the foreground, as the queue runner skips a message that another process still routes.
        queue = ["-odqs"] if way == KEPT else []
        submit = [*exim4, "-oi", "-odf", *queue, "-f", SENDER, *sent.recipients]
        for _ in range(sent.count):
            run(submit, input=sent.octets)
        if way == KEPT:
            run([*exim4, "-q"], stdin=subprocess.DEVNULL)


class Crate:
    """A crate, by the program of the benches that sends with it."""

    adds_fields, adds_line = False, True

    def __init__(self, name, folder):
        self.name = name
        self.program = folder / f"load-{name}"

    def version(self):
        lock = (ROOT / "Cargo.lock").read_text()
        return re.search(rf'name = "{self.name}"\nversion = "(.*)"', lock)[1]

    def send(self, lab, server, sent, way):
        count = len(sent.recipients)
        if sent.recipients != recipients(count):
            raise Failed(f"{self.program} has recipients of its own")
        where = f"127.0.0.1:{server.port}"
        command = [self.program, "--recipients", str(count), where, "1", str(sent.count), way, sent.path]
        run(command, stdin=subprocess.DEVNULL)


def recipients(count):
    """Those of the programs of the benches."""
    return [f"to{number}@example.net" for number in range(1, count + 1)]
