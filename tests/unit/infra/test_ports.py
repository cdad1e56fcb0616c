import os
import socket

import pytest

from infra.stack import ports
from sessiontrack.errors import UnavailableError


def test_chosen_ports_are_distinct_free_and_not_of_outgoing_connections() -> None:
    chosen = ports.choose(20)
    assert len(set(chosen)) == 20
    assert all(ports.FIRST <= port <= ports.LAST and ports.is_free(port) for port in chosen)


def test_taken_port_is_refused_with_the_name_of_who_has_it() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert ports.is_open(port)
        with pytest.raises(UnavailableError, match=f"Port {port}, which belongs to kafka.*process {os.getpid()} "):
            ports.require_free(port, "kafka")
    assert not ports.is_open(port)
    ports.require_free(port, "kafka")
