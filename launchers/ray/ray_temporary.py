"""Ray's directory on the node's own disk."""

import fcntl
import os
import secrets
import shutil
import tempfile
import time

TEMP_PREFIX = "sluice-ray-"
# Ray puts some 80 bytes behind its directory for the sockets, whose paths may have 107.
LONGEST_TEMP_BASE = 12
LOG_FILE_BYTES = 1 << 20
LOG_BYTES = 32 << 20


class Temporary:
    """Ray's directory on this node. Whoever holds its lock lives."""

    def __init__(self, owner):
        base = os.environ.get("TMPDIR") or "/tmp"
        if len(base) > LONGEST_TEMP_BASE or not os.access(base, os.W_OK):
            base = "/tmp"
        self._base = base
        self._sweep()
        # Others sweep what has the name and no lock that is held.
        made = tempfile.mkdtemp(prefix=".sluice-new-", dir=base)
        self._lock = self._take(made)
        self._lock.write(owner + "\n")
        self._lock.flush()
        self._whole = os.path.join(base, TEMP_PREFIX + secrets.token_hex(4))
        os.rename(made, self._whole)
        # Ray lets everybody write into its directory, so that lies within one which nobody else can enter.
        self.path = os.path.join(self._whole, "r")
        os.mkdir(self.path)

    @staticmethod
    def _take(path):
        lock = open(os.path.join(path, ".lock"), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            lock.close()
            return None

    def _sweep(self):
        """Removes what those left that could not clear away, since all on their node was killed."""
        for name in os.listdir(self._base):
            path = os.path.join(self._base, name)
            if not name.startswith(TEMP_PREFIX):
                continue
            try:
                lock = self._take(path) if os.lstat(path).st_uid == os.getuid() else None
            except OSError:
                continue
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                lock.close()

    def keep_logs(self, target):
        """Copies the ends of Ray's logs, as far as the bound allows."""
        left = LOG_BYTES
        source = os.path.join(self.path, "session_latest", "logs")
        for folder, _, names in os.walk(source):
            into = os.path.join(target, os.path.relpath(folder, source))
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path) or left <= 0:
                    continue
                os.makedirs(into, exist_ok=True)
                with open(path, "rb") as log, open(os.path.join(into, name), "wb") as copy:
                    size = os.fstat(log.fileno()).st_size
                    log.seek(max(0, size - min(LOG_FILE_BYTES, left)))
                    left -= copy.write(log.read(min(LOG_FILE_BYTES, left)))

    def remove(self):
        # Ray's last processes may still write.
        for _ in range(20):
            shutil.rmtree(self._whole, ignore_errors=True)
            if not os.path.exists(self._whole):
                break
            time.sleep(0.05)
        self._lock.close()
        self._sweep()
