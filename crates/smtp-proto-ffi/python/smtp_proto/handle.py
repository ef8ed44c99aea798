"""Handles of the library, and how a refused call is raised."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t, c_void_p

from smtp_proto.enums import Mechanism, Status
from smtp_proto.library import LIBRARY
from smtp_proto.structs import Text


class SmtpError(Exception):
    """A call was refused: its status, and why."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why or LIBRARY.smtp_status_text(status).decode())
        self.status = Status(status)


class Handle:
    """A handle, which is freed with the object."""

    _free = ""

    def __init__(self, made: str, *arguments: object) -> None:
        self._handle = c_void_p()
        status = getattr(LIBRARY, made)(*arguments, byref(self._handle))
        if status != Status.SMTP_OK:
            raise SmtpError(status)

    def __del__(self) -> None:
        getattr(LIBRARY, self._free)(self._handle)

    def _call(self, function: str, *arguments: object) -> None:
        status = getattr(LIBRARY, function)(self._handle, *arguments)
        if status != Status.SMTP_OK:
            raise SmtpError(status, self._text("smtp_error_text"))

    def _text(self, function: str, *arguments: object) -> str:
        needed = c_size_t()
        getattr(LIBRARY, function)(self._handle, *arguments, None, 0, byref(needed))
        buffer = ctypes.create_string_buffer(needed.value + 1)
        getattr(LIBRARY, function)(self._handle, *arguments, buffer, len(buffer), None)
        return buffer.value.decode()


def text_of(text: str | bytes | None) -> tuple[bytes | None, int]:
    """The two arguments for a text or for octets; NULL for None."""
    if text is None:
        return None, 0
    octets = text.encode() if isinstance(text, str) else text
    return octets, len(octets)


def mechanism_name(mechanism: Mechanism) -> str:
    """The registered name, such as `SCRAM-SHA-256`."""
    name = Text()
    status = LIBRARY.smtp_mechanism_name(mechanism, byref(name))
    if status != Status.SMTP_OK:
        raise SmtpError(status)
    return str(name)
