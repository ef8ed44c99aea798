"""aiosmtpd, from Debian's python3-aiosmtpd: helpers/aiosmtpd runs it."""

import json
import pathlib
import subprocess

from lab import PASSWORD, USER, Unavailable, files_below, find, version_of

PROGRAM = pathlib.Path(__file__).parents[1] / "helpers/aiosmtpd"
# Debian's own Python first: packages are not installed for another one.
PYTHONS = ("/usr/bin/python3", "python3")


class Server:
    name = "aiosmtpd"
    mechanisms = ["PLAIN", "LOGIN"]

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        python = self.python()
        lab = self.lab
        chain, key = lab.certificate()
        mail = lab.folder("mail")
        for kind in ("clear", "starttls", "implicit", "auth", "auth-implicit", "auth-clear"):
            self.ports[kind] = lab.port()
        settings = {
            "ports": self.ports, "chain": str(chain), "key": str(key), "mail": str(mail),
            "user": USER, "password": PASSWORD,
        }  # fmt: skip
        path = lab.file("settings.json", json.dumps(settings), mode=0o600)
        lab.start("aiosmtpd", [python, "-B", PROGRAM, path], self.ports.values())
        self.ports["many"] = self.ports["clear"]

    @staticmethod
    def python():
        for python in PYTHONS:
            python = find(python)
            if subprocess.run([python, "-c", "import aiosmtpd"], capture_output=True).returncode == 0:
                return python
        raise Unavailable("python3-aiosmtpd is not installed: run interop/install")

    def version(self):
        return version_of(self.python(), "-c", "import aiosmtpd; print(aiosmtpd.__version__)")

    def received(self):
        return files_below(self.lab.directory / "mail")
