"""The packaged configuration has the servers, ports and links of the protocol's page."""

from __future__ import annotations

from herd.config.load import load_config
from herd.config.model import Address, Endpoint

CLIENT_PORTS = {"Alford": 12480, "Ball": 12481, "Hamilton": 12482, "Holiday": 12483, "Welsh": 12484}


def at(port: int) -> Endpoint:
    address = Address("127.0.0.1", port)
    return Endpoint(listen=address, dial=address)


def test_ports__clients_of_the_packaged_configuration_on_loopback() -> None:
    servers = load_config().servers
    assert {server.name: server.clients for server in servers} == {
        name: at(port) for name, port in CLIENT_PORTS.items()
    }


def test_ports__links_are_at_the_same_plus_a_hundred() -> None:
    servers = load_config().servers
    assert {server.name: server.links for server in servers} == {
        name: at(port + 100) for name, port in CLIENT_PORTS.items()
    }
