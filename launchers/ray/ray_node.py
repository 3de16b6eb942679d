"""Ray on one node."""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

from ray_errors import say
from ray_temporary import Temporary

MARK = "SLUICE_RAY_MARK"
SECRET_FILE = "cluster_secret"
START_TRIALS = 3
# Without, whoever reaches the node could run programs in the user's name. Older versions know nothing of it.
AUTHENTICATION = {"RAY_AUTH_MODE": "token"}


def bind_to_parent():
    """In a new child: it ends with this process, however that ends, and signals to the job pass it by."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    for name in ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def marked(mark):
    """Processes that have the mark in their environment, but for this one."""
    entry = f"{MARK}={mark}".encode()
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if entry in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def task_suffix():
    """What tells the files of an array's task from those of the others, which share the directory."""
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    return f".{task}" if task else ""


def secret_path(directory):
    """Where the secret is that this Ray asks for."""
    return os.path.join(directory, SECRET_FILE + task_suffix())


def own_gpus():
    """How many GPUs the job has on this node."""
    count = os.environ.get("SLURM_GPUS_ON_NODE")
    if count is not None and count.isdigit():
        return int(count)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return len([each for each in visible.split(",") if each not in ("", "NoDevFiles", "-1")])


class Node:
    """Ray on this node: started, watched, and ended with all that belongs to it."""

    def __init__(self, events, options, directory):
        self.events, self.options, self.directory = events, options, directory
        self.mark = secrets.token_hex(16)
        self.temporary = Temporary(directory)
        self.environment = {
            **os.environ,
            MARK: self.mark,
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        if "RAY_AUTH_MODE" not in os.environ:
            self.environment.update({**AUTHENTICATION, "RAY_AUTH_TOKEN_PATH": secret_path(directory)})
        self.ray = None
        self.name = os.environ.get("SLURMD_NODENAME") or socket.gethostname().split(".")[0]
        self.suffix = task_suffix()

    def start(self, host, words):
        """Starts Ray, which stays a child of this process."""
        options = self.options
        self.log = open(os.path.join(self.temporary.path, "start.log"), "ab")
        cpus = options.cpus
        gpus = options.gpus
        if options.place == "allocation":
            cpus = os.environ.get("SLURM_CPUS_ON_NODE") if cpus is None else cpus
            gpus = own_gpus() if gpus is None else gpus
        self.ray = self.run([
            "ray", "start", "--block", "--disable-usage-stats", "--log-style=record",
            f"--node-ip-address={host}", f"--temp-dir={self.temporary.path}",
            # The kernel gives each a port when it is bound, so that none can be taken.
            "--node-manager-port=0", "--object-manager-port=0", "--dashboard-agent-listen-port=0",
            "--dashboard-agent-grpc-port=0", "--runtime-env-agent-port=0", "--metrics-export-port=0",
            "--min-worker-port=0", "--max-worker-port=0",
            *([] if cpus is None else [f"--num-cpus={cpus}"]),
            *([] if gpus is None else [f"--num-gpus={gpus}"]),
            *([] if options.objectStoreBytes is None
              else [f"--object-store-memory={options.objectStoreBytes}"]),
            *words,
        ])

    def run(self, command, **how):
        """Starts a child that is part of this Ray."""
        streams = {"stdout": self.log, "stderr": self.log, **how}
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, env=self.environment, preexec_fn=bind_to_parent, **streams
        )

    def ended(self):
        """Whether it has ended by itself."""
        return self.ray is not None and self.ray.poll() is not None

    def last_words(self):
        """How `ray start` ended, and the end of what it printed."""
        code = self.ray.poll()
        state = "`ray start` runs on" if code is None else f"`ray start` ended with {code}"
        with open(os.path.join(self.temporary.path, "start.log"), "rb") as log:
            text = log.read().decode(errors="replace")
        return "\n  ".join([state, *text.splitlines()[-12:]])

    def stop(self):
        """Ends all processes of this Ray, kindly at first."""
        if self.ray is not None and self.ray.poll() is None:
            self.ray.terminate()
            self.events.until_grace_is_over(self.ended, self.options.graceSeconds)
        # Those that were killed are gone a moment later, and may have had children in that moment.
        for _ in range(200):
            left = marked(self.mark)
            for process in left:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self.ray is not None and self.ray.poll() is None:
                self.ray.kill()
            elif not left:
                return
            time.sleep(0.02)

    def leave(self):
        """Keeps the logs, and leaves nothing else on the node."""
        target = os.path.join(self.directory, f"ray-logs.{self.name}{self.suffix}")
        try:
            self.temporary.keep_logs(target)
            os.makedirs(target, exist_ok=True)
            shutil.copy(os.path.join(self.temporary.path, "start.log"), target)
        except OSError as error:
            say(f"the logs of {self.name} could not be kept: {error}")
        self.temporary.remove()
