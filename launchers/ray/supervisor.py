"""Runs Ray on one node of a job, and on the first node the payload beside it.

    supervisor.py head OPTIONS DIRECTORY SPOOL READY [COMMAND...]
        Ray's head, and the payload beside it; READY is written to SPOOL once all nodes have registered
    supervisor.py worker OPTIONS DIRECTORY
        Ray on another node of the same job
    supervisor.py connect OPTIONS COMMAND...
        the payload with a Ray that stands already
    supervisor.py nodes ADDRESS
        prints how many nodes Ray has, whenever that changes

OPTIONS is a JSON object, see `Options`; DIRECTORY is the attempt's, which all nodes of the job share. The workers hold a connection to the head's supervisor: by it they
learn where Ray is, either side learns at once that the other has gone, and the head learns which of its
addresses the others reach. Needs nothing but Python's own library and Ray.
"""

import ctypes
import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

# Exit codes of what is not the payload's fault.
RAY_MISSING = os.EX_UNAVAILABLE
HEAD_FAILED = os.EX_SOFTWARE
WORKERS_FAILED = os.EX_OSERR
UNREACHABLE = os.EX_NOHOST

MARK = "SLUICE_RAY_MARK"
TEMP_PREFIX = "sluice-ray-"
# Ray puts some 80 bytes behind its directory for the sockets, whose paths may have 107.
LONGEST_TEMP_BASE = 14
LOG_FILE_BYTES = 1 << 20
LOG_BYTES = 32 << 20
PORT_TRIALS = 3


class Failure(Exception):
    """What ends the job with an exit code of its own."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Told(Exception):
    """A signal told the job to end."""

    def __init__(self, number):
        super().__init__(number)
        self.code = 128 + number


def say(message):
    print("sluice: ray: " + message, file=sys.stderr, flush=True)


class Events:
    """Waits for signals, ends of children and input, whichever comes first."""

    def __init__(self):
        self.told = 0
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


def joined(host, port):
    """The address as Ray and URLs write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def resolved(name):
    """Addresses of the name, those of IPv4 first."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted(dict.fromkeys(each[4][0].split("%")[0] for each in found), key=lambda a: ":" in a)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def usable(address):
    """Whether this machine has the address and others can use it."""
    if address.startswith(("127.", "fe80:")) or address == "::1":
        return False
    try:
        with socket.socket(family(address), socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
        return True
    except OSError:
        return False


def towards(address):
    """The address from which this machine reaches another; nothing is sent."""
    try:
        with socket.socket(family(address), socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return [probe.getsockname()[0]]
    except OSError:
        return []


def own_addresses(other):
    """Addresses of this node that others may reach, the likeliest first."""
    names = [os.environ.get("SLURMD_NODENAME"), socket.gethostname(), socket.getfqdn()]
    found = [address for name in names if name for address in resolved(name)]
    for address in resolved(other) if other else []:
        found += towards(address)
    return [address for address in dict.fromkeys(found) if usable(address)]


def free_ports(address, count):
    """Ports that nobody uses right now; all are held until the last is found, so that they differ."""
    held = []
    try:
        for _ in range(count):
            probe = socket.socket(family(address), socket.SOCK_STREAM)
            held.append(probe)
            probe.bind((address, 0))
        return [probe.getsockname()[1] for probe in held]
    finally:
        for probe in held:
            probe.close()


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


class Temporary:
    """Ray's directory on this node. Whoever holds its lock lives; what is left of others goes."""

    def __init__(self):
        base = os.environ.get("TMPDIR") or "/tmp"
        if len(base) > LONGEST_TEMP_BASE or not os.access(base, os.W_OK):
            base = "/tmp"
        self._sweep(base)
        self.path = tempfile.mkdtemp(prefix=TEMP_PREFIX, dir=base)
        self._lock = self._take(self.path)

    @staticmethod
    def _take(path):
        lock = open(os.path.join(path, ".lock"), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            lock.close()
            return None

    def _sweep(self, base):
        for name in os.listdir(base):
            path = os.path.join(base, name)
            if not name.startswith(TEMP_PREFIX):
                continue
            try:
                # One without a lock may be in the making.
                if os.lstat(path).st_uid != os.getuid() or not os.path.exists(f"{path}/.lock"):
                    continue
                lock = self._take(path)
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
            shutil.rmtree(self.path, ignore_errors=True)
            if not os.path.exists(self.path):
                break
            time.sleep(0.05)
        self._lock.close()


class Options(SimpleNamespace):
    """What the launcher says; what it leaves out is None.

    place: "allocation" or "host"; port, cpus, gpus, objectStoreBytes, dashboard, dashboardPort, headArguments, workerArguments,
    headTimeoutSeconds, workersTimeoutSeconds, graceSeconds: see the spec; address or standing: of `connect`.
    """

    def __getattr__(self, _name):
        return None


class Node:
    """Ray on this node: started, watched, and ended with all that belongs to it."""

    def __init__(self, events, options, directory):
        self.events, self.options, self.directory = events, options, directory
        self.mark = secrets.token_hex(16)
        self.temporary = Temporary()
        self.environment = {
            **os.environ,
            MARK: self.mark,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DISABLE_IMPORT_WARNING": "1",
        }
        self.ray = None
        self.name = os.environ.get("SLURMD_NODENAME") or socket.gethostname().split(".")[0]
        task = os.environ.get("SLURM_ARRAY_TASK_ID")
        self.suffix = f".{task}" if task else ""

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

    def last_words(self):
        """The end of what `ray start` printed."""
        with open(os.path.join(self.temporary.path, "start.log"), "rb") as log:
            text = log.read().decode(errors="replace")
        return "".join("\n  " + line for line in text.splitlines()[-12:])

    def stop(self):
        """Ends all processes of this Ray, kindly at first."""
        if self.ray is not None and self.ray.poll() is None:
            self.ray.terminate()
            self.events.until(lambda: self.ray.poll() is not None, self.options.graceSeconds)
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


def own_gpus():
    """How many GPUs the job has on this node."""
    count = os.environ.get("SLURM_GPUS_ON_NODE")
    if count is not None and count.isdigit():
        return int(count)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return len([each for each in visible.split(",") if each not in ("", "NoDevFiles", "-1")])


class Head:
    """Ray's head with the payload."""

    def __init__(self, events, options, directory, spool, ready, *command):
        self.events, self.options, self.command = events, options, command
        self.spool, self.ready = spool, ready
        nodes = os.environ.get("SLURM_JOB_NUM_NODES") if options.place == "allocation" else None
        self.others = int(nodes or 1) - 1
        self.peers = {}
        self.reached = None
        self.nodes = 0
        self.over = False
        self.complaints = []
        self.node = Node(events, options, directory)
        self.state = os.path.join(directory, f"ray.{os.environ.get('SLUICE_RUN', 'here')}")
        self.cluster = os.path.join(directory, f"cluster{self.node.suffix}")
        self.listener = None

    def run(self):
        """The exit code of the job."""
        payload = None
        try:
            address, dashboard = self.bring_up()
            self.publish(address, dashboard)
            if not self.command:
                self.stand()
            payload = self.start_payload(address)
            self.events.until_or_told(lambda: payload.poll() is not None, float("inf"))
            return exit_code(payload.returncode)
        except Told as told:
            if payload is None:
                return told.code
            self.events.until(lambda: payload.poll() is not None, self.options.graceSeconds)
            return told.code if payload.poll() is None else exit_code(payload.returncode)
        finally:
            self.take_down(payload)

    def bring_up(self):
        host = self.address()
        for trial in range(1, PORT_TRIALS + 1):
            gcs, client, dashboard = free_ports(host, 3)
            gcs = self.options.port or gcs
            dashboard = self.options.dashboardPort or dashboard
            own = self.options.headArguments or []
            self.node.start(host, [
                "--head", f"--port={gcs}", f"--ray-client-server-port={client}",
                f"--include-dashboard={'true' if self.options.dashboard else 'false'}",
                f"--dashboard-host={host}", f"--dashboard-port={dashboard}", *own,
            ])
            address = joined(host, gcs)
            probe = self.watch_nodes(address)
            try:
                up = self.events.until_or_told(
                    lambda: self.nodes > 0 or self.node.ray.poll() is not None,
                    self.options.headTimeoutSeconds,
                )
                if self.nodes > 0:
                    self.await_workers(address)
                    return address, joined(host, dashboard) if self.options.dashboard else None
            finally:
                probe.kill()
                probe.wait()
            # Between the look at a port and Ray's use of it somebody else may have taken it.
            if not up or trial == PORT_TRIALS or self.options.port or self.options.dashboardPort:
                why = "is not up in time" if not up else f"ended with {self.node.ray.returncode}"
                raise Failure(HEAD_FAILED, f"the head {why}:{self.node.last_words()}")
            self.node.stop()

    def address(self):
        """The address of this node that the others reach."""
        if self.options.place == "host":
            return "127.0.0.1"
        found = own_addresses(first_other())
        if self.others == 0:
            return (found + ["127.0.0.1"])[0]
        secret = secrets.token_hex(16)
        self.listener = listening()
        self.events.listen(self.listener, lambda: self.greet(secret))
        words = [str(self.listener.getsockname()[1]), secret, *found]
        write_atomically(self.state, " ".join(words) + "\n")
        # The first of the others tells which it is: names alone can mislead.
        if self.events.until_or_told(lambda: self.reached, self.options.workersTimeoutSeconds):
            return self.reached
        raise Failure(WORKERS_FAILED, f"none of the {self.others} other nodes has come: see peers.*.log")

    def greet(self, secret):
        stream, _ = self.listener.accept()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        here = stream.getsockname()[0]
        here = here[7:] if here.startswith("::ffff:") else here

        def heard(line):
            word, _, rest = line.partition(" ")
            if word == secret:
                self.peers[lines] = rest
                self.reached = self.reached or here
            elif lines in self.peers and word == "failed":
                self.complaints.append(f"{self.peers[lines]}: {rest}")

        lines = Lines(self.events, stream, heard, lambda: self.peers.pop(lines, None))

    def watch_nodes(self, address):
        """Keeps `nodes` the number of nodes that Ray itself counts."""
        mine, other = socket.socketpair()
        command = [sys.executable, __file__, "nodes", address]
        probe = self.node.run(command, stdout=other)
        other.close()
        self.nodes = 0

        def counted(line):
            self.nodes = int(line)

        Lines(self.events, mine, counted, lambda: None)
        return probe

    def await_workers(self, address):
        wanted = self.others + 1
        told = set()

        def registered():
            for lines in [each for each in self.peers if each not in told]:
                lines.send(f"ray {address}")
                told.add(lines)
            return self.nodes >= wanted or self.complaints or self.node.ray.poll() is not None

        self.events.until_or_told(registered, self.options.workersTimeoutSeconds)
        if self.nodes >= wanted:
            return
        if self.node.ray.poll() is not None:
            raise Failure(HEAD_FAILED, f"the head ended with {self.node.ray.returncode}:{self.node.last_words()}")
        raise Failure(
            WORKERS_FAILED,
            f"{self.nodes} of {wanted} nodes have registered with the head"
            + "".join(f"\n  {each}" for each in self.complaints or ["see peers.*.log and ray-logs.*"]),
        )

    def publish(self, address, dashboard):
        text = f"framework=ray\naddress={address}\n" + (f"dashboard={dashboard}\n" if dashboard else "")
        write_atomically(self.cluster, text)
        try:
            with open(self.spool, "a") as spool:
                spool.write(self.ready + "\n")
        except OSError:
            # A spool that cannot be written does no harm.
            pass

    def stand(self):
        """Until a signal comes or the head ends."""
        self.events.until_or_told(lambda: self.node.ray.poll() is not None, float("inf"))
        raise Failure(HEAD_FAILED, f"the head ended with {self.node.ray.returncode}:{self.node.last_words()}")

    def start_payload(self, address):
        environment = {**os.environ, MARK: self.node.mark, "RAY_ADDRESS": address}
        environment["RAY_USAGE_STATS_ENABLED"] = "0"
        return start_payload(self.command, environment)

    def take_down(self, payload):
        if self.listener is not None:
            self.events.forget(self.listener)
            self.listener.close()
        for path in (self.state, self.cluster):
            try:
                os.unlink(path)
            except OSError:
                pass
        for lines in list(self.peers):
            lines.send("over")
        if payload is not None and payload.poll() is None:
            payload.kill()
        self.node.stop()
        self.node.leave()
        # Each lets go once nothing of it is left on its node.
        self.events.until(lambda: not self.peers, self.options.graceSeconds + 2)


def exit_code(returncode):
    """As a shell has it."""
    return 128 - returncode if returncode < 0 else returncode


def start_payload(command, environment):
    try:
        return subprocess.Popen(command, env=environment)
    except OSError as error:
        raise Failure(126 if isinstance(error, PermissionError) else 127, f"{command[0]}: {error.strerror}")


def listening():
    """A socket that takes connections by IPv6 and IPv4, as far as this machine has them."""
    try:
        listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", 0))
    except OSError:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("0.0.0.0", 0))
    listener.listen(1024)
    return listener


def first_other():
    """Name of another node of the job, where there is one."""
    nodes = os.environ.get("SLURM_JOB_NODELIST", "")
    try:
        listed = subprocess.run(
            ["scontrol", "show", "hostnames", nodes], capture_output=True, text=True, timeout=10
        ).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return None
    own = os.environ.get("SLURMD_NODENAME")
    return next((name for name in listed if name != own), None)


def write_atomically(path, text):
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


class Worker:
    """Ray on another node, as long as the head's supervisor is there."""

    def __init__(self, events, options, directory):
        self.events, self.options, self.directory = events, options, directory
        self.address = None
        self.over = False

    def run(self):
        state = os.path.join(self.directory, f"ray.{os.environ.get('SLUICE_RUN', '')}")
        stream = self.find_head(state)
        here = stream.getsockname()[0]
        here = here[7:] if here.startswith("::ffff:") else here
        lines = Lines(self.events, stream, self.heard, self.gone)
        lines.send(f"{self.secret} {os.environ.get('SLURMD_NODENAME', here)}")
        try:
            if shutil.which("ray") is None:
                lines.send("failed: there is no `ray` on its PATH")
                raise Failure(RAY_MISSING, "there is no `ray` on PATH")
            self.events.until_or_told(lambda: self.address or self.over, float("inf"))
            if not self.over:
                self.join(here, lines)
        finally:
            lines.close()
        return 0

    def find_head(self, state):
        found = []

        def connected():
            # A look at the whole directory makes a network's file system look again for the file.
            os.listdir(self.directory)
            try:
                with open(state) as file:
                    port, self.secret, *addresses = file.read().split()
            except (OSError, ValueError):
                return False
            for address in addresses:
                try:
                    found.append(socket.create_connection((address, int(port)), timeout=5))
                    return True
                except OSError:
                    continue
            return False

        seconds = self.options.headTimeoutSeconds + self.options.workersTimeoutSeconds
        if not self.events.until_or_told(connected, seconds):
            raise Failure(HEAD_FAILED, "the head's node cannot be reached")
        found[0].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return found[0]

    def heard(self, line):
        word, _, rest = line.partition(" ")
        if word == "ray":
            self.address = rest
        elif word == "over":
            self.over = True

    def gone(self):
        self.over = True

    def join(self, here, lines):
        node = Node(self.events, self.options, self.directory)
        try:
            node.start(here, [f"--address={self.address}", *(self.options.workerArguments or [])])
            self.events.until_or_told(lambda: self.over or node.ray.poll() is not None, float("inf"))
            if not self.over:
                words = f"`ray start` ended with {node.ray.returncode}"
                lines.send(f"failed {words}:{node.last_words()}".replace("\n", " "))
                raise Failure(WORKERS_FAILED, words + ":" + node.last_words())
        finally:
            node.stop()
            node.leave()


def connect(events, options, command):
    """The payload with a Ray that stands already: becomes it."""
    address = options.address
    if options.standing is not None:
        address = standing_address(events, options)
    host, _, port = address.rpartition(":")
    host = host.split("://")[-1].strip("[]")
    if port.isdigit():

        def answers():
            try:
                socket.create_connection((host, int(port)), timeout=5).close()
                return True
            except OSError:
                return False

        if not events.until_or_told(answers, options.headTimeoutSeconds):
            raise Failure(UNREACHABLE, f"nothing answers at {address}")
    payload = start_payload(command, {**os.environ, "RAY_ADDRESS": address, "RAY_USAGE_STATS_ENABLED": "0"})
    # Signals that the job gets reach the payload too.
    events.until(lambda: payload.poll() is not None, float("inf"))
    return exit_code(payload.returncode)


def standing_address(events, options):
    """The address that the job of a standing cluster leaves in its directory."""
    standing = os.path.join(os.environ.get("SLUICE_JOB_DIRECTORY", ""), options.standing)
    found = {}

    def left():
        os.listdir(standing)
        if os.path.exists(os.path.join(standing, "exit")):
            raise Failure(UNREACHABLE, f"the cluster of {standing} has ended")
        try:
            with open(os.path.join(standing, "cluster")) as file:
                found.update(line.rstrip("\n").split("=", 1) for line in file)
        except OSError:
            return False
        return "address" in found

    seconds = options.headTimeoutSeconds + options.workersTimeoutSeconds
    if not events.until_or_told(left, seconds):
        raise Failure(UNREACHABLE, f"the cluster of {standing} does not come up")
    return found["address"]


def print_nodes(address):
    """Prints the number of nodes that are alive whenever it changes; ends when Ray or the reader does."""
    from ray._raylet import GcsClient

    host, _, port = address.rpartition(":")
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
            break
        except OSError:
            time.sleep(0.1)
    client = GcsClient(address=address)
    last = None
    while True:
        nodes = client.get_all_node_info(timeout=10).values()
        count = sum(1 for node in nodes if node.state == 0)
        if count != last:
            print(count, flush=True)
            last = count
        time.sleep(0.2)


def main(mode, argument, *command):
    if mode == "nodes":
        return print_nodes(argument)
    events = Events()
    options = Options(**json.loads(argument))
    try:
        if mode == "connect":
            return connect(events, options, command)
        if mode == "worker":
            return Worker(events, options, *command).run()
        if shutil.which("ray") is None:
            raise Failure(RAY_MISSING, "there is no `ray` on PATH: name the software that brings it")
        return Head(events, options, *command).run()
    except Failure as failure:
        say(str(failure))
        return failure.code
    except Told as told:
        return told.code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
