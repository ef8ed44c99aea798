"""A port on loopback that accepts connections, each served by a thread of its own."""

import contextlib
import socket
import threading


class Accepting:
    """Calls `serve(client)` in a thread for each connection to `port`, while the block runs."""

    def __init__(self):
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.accepting = threading.Thread(target=self.accept)
        self.accepting.start()
        return self

    def __exit__(self, *_):
        # Wakes the thread that accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepting.join()
        self.end()
        for thread in self.threads:
            # A peer that does not close its end is not waited for.
            thread.join(10)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                thread = threading.Thread(target=self.serve, args=(client,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def serve(self, client):
        raise NotImplementedError

    def end(self):
        """Ends the connections that are left."""
