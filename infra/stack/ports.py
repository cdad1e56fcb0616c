"""Loopback ports: chosen once, kept, and refused when a stranger sits on one."""

from __future__ import annotations

import random
import socket
import time

import psutil

from sessiontrack.errors import UnavailableError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections: one of those would now
# and then occupy a port of ours while the stack is down. SeaweedFS adds 10000 to some of its ports: still ports.
FIRST, LAST = 20_000, 31_999
# The system may take this long to close the ports of a large process that was killed.
CLOSING_S = 5.0


def choose(count: int) -> list[int]:
    """Distinct ports that are free now."""
    chosen: list[int] = []
    for port in random.SystemRandom().sample(range(FIRST, LAST + 1), LAST - FIRST + 1):
        if len(chosen) == count:
            break
        if is_free(port):
            chosen.append(port)
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen on the port; connections of an earlier one that are still closing don't matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def require_free(port: int, name: str) -> None:
    """Refuses a port that is taken.

    Raises:
        UnavailableError: Names the port and, where the system tells, who has it.
    """
    deadline = time.monotonic() + CLOSING_S
    while not is_free(port):
        if time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        raise UnavailableError(
            f"Port {port}, which belongs to {name}, is taken by {listener(port)}.",
            hint="Stop that program and run it again: the stack keeps its ports, because clients know them.",
        )


def listener(port: int) -> str:
    """Who listens on a port, for people."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "another program"
    for connection in connections:
        if (
            connection.laddr
            and connection.laddr.port == port
            and connection.status == psutil.CONN_LISTEN
            and connection.pid
        ):
            return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another program"
