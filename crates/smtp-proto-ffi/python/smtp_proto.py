"""An SMTP client as a pure state machine: `smtp_proto.h` for Python, and a driver for TCP.

The shared library is the one that SMTP_PROTO_LIBRARY names, or the one that is installed. The header documents each
function; a status that is not SMTP_OK is raised as an `SmtpError`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import select
import socket
import time
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import BinaryIO

from smtp_enums import Cancel, Disconnect, EnvelopeOption, Mechanism, Option, Outcome, Place, Status, StepKind
from smtp_enums import RecipientStatus

ABI_VERSION = 1


class SmtpError(Exception):
    """A call was refused: its status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = Status(status)


class Step(Structure):
    """`smtp_step`."""

    _fields_ = [
        ("kind", c_uint32),
        ("progress", c_uint32),
        ("timeout", c_uint64),
        ("data", c_void_p),
        ("data_len", c_size_t),
        ("room", c_size_t),
        ("place", c_uint32),
        ("mechanism", c_uint32),
        ("outcome", c_uint32),
        ("is_kept", c_bool),
        ("is_sensitive", c_bool),
        ("must_verify", c_bool),
        ("has_initial", c_bool),
    ]

    @property
    def octets(self) -> bytes:
        """What to write, or the challenge: a copy."""
        return ctypes.string_at(self.data, self.data_len) if self.data_len else b""


class Clock(Structure):
    """`smtp_clock`."""

    _fields_ = [("since", c_uint64), ("progress", c_uint32), ("is_running", c_uint32)]


class Text(Structure):
    """`smtp_text`."""

    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def __bytes__(self) -> bytes:
        return ctypes.string_at(self.data, self.len) if self.len else b""


class Report(Structure):
    """`smtp_report`."""

    _fields_ = [
        ("outcome", c_uint32),
        ("is_kept", c_uint32),
        ("recipients", c_size_t),
        ("attempts", c_size_t),
        ("longest_line", c_uint64),
    ]


class KnownHost(Structure):
    """`smtp_known_host`: keep it with the address of the server, for at most a day."""

    _fields_ = [("secured", c_uint32), ("helo_only", c_uint32), ("recipients", c_uint32), ("lockstep", c_uint32)]


class _Recipient(Structure):
    _fields_ = [
        ("status", c_uint32),
        ("cause", c_uint32),
        ("address", Text),
        ("reply", Text),
        ("code", c_uint32),
        ("enhanced", c_uint32 * 3),
    ]


_TEXT = [c_char_p, c_size_t]
_OUT_TEXT = [c_char_p, c_size_t, POINTER(c_size_t)]
# The arguments behind the handle of each function.
_FUNCTIONS: dict[str, list[type]] = {
    "smtp_config_free": [],
    "smtp_config_set": [c_uint32, c_uint64],
    "smtp_config_get": [c_uint32, POINTER(c_uint64)],
    "smtp_config_add_mechanism": [c_uint32],
    "smtp_envelope_free": [],
    "smtp_envelope_add_recipient": _TEXT,
    "smtp_envelope_set": [c_uint32, c_uint64],
    "smtp_envelope_set_notify": [c_size_t, c_uint32],
    "smtp_envelope_set_original_recipient": [c_size_t, *_TEXT, *_TEXT],
    "smtp_envelope_add_recipient_parameter": [c_size_t, *_TEXT, *_TEXT, *_TEXT],
    "smtp_envelope_add_parameter": [*_TEXT, *_TEXT, *_TEXT],
    "smtp_envelope_set_id": _TEXT,
    "smtp_envelope_set_submitter": _TEXT,
    "smtp_envelope_set_deliver_by": [c_int32, c_uint32, c_uint32],
    "smtp_delivery_new": [c_void_p, POINTER(c_void_p)],
    "smtp_delivery_probe": [POINTER(c_void_p)],
    "smtp_delivery_free": [],
    "smtp_delivery_poll": [POINTER(Step), c_size_t],
    "smtp_delivery_connected": [],
    "smtp_delivery_connected_from": [c_char_p, c_size_t],
    "smtp_delivery_connect_failed": _TEXT,
    "smtp_delivery_sent": [c_size_t],
    "smtp_delivery_received": [c_char_p, c_size_t],
    "smtp_delivery_disconnected": [c_uint32],
    "smtp_delivery_timed_out": [],
    "smtp_delivery_content": [c_char_p, c_size_t],
    "smtp_delivery_end_content": [],
    "smtp_delivery_rewound": [],
    "smtp_delivery_cannot_rewind": [],
    "smtp_delivery_secured": [c_uint32, *_TEXT, c_uint32],
    "smtp_delivery_secure_failed": _TEXT,
    "smtp_delivery_auth_start": [c_char_p, c_size_t],
    "smtp_delivery_auth_response": [c_char_p, c_size_t],
    "smtp_delivery_auth_complete": [],
    "smtp_delivery_auth_abandon": _TEXT,
    "smtp_delivery_hide": [c_char_p, c_size_t],
    "smtp_delivery_cancel": [c_uint32],
    "smtp_delivery_deliver_next": [c_void_p],
    "smtp_delivery_quit": [],
    "smtp_delivery_know": [POINTER(KnownHost), c_size_t],
    "smtp_delivery_known_host": [POINTER(KnownHost), c_size_t],
    "smtp_delivery_report": [POINTER(Report), c_size_t],
    "smtp_delivery_report_text": _OUT_TEXT,
    "smtp_delivery_report_json": _OUT_TEXT,
    "smtp_delivery_recipient": [c_size_t, POINTER(_Recipient), c_size_t],
    "smtp_delivery_recipient_reason": [c_size_t, *_OUT_TEXT],
    "smtp_error_text": _OUT_TEXT,
}


def _load() -> ctypes.CDLL:
    name = os.environ.get("SMTP_PROTO_LIBRARY") or ctypes.util.find_library("smtp_proto")
    if name is None:
        raise ImportError("libsmtp_proto is not installed: set SMTP_PROTO_LIBRARY to its path")
    library = ctypes.CDLL(name)
    if library.smtp_abi_version() != ABI_VERSION:
        raise ImportError(f"{name} has version {library.smtp_abi_version()} of the interface, not {ABI_VERSION}")
    library.smtp_status_text.argtypes, library.smtp_status_text.restype = [c_uint32], c_char_p
    library.smtp_clock_left.argtypes = [POINTER(Clock), POINTER(Step), c_uint64]
    library.smtp_clock_left.restype = c_uint64
    for made in ("smtp_config_new", "smtp_envelope_new"):
        getattr(library, made).argtypes = [c_char_p, c_size_t, POINTER(c_void_p)]
    for name, arguments in _FUNCTIONS.items():
        getattr(library, name).argtypes = [c_void_p, *arguments]
    return library


_library = _load()


class _Handle:
    """A handle, which is freed with the object."""

    _free = ""

    def __init__(self, made: str, *arguments: object) -> None:
        self._handle = c_void_p()
        status = getattr(_library, made)(*arguments, byref(self._handle))
        if status != Status.SMTP_OK:
            raise SmtpError(status, _library.smtp_status_text(status).decode())

    def __del__(self) -> None:
        getattr(_library, self._free)(self._handle)

    def _call(self, function: str, *arguments: object) -> None:
        status = getattr(_library, function)(self._handle, *arguments)
        if status != Status.SMTP_OK:
            raise SmtpError(status, self._text("smtp_error_text") or _library.smtp_status_text(status).decode())

    def _text(self, function: str, *arguments: object) -> str:
        needed = c_size_t()
        getattr(_library, function)(self._handle, *arguments, None, 0, byref(needed))
        buffer = ctypes.create_string_buffer(needed.value + 1)
        getattr(_library, function)(self._handle, *arguments, buffer, len(buffer), None)
        return buffer.value.decode()


class Config(_Handle):
    """`smtp_config`: the policy, which deliveries share."""

    _free = "smtp_config_free"

    def __init__(self, hello_name: str) -> None:
        super().__init__("smtp_config_new", *_octets(hello_name))

    def set(self, option: Option, value: int) -> None:
        self._call("smtp_config_set", option, value)

    def get(self, option: Option) -> int:
        value = c_uint64()
        self._call("smtp_config_get", option, byref(value))
        return value.value

    def add_mechanism(self, mechanism: Mechanism) -> None:
        self._call("smtp_config_add_mechanism", mechanism)


class Envelope(_Handle):
    """`smtp_envelope`: the sender, and the recipients."""

    _free = "smtp_envelope_free"

    def __init__(self, reverse_path: str, *recipients: str) -> None:
        super().__init__("smtp_envelope_new", *_octets(reverse_path))
        for recipient in recipients:
            self.add_recipient(recipient)

    def add_recipient(self, address: str) -> None:
        self._call("smtp_envelope_add_recipient", *_octets(address))

    def set(self, option: EnvelopeOption, value: int) -> None:
        self._call("smtp_envelope_set", option, value)

    def set_notify(self, recipient: int, when: int) -> None:
        self._call("smtp_envelope_set_notify", recipient, when)

    def set_id(self, envelope_id: str) -> None:
        self._call("smtp_envelope_set_id", *_octets(envelope_id))


class Recipient:
    """`smtp_recipient`, copied."""

    def __init__(self, found: _Recipient, reason: str) -> None:
        self.status = RecipientStatus(found.status)
        self.address = bytes(found.address).decode()
        self.reply = bytes(found.reply)
        self.code: int = found.code
        self.enhanced: tuple[int, ...] = tuple(found.enhanced)
        self.reason = reason


class Delivery(_Handle):
    """`smtp_delivery`: one message to one next hop. `_call` reaches the functions that have no method here."""

    _free = "smtp_delivery_free"

    def __init__(self, config: Config, envelope: Envelope) -> None:
        super().__init__("smtp_delivery_new", config._handle, envelope._handle)

    def poll(self) -> Step:
        step = Step()
        self._call("smtp_delivery_poll", byref(step), ctypes.sizeof(step))
        return step

    def connected(self) -> None:
        self._call("smtp_delivery_connected")

    def connect_failed(self, why: str) -> None:
        self._call("smtp_delivery_connect_failed", *_octets(why))

    def sent(self, octets: int) -> None:
        self._call("smtp_delivery_sent", octets)

    def received(self, octets: bytes) -> None:
        self._call("smtp_delivery_received", octets, len(octets))

    def disconnected(self, how: Disconnect) -> None:
        self._call("smtp_delivery_disconnected", how)

    def timed_out(self) -> None:
        self._call("smtp_delivery_timed_out")

    def content(self, octets: bytes) -> None:
        self._call("smtp_delivery_content", octets, len(octets))

    def end_content(self) -> None:
        self._call("smtp_delivery_end_content")

    def rewound(self) -> None:
        self._call("smtp_delivery_rewound")

    def cannot_rewind(self) -> None:
        self._call("smtp_delivery_cannot_rewind")

    def secure_failed(self, why: str) -> None:
        self._call("smtp_delivery_secure_failed", *_octets(why))

    def auth_abandon(self, why: str) -> None:
        self._call("smtp_delivery_auth_abandon", *_octets(why))

    def cancel(self, why: Cancel) -> None:
        self._call("smtp_delivery_cancel", why)

    def deliver_next(self, envelope: Envelope) -> None:
        self._call("smtp_delivery_deliver_next", envelope._handle)

    def quit(self) -> None:
        self._call("smtp_delivery_quit")

    def know(self, host: KnownHost) -> None:
        self._call("smtp_delivery_know", byref(host), ctypes.sizeof(host))

    def known_host(self) -> KnownHost:
        host = KnownHost()
        self._call("smtp_delivery_known_host", byref(host), ctypes.sizeof(host))
        return host

    def report(self) -> Report:
        report = Report()
        self._call("smtp_delivery_report", byref(report), ctypes.sizeof(report))
        return report

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.report().outcome)

    def report_text(self) -> str:
        return self._text("smtp_delivery_report_text")

    def report_json(self) -> str:
        return self._text("smtp_delivery_report_json")

    def recipient(self, index: int) -> Recipient:
        found = _Recipient()
        self._call("smtp_delivery_recipient", index, byref(found), ctypes.sizeof(found))
        return Recipient(found, self._text("smtp_delivery_recipient_reason", index))


def _octets(text: str) -> tuple[bytes, int]:
    octets = text.encode()
    return octets, len(octets)


class Driver:
    """Drives deliveries to a server over TCP, one connection at a time, without TLS and without credentials."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._peer: tuple | None = None
        self._socket: socket.socket | None = None
        self._write_failed = False
        self._clock = Clock()

    def deliver(self, delivery: Delivery, message: BinaryIO | None = None) -> None:
        """Performs the steps of a delivery until it is done. If it keeps its connection, the next call uses it."""
        self._clock = Clock()
        start = message.tell() if message is not None and message.seekable() else None
        while (step := delivery.poll()).kind != StepKind.SMTP_STEP_DONE:
            if step.kind == StepKind.SMTP_STEP_CONNECT:
                self._connect(delivery, step)
            elif step.kind == StepKind.SMTP_STEP_CONTENT:
                _give_content(delivery, message, step.room)
            elif step.kind == StepKind.SMTP_STEP_REWIND:
                if message is None or start is None:
                    delivery.cannot_rewind()
                else:
                    message.seek(start)
                    delivery.rewound()
            elif step.kind == StepKind.SMTP_STEP_SECURE:
                delivery.secure_failed("this driver does not support TLS")
            elif step.kind in (StepKind.SMTP_STEP_TRANSMIT, StepKind.SMTP_STEP_RECEIVE):
                self._exchange(delivery, step)
            else:
                delivery.auth_abandon("this driver has no credentials")
        if not step.is_kept:
            self.close()

    def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _connect(self, delivery: Delivery, step: Step) -> None:
        self.close()
        self._write_failed, self._clock = False, Clock()
        why = "the name has no address"
        try:
            if step.place == Place.SMTP_PLACE_SAME and self._peer is not None:
                found = [self._peer]
            else:
                found = [(at[0], at[4]) for at in socket.getaddrinfo(*self._server, type=socket.SOCK_STREAM)]
            for family, address in found:
                opened = socket.socket(family, socket.SOCK_STREAM)
                try:
                    opened.settimeout(max(step.timeout / 1000, 0.001))
                    opened.connect(address)
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    opened.setblocking(False)
                    self._socket, self._peer = opened, (family, address)
                    return delivery.connected()
                except OSError as error:
                    opened.close()
                    why = str(error)
        except OSError as error:
            why = str(error)
        delivery.connect_failed(why)

    def _exchange(self, delivery: Delivery, step: Step) -> None:
        """Reads what has arrived. If there is nothing, writes what there is to write. If that is not possible, waits."""
        connection = self._socket
        if connection is None:
            return delivery.disconnected(Disconnect.SMTP_DISCONNECT_CLOSED)
        try:
            octets = connection.recv(16384)
            return delivery.received(octets) if octets else delivery.disconnected(Disconnect.SMTP_DISCONNECT_CLOSED)
        except BlockingIOError:
            if self._write_failed:
                return delivery.disconnected(Disconnect.SMTP_DISCONNECT_WRITE_FAILED)
        except ConnectionResetError:
            how = Disconnect.SMTP_DISCONNECT_WRITE_FAILED if self._write_failed else Disconnect.SMTP_DISCONNECT_RESET
            return delivery.disconnected(how)
        except OSError:
            return delivery.disconnected(Disconnect.SMTP_DISCONNECT_READ_FAILED)
        transmits = step.kind == StepKind.SMTP_STEP_TRANSMIT
        if transmits:
            try:
                return delivery.sent(connection.send(step.octets))
            except BlockingIOError:
                pass
            except OSError:
                self._write_failed = True
                return
        left = _library.smtp_clock_left(byref(self._clock), byref(step), time.monotonic_ns() // 1_000_000)
        if left == 0:
            return delivery.timed_out()
        select.select([connection], [connection] if transmits else [], [], left / 1000)


def _give_content(delivery: Delivery, message: BinaryIO | None, room: int) -> None:
    try:
        octets = message.read(min(room, 16384)) if message is not None else b""
    except OSError:
        return delivery.cancel(Cancel.SMTP_CANCEL_CONTENT_UNREADABLE)
    if octets:
        delivery.content(octets)
    else:
        delivery.end_content()
