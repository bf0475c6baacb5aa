"""Free TCP ports for servers that tests start, stop and start again."""

import random
import socket


def free_port():
    """A port on 127.0.0.1 that nobody listens on.

    From below the range that the kernel deals out to outgoing connections: a server
    that is down for a while finds its port free when it comes back. Someone else may
    still be faster, so whoever listens tries again with another one.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        low = int(file.read().split()[0])
    first, last = (10000, low - 1) if low > 12000 else (1024, 65535)
    while True:
        port = random.randint(first, last)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
