"""Ray's head with the payload."""

import os
import secrets
import socket
import sys

from ray_addresses import first_other, free_ports, joined, own_addresses
from ray_errors import HEAD_FAILED, WORKERS_FAILED, Failure, Told
from ray_events import Lines
from ray_node import START_TRIALS, Node, secret_path
from ray_payload import exit_code, start_payload
from ray_peers import Peers, write_atomically


class Head:
    """Ray on the first node, on the others through their supervisors, and the payload."""

    def __init__(self, events, options, directory, spool, ready, *command):
        self.events, self.options, self.command = events, options, command
        self.spool, self.ready = spool, ready
        nodes = os.environ.get("SLURM_JOB_NUM_NODES") if options.place == "allocation" else None
        self.wanted = int(nodes or 1)
        self.nodes = 0
        self.peers = Peers(events) if self.wanted > 1 else None
        self.state = os.path.join(directory, f"ray.{os.environ.get('SLUICE_RUN', 'here')}")
        self.secret = secret_path(directory)
        write_atomically(self.secret, secrets.token_hex(32))
        self.node = Node(events, options, directory)
        self.cluster = os.path.join(directory, f"cluster{self.node.suffix}")

    def run(self):
        """The exit code of the job."""
        payload = None
        try:
            address, dashboard = self.bring_up()
            self.publish(address, dashboard)
            if not self.command:
                self.events.until_or_told(self.node.ended, float("inf"))
                raise Failure(HEAD_FAILED, f"the head has ended: {self.node.last_words()}")
            payload = start_payload(self.command, {**self.node.environment, "RAY_ADDRESS": address})
            self.events.until_or_told(lambda: payload.poll() is not None, float("inf"))
            return exit_code(payload.returncode)
        except Told as told:
            if payload is None:
                return told.code
            # It was told as well, and may still need its Ray.
            self.events.until_grace_is_over(lambda: payload.poll() is not None, self.options.graceSeconds)
            return told.code if payload.poll() is None else exit_code(payload.returncode)
        finally:
            self.take_down(payload)

    def bring_up(self):
        """Address of the head and of its dashboard, once all nodes have registered."""
        host = self.host()
        options = self.options
        for trial in range(1, START_TRIALS + 1):
            gcs, client, dashboard = free_ports(host, 3)
            gcs, dashboard = options.port or gcs, options.dashboardPort or dashboard
            address = joined(host, gcs)
            self.node.start(host, [
                "--head", f"--port={gcs}", f"--ray-client-server-port={client}",
                f"--include-dashboard={'true' if options.dashboard else 'false'}",
                f"--dashboard-host={host}", f"--dashboard-port={dashboard}", *options.headArguments,
            ])
            probe = self.watch_nodes(address)
            try:
                self.events.until_or_told(
                    lambda: self.nodes > 0 or self.node.ended(), options.headTimeoutSeconds
                )
                if self.nodes > 0:
                    self.await_workers(address)
                    return address, joined(host, dashboard) if options.dashboard else None
            finally:
                probe.kill()
                probe.wait()
            if not self.node.ended():
                raise Failure(HEAD_FAILED, f"the head is not up in time: {self.node.last_words()}")
            # Between the look at a port and Ray's use of it somebody else may have taken it.
            if trial == START_TRIALS or options.port or options.dashboardPort:
                raise Failure(HEAD_FAILED, f"the head does not come up: {self.node.last_words()}")
            self.node.stop()

    def host(self):
        """The address of this node that the others reach."""
        if self.options.place == "host":
            return "127.0.0.1"
        found = own_addresses(first_other())
        if self.peers is None:
            return (found + ["127.0.0.1"])[0]
        self.peers.publish(self.state, found)
        # The first of the others tells which it is: names alone can mislead.
        if self.events.until_or_told(lambda: self.peers.reached, self.options.workersTimeoutSeconds):
            return self.peers.reached
        raise Failure(WORKERS_FAILED, "none of the other nodes has come: see peers.*.log")

    def watch_nodes(self, address):
        """Keeps `nodes` the number of nodes that Ray itself counts."""
        mine, other = socket.socketpair()
        program = os.path.join(os.path.dirname(__file__), "ray_supervisor.py")
        probe = self.node.run([sys.executable, "-B", program, "nodes", address], stdout=other)
        other.close()
        self.nodes = 0

        def counted(line):
            self.nodes = int(line)

        Lines(self.events, mine, counted, lambda: None)
        return probe

    def await_workers(self, address):
        if self.peers is None:
            return
        self.peers.tell(f"ray {address}")
        self.events.until_or_told(
            lambda: self.nodes >= self.wanted or self.peers.complaints or self.node.ended(),
            self.options.workersTimeoutSeconds,
        )
        if self.node.ended():
            raise Failure(HEAD_FAILED, f"the head has ended: {self.node.last_words()}")
        if self.nodes < self.wanted:
            why = self.peers.complaints or ["see peers.*.log and ray-logs.*"]
            raise Failure(
                WORKERS_FAILED,
                "\n  ".join([f"{self.nodes} of {self.wanted} nodes have registered in time:", *why]),
            )
        self.peers.tell("ready")

    def publish(self, address, dashboard):
        lines = ["framework=ray", f"address={address}"]
        if dashboard is not None:
            lines.append(f"dashboard={dashboard}")
        write_atomically(self.cluster, "\n".join(lines) + "\n")
        try:
            with open(self.spool, "a") as spool:
                spool.write(self.ready + "\n")
        except OSError:
            # A spool that cannot be written does no harm.
            pass

    def take_down(self, payload):
        """Ends everything, on the other nodes at the same time."""
        for path in (self.state, self.cluster, self.secret):
            try:
                os.unlink(path)
            except OSError:
                # It may never have been there.
                pass
        if self.peers is not None:
            self.peers.tell("over")
            self.peers.close()
        if payload is not None and payload.poll() is None:
            payload.kill()
        self.node.stop()
        self.node.leave()
        if self.peers is not None:
            self.events.until(self.peers.gone, self.options.graceSeconds)
