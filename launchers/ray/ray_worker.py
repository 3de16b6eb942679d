"""Ray on the other nodes of a job."""

import os
import shutil
import socket

from ray_addresses import plain
from ray_errors import HEAD_FAILED, RAY_MISSING, WORKERS_FAILED, Failure
from ray_events import Lines
from ray_node import START_TRIALS, Node


class Worker:
    """Ray on another node, as long as the head's supervisor is there."""

    def __init__(self, events, options, directory):
        self.events, self.options, self.directory = events, options, directory
        self.address = None
        self.ready = False
        self.over = False

    def run(self):
        """The exit code, which nobody but a reader of logs sees."""
        stream, secret = self.find_head()
        here = plain(stream.getsockname()[0])
        self.head = Lines(self.events, stream, self.heard, self.gone)
        self.head.send(f"{secret} {os.environ.get('SLURMD_NODENAME', here)}")
        try:
            if shutil.which("ray") is None:
                raise Failure(RAY_MISSING, "there is no `ray` on PATH")
            self.events.until_or_told(lambda: self.address or self.over, float("inf"))
            if not self.over:
                self.join(here)
            return 0
        except Failure as failure:
            self.head.send("failed " + str(failure).replace("\n", " "))
            raise
        finally:
            self.head.close()

    def find_head(self):
        """The connection to the head's supervisor, and the secret that it asks for."""
        path = os.path.join(self.directory, f"ray.{os.environ.get('SLUICE_RUN', '')}")
        found = []

        def reached():
            # A look at the whole directory makes a network's file system look again for the file.
            os.listdir(self.directory)
            try:
                with open(path) as file:
                    port, secret, *addresses = file.read().split()
            except (OSError, ValueError):
                return False
            for address in addresses:
                try:
                    found.append((socket.create_connection((address, int(port)), timeout=5), secret))
                    return True
                except OSError:
                    continue
            return False

        seconds = self.options.headTimeoutSeconds + self.options.workersTimeoutSeconds
        if not self.events.until_or_told(reached, seconds):
            raise Failure(HEAD_FAILED, "the head's node cannot be reached")
        found[0][0].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return found[0]

    def heard(self, line):
        word, _, rest = line.partition(" ")
        if word == "ray":
            self.address = rest
        elif word == "ready":
            self.ready = True
        elif word == "over":
            self.over = True

    def gone(self):
        self.over = True

    def join(self, here):
        """Runs Ray until the head's supervisor says that it is over, or goes."""
        node = Node(self.events, self.options, self.directory)
        try:
            for trial in range(1, START_TRIALS + 1):
                node.start(here, [f"--address={self.address}", *self.options.workerArguments])
                self.events.until_or_told(lambda: self.over or node.ended(), float("inf"))
                if self.over:
                    return
                # Ray gives itself 30 s to come up, which can be too little where many start at once.
                if self.ready or trial == START_TRIALS:
                    raise Failure(WORKERS_FAILED, node.last_words())
                node.stop()
        finally:
            node.stop()
            node.leave()
