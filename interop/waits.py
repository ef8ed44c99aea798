"""A server on loopback that answers only when the client waits, and so counts how often it does.

While replies are due, the server reads on until the client has sent nothing for SETTLE seconds. Then it sends all of
them at once. What a client sends without waiting in between is therefore one group, and each group is one wait.
"""

import contextlib
import dataclasses
import select
import socket
import time

from accepting import Accepting
from lab import Failed

# A client that pauses for longer in the middle of a group is counted as waiting, so a count may be too high on a busy
# machine. It is never too low, as nothing else is answered before.
SETTLE = 0.1
IDLE = 60
NAME = "server.example"


@dataclasses.dataclass
class Arrived:
    """A message, and how often the client had waited on this connection when its last reply was sent."""

    recipients: list
    content: bytes = b""
    waits: int = 0


class Waits(Accepting):
    """Accepts everything on a port, and offers these keywords after EHLO."""

    def __init__(self, keywords=()):
        super().__init__()
        self.keywords = keywords
        self.connections = []

    def serve(self, client):
        connection = Connection(client, self.keywords)
        self.connections.append(connection)
        connection.serve()

    def end(self):
        # Wakes the threads that wait for a client that has kept its connection.
        for connection in self.connections:
            connection.close()

    @property
    def messages(self):
        """What has arrived completely and was answered, in the order of the connections."""
        return [message for connection in self.connections for message in connection.answered]

    def wait_for(self, count, seconds=30):
        """Waits until this many messages have arrived: some clients go on after their command has ended."""
        until = time.monotonic() + seconds
        while len(self.messages) < count:
            if time.monotonic() > until:
                raise Failed(f"{len(self.messages)} of {count} messages arrived; {self.told()}")
            time.sleep(0.02)

    def told(self):
        """What the client sent, for a message about a failure."""
        groups = [" / ".join(" ".join(group) for group in connection.groups) for connection in self.connections]
        return "; ".join(f"connection {number}: {text}" for number, text in enumerate(groups, 1)) or "no connection"


class Connection:
    """One connection, and the groups in which the client sent its commands."""

    def __init__(self, stream, keywords):
        self.stream = stream
        self.keywords = keywords
        self.groups = []
        self.answered = []
        # Its replies, and what they answer, for those that were not sent yet. The client may send before the greeting.
        self.due, self.names = [f"220 {NAME} ESMTP"], ["greeting"]
        self.complete = []
        self.input = bytearray()
        self.transaction = Arrived([])
        self.in_content, self.chunk, self.last, self.ended = False, 0, False, False

    def close(self):
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_RDWR)

    def serve(self):
        with self.stream, contextlib.suppress(OSError):
            self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self.ended:
                # Otherwise, a client without TCP_NODELAY that writes in pieces pauses for an acknowledgement.
                self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                if select.select([self.stream], [], [], SETTLE if self.due else IDLE)[0]:
                    octets = self.stream.recv(65536)
                    if not octets:
                        # It may have closed its side only, after it has sent everything.
                        self.answer()
                        break
                    self.input += octets
                    while self.take():
                        pass
                elif not self.due:
                    break
                else:
                    self.answer()

    def answer(self):
        """Sends the replies that are due, if any: that is one wait."""
        if not self.due:
            return
        octets = "".join(f"{reply}\r\n" for reply in self.due).encode()
        self.groups.append(self.names)
        self.ended = "QUIT" in self.names
        complete = self.complete
        self.due, self.names, self.complete = [], [], []
        for message in complete:
            message.waits = len(self.groups)
        self.stream.sendall(octets)
        self.answered += complete

    def reply(self, name, text):
        self.names.append(name)
        self.due.append(text)

    def take(self):
        """Takes the next chunk, content or command from the input. Returns whether there was one."""
        if self.chunk > 0:
            piece = self.input[: self.chunk]
            del self.input[: self.chunk]
            self.transaction.content += piece
            self.chunk -= len(piece)
            if self.chunk == 0:
                self.end_chunk()
            return bool(piece)
        line, end, _ = self.input.partition(b"\r\n")
        if not end:
            return False
        del self.input[: len(line) + 2]
        if not self.in_content:
            self.command(line.decode(errors="replace"))
        elif line == b".":
            self.in_content = False
            self.end_content("content")
        else:
            self.transaction.content += bytes(line.removeprefix(b".")) + b"\r\n"
        return True

    def command(self, line):
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if verb == "EHLO":
            lines = [NAME, *self.keywords]
            self.reply(verb, "\r\n".join([*(f"250-{word}" for word in lines[:-1]), f"250 {lines[-1]}"]))
        elif verb in ("HELO", "NOOP"):
            self.reply(verb, "250 ok")
        elif verb in ("MAIL", "RSET"):
            self.transaction = Arrived([])
            self.reply(verb, "250 ok")
        elif verb == "RCPT":
            self.transaction.recipients.append(argument.partition("<")[2].partition(">")[0])
            self.reply(verb, "250 ok")
        elif verb == "DATA":
            self.in_content = True
            self.reply(verb, "354 go")
        elif verb == "BDAT" and "CHUNKING" in self.keywords:
            length, _, last = argument.partition(" ")
            self.chunk, self.last = int(length), last.upper() == "LAST"
            if self.chunk == 0:
                self.end_chunk()
        elif verb == "QUIT":
            self.reply(verb, "221 bye")
        else:
            self.reply(verb, "502 not implemented")

    def end_chunk(self):
        if self.last:
            self.end_content("BDAT")
        else:
            self.reply("BDAT", "250 ok")

    def end_content(self, name):
        self.complete.append(self.transaction)
        self.transaction = Arrived([])
        self.reply(name, "250 ok")
