"""The state machine of one delivery."""

from __future__ import annotations

from ctypes import byref, sizeof

from smtp_proto.enums import Cancel, Disconnect, Outcome, TlsVersion
from smtp_proto.handle import Handle, text_of
from smtp_proto.message import Config, Envelope
from smtp_proto.structs import Attempt, KnownHost, RawAttempt, RawRecipient, Recipient, Report, Step


class Delivery(Handle):
    """`smtp_delivery`: one message to one next hop. Without an envelope, it only greets the server."""

    _free = "smtp_delivery_free"

    def __init__(self, config: Config, envelope: Envelope | None = None) -> None:
        if envelope is None:
            super().__init__("smtp_delivery_probe", config._handle)
        else:
            super().__init__("smtp_delivery_new", config._handle, envelope._handle)

    def poll(self) -> Step:
        step = Step()
        self._call("smtp_delivery_poll", byref(step), sizeof(step))
        return step

    def connected(self, address: bytes | None = None) -> None:
        """A new connection is open; `address` is its local one: 4 octets for IPv4, 16 for IPv6."""
        if address is None:
            self._call("smtp_delivery_connected")
        else:
            self._call("smtp_delivery_connected_from", *text_of(address))

    def connect_failed(self, why: str) -> None:
        self._call("smtp_delivery_connect_failed", *text_of(why))

    def sent(self, octets: int) -> None:
        self._call("smtp_delivery_sent", octets)

    def received(self, octets: bytes) -> None:
        self._call("smtp_delivery_received", *text_of(octets))

    def disconnected(self, how: Disconnect) -> None:
        self._call("smtp_delivery_disconnected", how)

    def timed_out(self) -> None:
        self._call("smtp_delivery_timed_out")

    def content(self, octets: bytes) -> None:
        self._call("smtp_delivery_content", *text_of(octets))

    def end_content(self) -> None:
        self._call("smtp_delivery_end_content")

    def rewound(self) -> None:
        self._call("smtp_delivery_rewound")

    def cannot_rewind(self) -> None:
        self._call("smtp_delivery_cannot_rewind")

    def secured(self, version: TlsVersion, *, unverified: str | None = None, can_bind: bool = False) -> None:
        """The handshake has completed. `unverified` says why the certificate could not be verified."""
        self._call("smtp_delivery_secured", version, *text_of(unverified), can_bind)

    def secure_failed(self, why: str) -> None:
        self._call("smtp_delivery_secure_failed", *text_of(why))

    def auth_start(self, initial: bytes | None = None) -> None:
        """Starts the exchange, with or without an initial response, which is not in base64."""
        self._call("smtp_delivery_auth_start", *text_of(initial))

    def auth_response(self, response: bytes) -> None:
        self._call("smtp_delivery_auth_response", *text_of(response))

    def auth_complete(self) -> None:
        self._call("smtp_delivery_auth_complete")

    def auth_abandon(self, why: str) -> None:
        self._call("smtp_delivery_auth_abandon", *text_of(why))

    def hide(self, secret: bytes) -> None:
        """Cuts off replies that contain this secret, such as a password, in reports."""
        self._call("smtp_delivery_hide", *text_of(secret))

    def cancel(self, why: Cancel) -> None:
        self._call("smtp_delivery_cancel", why)

    def deliver_next(self, envelope: Envelope) -> None:
        self._call("smtp_delivery_deliver_next", envelope._handle)

    def quit(self) -> None:
        self._call("smtp_delivery_quit")

    def know(self, host: KnownHost) -> None:
        self._call("smtp_delivery_know", byref(host), sizeof(host))

    def known_host(self) -> KnownHost:
        host = KnownHost()
        self._call("smtp_delivery_known_host", byref(host), sizeof(host))
        return host

    def report(self) -> Report:
        report = Report()
        self._call("smtp_delivery_report", byref(report), sizeof(report))
        return report

    @property
    def outcome(self) -> Outcome:
        return self.report().outcome

    def report_text(self) -> str:
        return self._text("smtp_delivery_report_text")

    def report_json(self) -> str:
        return self._text("smtp_delivery_report_json")

    def recipient(self, index: int) -> Recipient:
        found = RawRecipient()
        self._call("smtp_delivery_recipient", index, byref(found), sizeof(found))
        return Recipient(found, self._text("smtp_delivery_recipient_reason", index))

    def attempt(self, index: int) -> Attempt:
        """The report on the use of one connection."""
        found = RawAttempt()
        self._call("smtp_delivery_attempt", index, byref(found), sizeof(found))
        return Attempt(found, self._text("smtp_delivery_attempt_text", index))
