"""The supervisors of the other nodes, as the head's sees them: each holds a connection."""

import os
import secrets
import socket

from ray_addresses import listening, plain
from ray_events import Lines


def write_atomically(path, text):
    """Nobody but this account can read it, and nobody sees a part of it."""
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


class Peers:
    """Takes their connections, tells them what happens and hears what they say."""

    def __init__(self, events):
        self._events = events
        self._secret = secrets.token_hex(16)
        self._listener = listening()
        self._names = {}
        self._told = []
        self.reached = None
        """The address by which the first of them has reached this node."""
        self.complaints = []
        """What they say of why they have no Ray."""
        events.listen(self._listener, self._greet)

    def publish(self, path, addresses):
        """Leaves word of where they reach us."""
        port = str(self._listener.getsockname()[1])
        write_atomically(path, " ".join([port, self._secret, *addresses]) + "\n")

    def _greet(self):
        stream, _ = self._listener.accept()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        here = plain(stream.getsockname()[0])

        def heard(line):
            word, _, rest = line.partition(" ")
            if word == self._secret:
                self._names[lines] = rest
                self.reached = self.reached or here
                for each in self._told:
                    lines.send(each)
            elif lines in self._names and word == "failed":
                self.complaints.append(f"{self._names[lines]}: {rest}")

        lines = Lines(self._events, stream, heard, lambda: self._names.pop(lines, None))

    def tell(self, line):
        """Tells all, also those that come later."""
        self._told.append(line)
        for lines in list(self._names):
            lines.send(line)

    def gone(self):
        """Whether none is left. Each goes when nothing of Ray is left on its node."""
        return not self._names

    def close(self):
        """Takes no more."""
        self._events.forget(self._listener)
        self._listener.close()
