"""How many nodes Ray itself counts."""

import socket
import time


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
