"""OpenSMTPD 7. Its paths are compiled in, so it runs with its own view of the file system."""

import subprocess

from lab import (
    HOST,
    PASSWORD,
    UNPACKED,
    USER,
    Certificates,
    Unavailable,
    files_below,
    find,
    first_number,
    root_and_users,
)

# Shows a program its compiled-in paths, in folders of this run: $1 is the folder, $2 where OpenSMTPD is unpacked.
VIEW = """
set -e
mount --bind "$1/spool" /var/spool
mount --bind "$1/run" /run
if [ -d "$2/usr/libexec/opensmtpd" ]; then
    mount --bind "$1/lib" /var/lib
    mount --bind "$1/libexec" /usr/libexec
    mount --bind "$2/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
fi
exec "$3" -d -f "$1/smtpd.conf"
"""


class Server:
    name = "opensmtpd"
    mechanisms = ["PLAIN", "LOGIN"]

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        unpacked = UNPACKED / "opensmtpd"
        program = find("smtpd", unpacked / "usr/sbin")
        root_and_users("opensmtpd", "opensmtpq", "nobody")
        # The mounts are seen only by OpenSMTPD.
        view = [find("unshare"), "--mount", "--propagation", "private"]
        if subprocess.run([*view, "true"], capture_output=True).returncode != 0:
            raise Unavailable("it needs a mount namespace, and unshare cannot create one")
        if version(program).startswith("6."):
            raise Unavailable(f"OpenSMTPD {version(program)} fails each TLS handshake: run interop/install")
        self.write()
        self.lab.start(
            "smtpd",
            [*view, "sh", "-c", VIEW, "sh", self.lab.directory, unpacked, program],
            self.ports.values(),
        )

    def write(self):
        lab = self.lab
        chain, key = lab.certificate()
        for name in ("spool/smtpd", "run", "lib/opensmtpd/empty", "libexec/opensmtpd"):
            lab.folder(name)
        lab.folder("spool/smtpd", mode=0o711)
        lab.folder("mail", "nobody")
        for kind in ("clear", "starttls", "implicit", "auth", "auth-implicit"):
            self.ports[kind] = lab.port()
        lab.file("creds", f"{USER} {Certificates.openssl('passwd', '-6', PASSWORD).strip()}\n", "opensmtpd", mode=0o600)
        on = "listen on 127.0.0.1 port"
        ports = self.ports
        lab.file(
            "smtpd.conf",
            f"""
pki {HOST} cert "{chain}"
pki {HOST} key "{key}"
table creds file:{lab.directory}/creds
{on} {ports["clear"]} hostname {HOST}
{on} {ports["starttls"]} hostname {HOST} tls pki {HOST}
{on} {ports["implicit"]} hostname {HOST} smtps pki {HOST}
{on} {ports["auth"]} hostname {HOST} tls-require pki {HOST} auth <creds>
{on} {ports["auth-implicit"]} hostname {HOST} smtps pki {HOST} auth <creds>
action "keep" maildir "{lab.directory}/mail" user nobody virtual {{ "@" = nobody }}
match from any for domain "{HOST}" action "keep"
""",
        )

    def version(self):
        return version(find("smtpd", UNPACKED / "opensmtpd/usr/sbin"))

    def received(self):
        return files_below(self.lab.directory / "mail/new")


def version(program):
    return first_number(subprocess.run([program, "-h"], capture_output=True, text=True).stderr)
