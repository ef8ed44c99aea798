"""Exim, from Debian's exim4-daemon-heavy, with Dovecot for SCRAM and tokens."""

from lab import HOST, PASSWORD, UNPACKED, USER, files_below, find, root_and_users, version_of
from servers import dovecot

OWNER = "Debian-exim"
KINDS = ("clear", "starttls", "tls12", "implicit", "auth", "auth-implicit", "auth-clear")
# Follows definitions of the macros, whose names start with X_.
CONFIGURATION = r"""
primary_hostname = X_HOST
keep_environment =
exim_path = X_PROGRAM
spool_directory = X_DIRECTORY/spool
pid_file_path = X_DIRECTORY/spool/pid
log_file_path = X_DIRECTORY/log/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = X_ALL
tls_on_connect_ports = X_IMPLICIT
tls_advertise_hosts = ${if inlist{$received_port}{X_IN_CLEAR}{}{*}}
tls_certificate = X_DIRECTORY/chain.pem
tls_privatekey = X_DIRECTORY/server.key
tls_require_ciphers = ${if eq{$received_port}{X_TLS12}{NORMAL:-VERS-TLS1.3}{NORMAL}}
tls_try_verify_hosts = *
tls_verify_certificates = X_CA
auth_advertise_hosts = ${if and{{inlist{$received_port}{X_AUTH}}{or{{def:tls_in_cipher}\
    {inlist{$received_port}{X_IN_CLEAR}}}}}{*}{}}
chunking_advertise_hosts = *
pipelining_connect_advertise_hosts = *
smtputf8_advertise_hosts = *
message_size_limit = 60M
smtp_accept_max_per_connection = X_MOST
recipients_max = X_RECIPIENTS
dsn_advertise_hosts = *
acl_smtp_rcpt = check_rcpt

begin acl
check_rcpt:
  accept
    condition = ${if inlist{$received_port}{X_AUTH}{no}{yes}}
  accept
    authenticated = *
  deny
    message = authentication is required

begin routers
all:
  driver = accept
  transport = boxes

begin transports
boxes:
  driver = appendfile
  directory = X_DIRECTORY/mail
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = X_OWNER
  # One copy for all recipients of a message.
  batch_max = 1000

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{X_USER}}{eq{$auth3}{X_PASSWORD}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{X_USER}}{eq{$auth2}{X_PASSWORD}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{X_USER}{X_PASSWORD}fail}
  server_set_id = $auth1
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = ${if eq{$tls_in_certificate_verified}{1}}
  server_condition = ${if eq{${certextract{subject,CN}{$tls_in_peercert}}}{X_USER}}
  server_set_id = X_USER
"""
BY_DOVECOT = """\
{name}:
  driver = dovecot
  public_name = {mechanism}
  server_socket = X_DIRECTORY/auth
  server_set_id = $auth1
"""


class Server:
    name = "exim"
    mechanisms = dovecot.MECHANISMS

    def __init__(self, lab):
        self.lab = lab
        self.ports = {}

    def start(self):
        program = find("exim4", UNPACKED / "exim/usr/sbin")
        root_and_users(OWNER)
        dovecot.missing()
        lab = self.lab
        lab.certificate(OWNER)
        for name in ("spool", "log", "mail"):
            lab.folder(name, OWNER)
        dovecot.start_sasl(lab, lab.directory / "auth")
        self.ports = {kind: lab.port() for kind in KINDS}
        path = lab.file("exim.conf", self.configuration(program))
        lab.start("exim", [program, "-C", path, "-bdf", "-q1m"], self.ports.values())
        self.ports["auth-certificate"] = self.ports["auth"]
        self.ports |= {kind: self.ports["clear"] for kind in ("large", "many", "smtputf8", "chunking", "dsn")}
        self.ports["three-messages"] = self.ports["three-recipients"] = limited = lab.port()
        macros = [f"-DX_ALL={limited}", "-DX_MOST=3", "-DX_RECIPIENTS=3"]
        command = [program, "-C", path, "-bdf", *macros, "-oP", lab.directory / "limited.pid"]
        lab.start("exim-limited", command, [limited])

    def configuration(self, program):
        def ports(*kinds):
            return " : ".join(str(self.ports[kind]) for kind in kinds)

        macros = {
            "HOST": HOST,
            "PROGRAM": program,
            "DIRECTORY": self.lab.directory,
            "CA": self.lab.certificates.ca,
            "OWNER": OWNER,
            "USER": USER,
            "PASSWORD": PASSWORD,
            "ALL": ports(*KINDS),
            "MOST": 1000,
            "RECIPIENTS": 50000,
            "TLS12": ports("tls12"),
            "IMPLICIT": ports("implicit", "auth-implicit"),
            "IN_CLEAR": ports("clear", "auth-clear"),
            "AUTH": ports("auth", "auth-implicit", "auth-clear"),
        }
        defined = "".join(f"X_{name} = {value}\n" for name, value in macros.items())
        by_dovecot = "".join(
            BY_DOVECOT.format(name=mechanism.lower().replace("-", "_"), mechanism=mechanism)
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "XOAUTH2", "OAUTHBEARER")
        )
        return defined + CONFIGURATION + by_dovecot

    def version(self):
        return version_of(find("exim4", UNPACKED / "exim/usr/sbin"), "-bV")

    def received(self):
        return files_below(self.lab.directory / "mail/new")
