"""Postfix's smtp-sink: a server that hangs up on EHLO, and then accepts HELO on a new connection. Also LMTP."""

import os

from lab import files_below, find, version_of


class Server:
    name = "smtp-sink"
    mechanisms = []
    KINDS = {
        "clear": [],
        "hangs-up": ["-q", "EHLO"],
        "hangs-up-twice": ["-q", "EHLO,HELO"],
        "lmtp": ["-L"],
        "lmtp-unix": ["-L"],
    }

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        sink = find("smtp-sink")
        root = os.geteuid() == 0
        for kind, options in self.KINDS.items():
            mail = self.lab.folder(f"mail/{kind}", "nobody" if root else None)
            user = ["-u", "nobody"] if root else []
            if kind.endswith("-unix"):
                place = self.lab.folder(kind, "nobody" if root else None) / "socket"
                listening, ports, sockets = f"unix:{place}", [], [place]
            else:
                place = self.lab.port()
                listening, ports, sockets = f"127.0.0.1:{place}", [place], []
            self.ports[kind] = place
            command = [sink, *user, *options, "-d", f"{mail}/%M.", listening, "100"]
            self.lab.start(f"smtp-sink-{kind}", command, ports, sockets)

    def version(self):
        return version_of(find("postconf"), "-dh", "mail_version")

    def received(self):
        return files_below(self.lab.directory / "mail")
