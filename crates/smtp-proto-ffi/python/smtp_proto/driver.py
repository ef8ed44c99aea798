"""A driver for TCP."""

from __future__ import annotations

import select
import socket
import time
from ctypes import byref
from typing import BinaryIO

from smtp_proto.delivery import Delivery
from smtp_proto.enums import Cancel, Disconnect, Place, StepKind
from smtp_proto.library import LIBRARY
from smtp_proto.structs import Clock, Step


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
        """Reads what has arrived. If there is nothing, writes what there is. If that is not possible, waits."""
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
        left = LIBRARY.smtp_clock_left(byref(self._clock), byref(step), time.monotonic_ns() // 1_000_000)
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
