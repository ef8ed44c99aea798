"""What is delivered, and under which policy."""

from __future__ import annotations

from ctypes import byref, c_uint64

from smtp_proto.enums import EnvelopeOption, Mechanism, Option
from smtp_proto.handle import Handle, text_of


class Config(Handle):
    """`smtp_config`: the policy, which deliveries share."""

    _free = "smtp_config_free"

    def __init__(self, hello_name: str) -> None:
        super().__init__("smtp_config_new", *text_of(hello_name))

    def set(self, option: Option, value: int) -> None:
        self._call("smtp_config_set", option, value)

    def get(self, option: Option) -> int:
        value = c_uint64()
        self._call("smtp_config_get", option, byref(value))
        return value.value

    def add_mechanism(self, mechanism: Mechanism) -> None:
        """Allows a mechanism, after those that are preferred. Without any, no credentials are used."""
        self._call("smtp_config_add_mechanism", mechanism)


class Envelope(Handle):
    """`smtp_envelope`: the sender, the recipients, and the parameters of MAIL and RCPT."""

    _free = "smtp_envelope_free"

    def __init__(self, reverse_path: str, *recipients: str) -> None:
        super().__init__("smtp_envelope_new", *text_of(reverse_path))
        for recipient in recipients:
            self.add_recipient(recipient)

    def add_recipient(self, address: str) -> None:
        self._call("smtp_envelope_add_recipient", *text_of(address))

    def set(self, option: EnvelopeOption, value: int) -> None:
        """SIZE, BODY, RET, and what the message needs, such as SMTPUTF8 and REQUIRETLS."""
        self._call("smtp_envelope_set", option, value)

    def set_notify(self, recipient: int, when: int) -> None:
        """When to notify the sender about a recipient: NOTIFY_NEVER, or a sum of the others."""
        self._call("smtp_envelope_set_notify", recipient, when)

    def set_original_recipient(self, recipient: int, address_type: str, address: str) -> None:
        self._call("smtp_envelope_set_original_recipient", recipient, *text_of(address_type), *text_of(address))

    def add_recipient_parameter(self, recipient: int, extension: str, keyword: str, value: str | None = None) -> None:
        """A parameter of RCPT; `extension` is the keyword that the server must offer."""
        texts = (*text_of(extension), *text_of(keyword), *text_of(value))
        self._call("smtp_envelope_add_recipient_parameter", recipient, *texts)

    def add_parameter(self, extension: str, keyword: str, value: str | None = None) -> None:
        """A parameter of MAIL; `extension` is the keyword that the server must offer."""
        self._call("smtp_envelope_add_parameter", *text_of(extension), *text_of(keyword), *text_of(value))

    def set_id(self, envelope_id: str) -> None:
        self._call("smtp_envelope_set_id", *text_of(envelope_id))

    def set_submitter(self, mailbox: str) -> None:
        """Who submitted the message; empty if that is not known."""
        self._call("smtp_envelope_set_submitter", *text_of(mailbox))

    def set_deliver_by(self, seconds: int, *, must_return: bool, trace: bool = False) -> None:
        self._call("smtp_envelope_set_deliver_by", seconds, must_return, trace)
