"""Postfix, with Dovecot for SASL."""

from lab import HOST, files_below, find, root_and_users, version_of
from servers import dovecot

INTERNAL = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
LOGIN = {
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated,reject",
}


class Server:
    name = "postfix"
    mechanisms = dovecot.MECHANISMS

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        root_and_users("postfix", "nobody")
        master = find("master", "/usr/lib/postfix/sbin", "/usr/libexec/postfix")
        dovecot.missing()
        self.write()
        dovecot.start_sasl(self.lab, self.lab.directory / "queue/private/auth")
        command = [master, "-c", self.lab.directory / "conf", "-d"]
        self.lab.start("postfix", command, set(self.ports.values()))

    def write(self):
        lab = self.lab
        chain, key = lab.certificate()
        folders(lab)
        lab.folder("mail", "nobody")
        lab.file(
            "conf/main.cf",
            f"""{instance(lab, HOST)}
default_transport = error:nothing leaves
virtual_mailbox_domains = {HOST}
virtual_mailbox_base = {lab.directory}/mail
virtual_mailbox_maps = regexp:{lab.directory}/conf/boxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
# Otherwise it edits the header of messages from loopback.
local_header_rewrite_clients =
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
# Otherwise each refused login takes a second.
smtpd_error_sleep_time = 0
message_size_limit = 60000000
virtual_mailbox_limit = 0
""",
        )
        lab.file("conf/boxes", f"/@{HOST}$/ all/\n")
        kinds = {
            "clear": {"smtpd_tls_security_level": "none"},
            "starttls": {"smtpd_tls_security_level": "may"},
            "tls12": {"smtpd_tls_security_level": "may", "smtpd_tls_protocols": "TLSv1.2"},
            "expired": {
                "smtpd_tls_security_level": "may",
                "smtpd_tls_cert_file": lab.certificates.expired,
                "smtpd_tls_key_file": lab.certificates.expired_key,
            },
            "implicit": {"smtpd_tls_security_level": "encrypt", "smtpd_tls_wrappermode": "yes"},
            "three-recipients": {"smtpd_tls_security_level": "none", "smtpd_recipient_limit": "3"},
            "auth": {"smtpd_tls_security_level": "encrypt", **LOGIN},
            "auth-implicit": {"smtpd_tls_security_level": "encrypt", "smtpd_tls_wrappermode": "yes", **LOGIN},
            "auth-clear": {"smtpd_tls_security_level": "none", "smtpd_tls_auth_only": "no", **LOGIN},
        }
        services = ""
        for kind, options in kinds.items():
            self.ports[kind] = lab.port()
            words = " ".join(f"-o {name}={value}" for name, value in options.items())
            services += f"127.0.0.1:{self.ports[kind]} inet n - n - - smtpd {words}\n"
        lab.file("conf/master.cf", services + INTERNAL)
        self.ports |= {kind: self.ports["clear"] for kind in ("large", "many", "smtputf8", "chunking", "dsn")}

    def version(self):
        return version_of(find("postconf"), "-dh", "mail_version")

    def received(self):
        return files_below(self.lab.directory / "mail/all/new")


def instance(lab, host):
    """The lines of main.cf that every instance has: its name, its folders, and no local delivery."""
    return f"""
compatibility_level = 3.6
myhostname = {host}
queue_directory = {lab.directory}/queue
data_directory = {lab.directory}/data
maillog_file_prefixes = {lab.directory}
maillog_file = {lab.directory}/maillog
inet_interfaces = 127.0.0.1
mydestination =
alias_maps ="""


def folders(lab):
    """Creates the folders of its queue and of its data."""
    lab.folder("data", "postfix")
    lab.folder("queue")
    lab.folder("queue/pid")
    for name in QUEUES:
        lab.folder(f"queue/{name}", "postfix")
    for name in ("public", "maildrop"):
        lab.folder(f"queue/{name}", "postfix", "postdrop")
