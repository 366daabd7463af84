"""Local ports: taken ones are seen, free ones are free and different."""

import socket

from infra.local.ports import HOST, answers, free_ports, is_taken


def test_a_listening_port_is_taken_and_answers() -> None:
    """Somebody else's listener is seen, and no longer once it has gone."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        assert is_taken(port)
        assert answers(port)
    assert not is_taken(port)
    assert not answers(port)


def test_free_ports_are_different_and_free() -> None:
    """A test run gets as many ports as it asks for, below the range of outgoing connections."""
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert not any(is_taken(port) for port in ports)
    assert all(port < 32_768 for port in ports)
