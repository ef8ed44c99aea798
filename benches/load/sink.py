"""load-sink of the benches: the server that checks every message and counts connections."""

import subprocess

from common import CONNECTIONS, FEW, OURS, TARGET, command, measure


class Sink:
    """A running load-sink that expects the message in `file`. With a file for its CA certificate, it uses TLS. It
    answers the end of a message only once `hold` connections wait for that."""

    def __init__(self, file, authority=None, resumes=True, hold=1):
        self.file, self.authority, self.resumes = file, authority, resumes
        tls = ["--tls", authority] if authority else []
        tickets = [] if resumes else ["--no-resumption"]
        program = [TARGET / "load-sink", file, "--hold", str(hold), *tls, *tickets]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.server = self.process.stdout.readline().strip()

    def command(self, client, keep, count, connections=CONNECTIONS):
        return command(client, keep, self.server, count, self.file, self.authority, connections)

    def counted(self):
        """Since the last call: connections, resumed sessions, messages, messages that were extended, and suites."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        *numbers, suites = self.process.stdout.readline().strip("\n").split(" ", 4)
        return *map(int, numbers), suites

    def run(self, client, keep, count, connections=CONNECTIONS):
        """Measures one run. Every message must arrive."""
        run = measure(self.command(client, keep, count, connections), count)
        opened, resumed, messages, *_ = self.counted()
        if messages != count:
            raise SystemExit(f"{client}, {keep}: of {count} messages, {messages} arrived")
        return run._replace(connections=opened, resumed=resumed)

    def check(self, client, keep):
        """Checks that a few messages arrive exactly once and unchanged. Returns the cipher suite."""
        subprocess.run(self.command(client, keep, FEW), check=True, stdout=subprocess.DEVNULL)
        connections, resumed, messages, extended, suites = self.counted()
        if messages != FEW or (client in OURS and extended):
            raise SystemExit(f"{client}, {keep}: of {FEW} messages, {messages} arrived, {extended} with another line")
        if connections != (FEW if keep == "each" else CONNECTIONS):
            raise SystemExit(f"{client}, {keep}: {connections} connections")
        # Kept connections can resume the session of the first one, if it comes early enough.
        if self.authority and keep == "each" and (resumed > 0) != self.resumes:
            raise SystemExit(f"{client}, {keep}: {resumed} sessions were resumed")
        return suites

    def close(self):
        self.process.communicate()
