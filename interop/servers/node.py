"""Node's smtp-server: helpers/smtp-server.js runs it."""

import json
import pathlib

from lab import PASSWORD, UNPACKED, USER, Unavailable, files_below, find

PROGRAM = pathlib.Path(__file__).parents[1] / "helpers/smtp-server.js"
MODULES = UNPACKED / "node/node_modules"


class Server:
    name = "smtp-server"
    mechanisms = ["CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2"]

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        node = find("node", install="apt-get install nodejs npm, then interop/install")
        if not (MODULES / "smtp-server").is_dir():
            raise Unavailable("npm's smtp-server is not installed: install npm, then run interop/install")
        lab = self.lab
        chain, key = lab.certificate()
        mail = lab.folder("mail")
        for kind in ("clear", "starttls", "implicit", "auth", "auth-implicit", "auth-clear"):
            self.ports[kind] = lab.port()
        ports = dict(self.ports)
        self.ports["requiretls"] = self.ports["starttls"]
        settings = {
            "modules": str(MODULES), "ports": ports, "chain": str(chain), "key": str(key), "mail": str(mail),
            "user": USER, "password": PASSWORD, "methods": self.mechanisms,
        }  # fmt: skip
        path = lab.file("settings.json", json.dumps(settings), mode=0o600)
        lab.start("smtp-server", [node, PROGRAM, path], self.ports.values())

    def version(self):
        return json.loads((MODULES / "smtp-server/package.json").read_text())["version"]

    def received(self):
        return files_below(self.lab.directory / "mail")
