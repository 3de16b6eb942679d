"""Waiting for whatever comes first."""

import os
import select
import signal
import time

from ray_errors import Told


class Events:
    """Waits for signals, ends of children and input, whichever comes first."""

    def __init__(self):
        self.told = 0
        self._grace_over = None
        self._inputs = {}
        self._wakeup, write = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)
        # The payload gets them too, and it is for it to say what they mean.
        for name in ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU", "SIGCHLD"):
            signal.signal(getattr(signal, name), lambda *_: None)

    def _tell(self, number, _frame):
        self.told = self.told or number

    def listen(self, source, handler):
        """Calls the handler whenever the source can be read."""
        self._inputs[source] = handler

    def forget(self, source):
        self._inputs.pop(source, None)

    def wait(self, seconds):
        """Returns when something has happened, or after that time."""
        ready, _, _ = select.select([self._wakeup, *self._inputs], [], [], max(0, seconds))
        for source in ready:
            if source == self._wakeup:
                try:
                    while os.read(self._wakeup, 512):
                        pass
                except BlockingIOError:
                    pass
            elif source in self._inputs:
                self._inputs[source]()

    def until(self, condition, seconds):
        """Whether the condition came true within that time."""
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            # What sends no event, such as a file of another node, is looked at now and then.
            self.wait(min(left, 0.5))
        return True

    def until_grace_is_over(self, condition, seconds):
        """The same, but all calls together take no longer than that."""
        if self._grace_over is None:
            self._grace_over = time.monotonic() + seconds
        return self.until(condition, self._grace_over - time.monotonic())

    def until_or_told(self, condition, seconds):
        """The same, but raises `Told` as soon as a signal says that the job is to end."""
        met = self.until(lambda: self.told or condition(), seconds)
        if self.told:
            raise Told(self.told)
        return met


class Lines:
    """A socket or pipe by which lines come and go."""

    def __init__(self, events, stream, handler, closed):
        self._events, self._stream = events, stream
        self._handler, self._closed = handler, closed
        self._rest = b""
        stream.setblocking(False)
        events.listen(stream, self._read)

    def _read(self):
        try:
            data = self._stream.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._handler(line.decode(errors="replace"))
        if not data or len(self._rest) > 65536:
            self.close()
            self._closed()

    def send(self, line):
        try:
            self._stream.sendall(line.encode() + b"\n")
        except OSError:
            pass

    def close(self):
        self._events.forget(self._stream)
        self._stream.close()
