"""The shared library, with the types of its functions."""

import ctypes
import ctypes.util
import os
from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

from smtp_proto.structs import Clock, KnownHost, RawAttempt, RawRecipient, Report, Step, Text

ABI_VERSION = 1
_TEXT = [c_char_p, c_size_t]
_OUT_TEXT = [c_char_p, c_size_t, POINTER(c_size_t)]
# The arguments after the handle of each function.
FUNCTIONS: dict[str, list[type]] = {
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
    "smtp_delivery_recipient": [c_size_t, POINTER(RawRecipient), c_size_t],
    "smtp_delivery_recipient_reason": [c_size_t, *_OUT_TEXT],
    "smtp_delivery_attempt": [c_size_t, POINTER(RawAttempt), c_size_t],
    "smtp_delivery_attempt_text": [c_size_t, *_OUT_TEXT],
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
    library.smtp_mechanism_name.argtypes = [c_uint32, POINTER(Text)]
    for made in ("smtp_config_new", "smtp_envelope_new"):
        getattr(library, made).argtypes = [c_char_p, c_size_t, POINTER(c_void_p)]
    for name, arguments in FUNCTIONS.items():
        getattr(library, name).argtypes = [c_void_p, *arguments]
    return library


LIBRARY = _load()
