"""An SMTP client as a pure state machine: `smtp_proto.h` for Python, and a driver for TCP.

The shared library is the one that SMTP_PROTO_LIBRARY names, or the one that is installed. The header documents each
function; a status that is not SMTP_OK is raised as an `SmtpError`.
"""

from smtp_proto.delivery import Delivery
from smtp_proto.driver import Driver
from smtp_proto.enums import *
from smtp_proto.handle import SmtpError, mechanism_name
from smtp_proto.message import Config, Envelope
from smtp_proto.structs import NOTIFY_DELAY, NOTIFY_FAILURE, NOTIFY_NEVER, NOTIFY_SUCCESS
from smtp_proto.structs import Attempt, Clock, KnownHost, Recipient, Report, Step
