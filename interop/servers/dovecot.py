"""Dovecot: its submission service, with Postfix's smtp-sink behind it, and LMTP. Also SASL for other servers."""

import base64

from lab import HOST, PASSWORD, RECIPIENT, USER, find, files_below, root_and_users, version_of

MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]


def missing():
    root_and_users("nobody", "dovecot", "dovenull")
    return find("dovecot")


class Server:
    name = "dovecot"
    mechanisms = MECHANISMS

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        missing()
        for service in ("submission-login", "lmtp"):
            find(service, "/usr/lib/dovecot", "/usr/libexec/dovecot")
        sink = find("smtp-sink")
        mail = self.lab.folder("mail", "nobody")
        relay = self.lab.port()
        self.lab.start("smtp-sink", [sink, "-u", "nobody", "-d", f"{mail}/%M.", f"127.0.0.1:{relay}", "100"], [relay])
        tcp = {kind: self.lab.port() for kind in ("auth", "auth-implicit", "lmtp")}
        socket = self.lab.directory / "lmtp"
        services = submission(tcp, relay) + lmtp(tcp["lmtp"], socket)
        start(self.lab, services, "submission lmtp", ports=tcp.values(), sockets=[socket])
        self.ports = {**tcp, "lmtp-unix": socket}

    def version(self):
        return version_of(missing(), "--version")

    def received(self):
        boxes = [self.lab.directory / "dovecot/home" / name for name in ("new", "cur")]
        return files_below(self.lab.directory / "mail", *boxes)


def submission(ports, relay):
    return f"""
service submission-login {{
  inet_listener submission {{
    port = {ports["auth"]}
  }}
  inet_listener submissions {{
    port = {ports["auth-implicit"]}
    ssl = yes
  }}
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
hostname = {HOST}
"""


def lmtp(port, socket):
    return f"""
service lmtp {{
  inet_listener lmtp {{
    port = {port}
  }}
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""


def start_sasl(lab, socket):
    """Starts a Dovecot that only authenticates users of another server, on a Unix socket."""
    service = f"""
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""
    start(lab, service, "", sockets=[socket])


def start(lab, services, protocols, **listening):
    chain, key = lab.certificate()
    folder = lab.folder("dovecot")
    # The key that signs tokens. Dovecot looks for keys/default/ALGORITHM/KEY-ID.
    lab.file("dovecot/keys/default/HS256/interop", base64.b64encode(PASSWORD.encode()).decode())
    tokens = lab.file(
        "dovecot/tokens",
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
        "username_attribute = sub\n",
    )
    passwords = lab.file("dovecot/passwords", f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
    home = lab.folder("dovecot/home", "nobody")
    users = lab.file("dovecot/users", f"{USER}::65534:65534::{home}::\n{RECIPIENT}::65534:65534::{home}::\n")
    configuration = f"""
base_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
protocols = {protocols}
ssl_cert = <{chain}
ssl_key = <{key}
first_valid_uid = 1
mail_location = maildir:~/
auth_username_format = %u
auth_mechanisms = {" ".join(MECHANISMS).lower()}
# Otherwise each refused login takes seconds.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {tokens}
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {passwords}
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
{services}"""
    path = lab.file("dovecot/dovecot.conf", configuration)
    lab.start("dovecot", [missing(), "-F", "-c", path], **listening)
