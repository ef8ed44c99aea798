"""The structs of smtp_proto.h, and what is copied from them."""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_bool, c_size_t, c_uint32, c_uint64, c_void_p

from smtp_proto.enums import Cause, Hello, Mechanism, Outcome, Place, RecipientStatus, Security, StepKind

NOTIFY_NEVER, NOTIFY_SUCCESS, NOTIFY_FAILURE, NOTIFY_DELAY = 0, 1, 2, 4


class Text(Structure):
    """`smtp_text`."""

    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def __bytes__(self) -> bytes:
        return ctypes.string_at(self.data, self.len) if self.len else b""

    def __str__(self) -> str:
        return bytes(self).decode()


class Step(Structure):
    """`smtp_step`: what to do next."""

    _fields_ = [
        ("kind_number", c_uint32),
        ("progress", c_uint32),
        ("timeout", c_uint64),
        ("data", c_void_p),
        ("data_len", c_size_t),
        ("room", c_size_t),
        ("place_number", c_uint32),
        ("mechanism_number", c_uint32),
        ("outcome_number", c_uint32),
        ("is_kept", c_bool),
        ("is_sensitive", c_bool),
        ("must_verify", c_bool),
        ("has_initial", c_bool),
    ]

    @property
    def kind(self) -> StepKind:
        return StepKind(self.kind_number)

    @property
    def octets(self) -> bytes:
        """What to write, or the challenge: a copy."""
        return ctypes.string_at(self.data, self.data_len) if self.data_len else b""

    @property
    def place(self) -> Place:
        return Place(self.place_number)

    @property
    def mechanism(self) -> Mechanism:
        return Mechanism(self.mechanism_number)

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.outcome_number)


class Clock(Structure):
    """`smtp_clock`: measures the timeouts on one connection."""

    _fields_ = [("since", c_uint64), ("progress", c_uint32), ("is_running", c_uint32)]


class Report(Structure):
    """`smtp_report`."""

    _fields_ = [
        ("outcome_number", c_uint32),
        ("is_kept", c_uint32),
        ("recipients", c_size_t),
        ("attempts", c_size_t),
        ("longest_line", c_uint64),
    ]

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.outcome_number)


class KnownHost(Structure):
    """`smtp_known_host`: keep it with the address of the server, for at most a day."""

    _fields_ = [("secured", c_uint32), ("helo_only", c_uint32), ("recipients", c_uint32), ("lockstep", c_uint32)]


class RawRecipient(Structure):
    """`smtp_recipient`."""

    _fields_ = [
        ("status", c_uint32),
        ("cause", c_uint32),
        ("address", Text),
        ("reply", Text),
        ("code", c_uint32),
        ("enhanced", c_uint32 * 3),
    ]


class Recipient:
    """`smtp_recipient`, copied."""

    def __init__(self, found: RawRecipient, reason: str) -> None:
        self.status = RecipientStatus(found.status)
        self.cause = Cause(found.cause)
        self.address = str(found.address)
        self.reply = bytes(found.reply)
        self.code: int = found.code
        self.enhanced: tuple[int, ...] = tuple(found.enhanced)
        self.reason = reason


class RawAttempt(Structure):
    """`smtp_attempt`."""

    _fields_ = [
        ("hello", c_uint32),
        ("security", c_uint32),
        ("mechanism", c_uint32),
        ("is_reused", c_uint32),
        ("stage", Text),
        ("end", Text),
        ("greeting", Text),
        ("hello_reply", Text),
        ("reply", Text),
    ]


class Attempt:
    """`smtp_attempt`, copied."""

    def __init__(self, found: RawAttempt, text: str) -> None:
        self.hello = Hello(found.hello)
        self.security = Security(found.security)
        self.mechanism = Mechanism(found.mechanism) if found.mechanism else None
        self.is_reused = bool(found.is_reused)
        self.stage = str(found.stage)
        self.end = str(found.end)
        self.greeting = bytes(found.greeting)
        self.hello_reply = bytes(found.hello_reply)
        self.reply = bytes(found.reply)
        self.text = text
