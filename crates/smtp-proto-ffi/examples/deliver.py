"""usage: deliver.py HOST PORT FROM TO <message.eml"""

import sys

from smtp_proto import Config, Delivery, Driver, Envelope, Outcome, SmtpError

if len(sys.argv) != 5:
    sys.exit(__doc__)
host, port, sender, recipient = sys.argv[1:]
try:
    delivery = Delivery(Config("client.example"), Envelope(sender, recipient))
except SmtpError as error:
    sys.exit(f"deliver.py: {error}")
Driver(host, int(port)).deliver(delivery, sys.stdin.buffer)
print(delivery.report_text(), end="")
sys.exit(0 if delivery.outcome == Outcome.SMTP_OUTCOME_DELIVERED else 75)
