"""The payload with a Ray that stands already."""

import os
import socket

from ray_errors import UNREACHABLE, Failure
from ray_node import AUTHENTICATION, SECRET_FILE
from ray_payload import exit_code, start_payload


def connect(events, options, *command):
    """The payload's exit code."""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    address = options.address
    if options.standing is not None:
        standing = os.path.join(os.environ.get("SLUICE_JOB_DIRECTORY", ""), options.standing)
        address = standing_address(events, options, standing)
        secret = os.path.join(standing, SECRET_FILE)
        if os.path.exists(secret):
            environment.update({**AUTHENTICATION, "RAY_AUTH_TOKEN_PATH": secret})
    await_answer(events, options, address)
    payload = start_payload(command, {**environment, "RAY_ADDRESS": address})
    # Signals that the job gets reach the payload too.
    events.until(lambda: payload.poll() is not None, float("inf"))
    return exit_code(payload.returncode)


def await_answer(events, options, address):
    """Where the address names a port: Ray itself would try for minutes."""
    host, _, port = address.split("://")[-1].rpartition(":")
    if not port.isdigit():
        return

    def answers():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
            return True
        except OSError:
            return False

    if not events.until_or_told(answers, options.headTimeoutSeconds):
        raise Failure(UNREACHABLE, f"nothing answers at {address}")


def standing_address(events, options, standing):
    """The address that the job of a standing cluster leaves in its directory."""
    found = {}
    cluster = f"the Ray cluster that is job {os.path.basename(standing)}"

    def left():
        # A look at the whole directory makes a network's file system look again for the files.
        if "exit" in os.listdir(standing):
            raise Failure(UNREACHABLE, f"{cluster} has ended; its standard error says why")
        try:
            with open(os.path.join(standing, "cluster")) as file:
                found.update(line.rstrip("\n").split("=", 1) for line in file)
        except OSError:
            return False
        return "address" in found

    seconds = options.headTimeoutSeconds + options.workersTimeoutSeconds
    if not events.until_or_told(left, seconds):
        raise Failure(UNREACHABLE, f"{cluster} does not come up")
    return found["address"]
