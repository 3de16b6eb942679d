"""Addresses and ports of nodes."""

import os
import socket
import subprocess


def joined(host, port):
    """The address as Ray and URLs write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def plain(address):
    """An address of IPv4 as such, where a socket of IPv6 tells it."""
    return address[7:] if address.startswith("::ffff:") else address


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
