"""What the servers share: certificates, ports, processes and credentials."""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

HOST = "mx.test"
SENDER, RECIPIENT = "a@client.example", "b@mx.test"
USER, PASSWORD = "user", "the-password-of-user-7"
WRONG_PASSWORD = "another-password-8"
# Where interop/install unpacks servers and libraries.
UNPACKED = pathlib.Path("/opt/smtp-interop")
TOKENS = ("XOAUTH2", "OAUTHBEARER")
# Below those that the kernel gives to clients. Runs at the same time start in different places.
PORTS = itertools.cycle(range(20000, 32000))
for _ in range(os.getpid() * 97 % 12000):
    next(PORTS)


class Unavailable(Exception):
    """This server cannot run here. Says why, and how to install it."""


class Failed(Exception):
    """A check failed."""


class Interrupted(SystemExit):
    """A signal asked this program to end."""


class Signals:
    """Turns signals into exceptions, except while something must be completed."""

    busy, pending = 0, None

    @classmethod
    def catch(cls):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, cls.caught)

    @classmethod
    def caught(cls, number, _):
        if cls.busy:
            cls.pending = number
        else:
            raise Interrupted(128 + number)

    @classmethod
    @contextlib.contextmanager
    def deferred(cls):
        cls.busy += 1
        try:
            yield
        finally:
            cls.busy -= 1
        if cls.pending and not cls.busy:
            raise Interrupted(128 + cls.pending)


def find(program, *folders, install="interop/install"):
    """The path of a program, also if it is in a folder for administrators."""
    path = ":".join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(program, path=path)
    if found is None:
        raise Unavailable(f"{program} is not installed: run {install}")
    return found


def root_and_users(*names):
    """Checks that this is root, and that some users exist."""
    if os.geteuid() != 0:
        raise Unavailable("it needs root")
    for name in names:
        try:
            pwd.getpwnam(name)
        except KeyError:
            raise Unavailable(f"there is no user {name}: run interop/install") from None


def token(secret=PASSWORD):
    """A JSON web token for USER, signed with a secret."""

    def part(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b"=")

    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT", "kid": "interop"}
    claims = {"sub": USER, "iat": now - 60, "nbf": now - 60, "exp": now + 3600}
    signed = b".".join(part(json.dumps(value).encode()) for value in (header, claims))
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + part(signature)).decode()


def secret_for(mechanism, password=PASSWORD):
    """What USER proves with a mechanism: a password, or a token that is signed with it."""
    return token(password) if mechanism in TOKENS else password


class Lab:
    """A temporary folder and the processes of one server."""

    def __init__(self, directory, certificates):
        self.directory = directory
        self.certificates = certificates
        self.processes = []
        directory.mkdir()

    def port(self):
        """A free port on loopback, another one each time. The kernel does not give it to a client meanwhile."""
        while True:
            port = next(PORTS)
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port

    def folder(self, name, owner=None, group=None, mode=0o755):
        path = self.directory / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        self.give(path, owner, group)
        return path

    def file(self, name, text, owner=None, group=None, mode=0o644):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        self.give(path, owner, group)
        return path

    @staticmethod
    def give(path, owner, group):
        if owner or group:
            shutil.chown(path, owner, group)

    def certificate(self, owner=None):
        """Copies of the certificate chain and its key that only this server may read."""
        chain = self.file("chain.pem", self.certificates.chain.read_text(), owner)
        key = self.file("server.key", self.certificates.key.read_text(), owner, mode=0o600)
        return chain, key

    def start(self, name, command, ports=(), sockets=()):
        """Starts a process, and waits until it listens."""
        command = [str(word) for word in command]
        with open(self.directory / f"{name}.output", "wb") as output, Signals.deferred():
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            self.processes.append(process)
        until = time.monotonic() + 15
        waiting = [*ports, *sockets]
        while waiting:
            if process.poll() is not None:
                raise Failed(f"{name} ended with status {process.returncode}: {self.output(name)}")
            if time.monotonic() > until:
                raise Failed(f"{name} does not listen on {waiting[0]}: {self.output(name)}")
            if listens(waiting[0]):
                del waiting[0]
            else:
                time.sleep(0.02)
        return process

    def output(self, name):
        text = (self.directory / f"{name}.output").read_text(errors="replace").strip()
        return text[-2000:] or "it printed nothing"

    def stop(self):
        """Ends the processes that were started, and those that they started."""
        with Signals.deferred():
            for process in reversed(self.processes):
                self.end(process)
            self.processes.clear()

    @staticmethod
    def end(process):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
                break
        # What is left of its session, which is its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def listens(address):
    if isinstance(address, int):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", address), 5).close()
            return True
        return False
    return pathlib.Path(address).is_socket()


class Certificates:
    """A CA, and certificates of HOST and of USER that it signed; and a CA that did not sign them."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.ca, self.other_ca = self.authority("ca"), self.authority("other-ca")
        names = f"subjectAltName=DNS:{HOST},DNS:localhost"
        self.chain, self.key = self.leaf("server", HOST, names, "extendedKeyUsage=serverAuth")
        self.expired, self.expired_key = self.leaf("expired", HOST, names, days=-1)
        self.client, self.client_key = self.leaf("client", USER, "extendedKeyUsage=clientAuth")
        printed = self.openssl("x509", "-in", self.chain, "-noout", "-fingerprint", "-sha256")
        self.fingerprint = printed.strip().partition("=")[2]

    def authority(self, name):
        certificate = self.directory / f"{name}.pem"
        key = self.new_key(self.directory / f"{name}.key")
        usage = "keyUsage=critical,keyCertSign,cRLSign"
        subject = f"/CN=interop {name}"
        self.openssl("req", "-x509", *key, "-out", certificate, "-days", "2", "-subj", subject, "-addext", usage)
        return certificate

    def leaf(self, name, subject, *extensions, days=2):
        """A certificate that the CA signed, with the CA's own after it, and its key."""
        chain, key, request, options = (self.directory / f"{name}.{kind}" for kind in ("pem", "key", "csr", "options"))
        options.write_text("\n".join([*extensions, "basicConstraints=critical,CA:FALSE", ""]))
        self.openssl("req", *self.new_key(key), "-out", request, "-subj", f"/CN={subject}")
        signer = ["-CA", self.ca, "-CAkey", self.directory / "ca.key", "-CAcreateserial"]
        leaf = self.openssl("x509", "-req", "-in", request, *signer, "-days", days, "-extfile", options)
        chain.write_text(leaf + self.ca.read_text())
        return chain, key

    @staticmethod
    def new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]

    @staticmethod
    def openssl(*arguments):
        command = [find("openssl"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr}")
        return done.stdout


def files_below(*folders):
    """The contents of all files below some folders."""
    found = []
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            # A server may rename a file that it is still writing.
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    found.append(path.read_bytes())
    return found


def version_of(*command):
    """The first number in what a command prints."""
    return first_number(subprocess.run([str(word) for word in command], capture_output=True, text=True).stdout)


def first_number(text):
    found = re.search(r"\d+\.\d+\S*", text)
    return found.group() if found else "of unknown version"
