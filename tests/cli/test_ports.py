"""Ports that are taken are told before anything is started."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from herd.cli.ports import ports_in_trouble, words
from herd.config.model import Address, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Herd


@pytest.fixture
def herd(make_herd: Callable[..., Herd]) -> Herd:
    return make_herd()


def test_free_ports_are_no_trouble(herd: Herd) -> None:
    assert ports_in_trouble(herd.config, herd.config.names) == ()


def test_ports_in_use_are_one_line_that_names_the_server(herd: Herd) -> None:
    clients, links = herd.config.server("Ball").clients.listen, herd.config.server("Alford").links.listen
    with (
        socket.create_server((clients.host, clients.port)),
        socket.create_server((links.host, links.port)),
    ):
        troubles = ports_in_trouble(herd.config, herd.config.names)
        assert [(each.server, each.address, each.in_use) for each in troubles] == [
            ("Alford", links, True),
            ("Ball", clients, True),
        ]
        in_use = "the port is in use"
        hint = "perhaps a herd is already up here: see `herd status`"
        assert words(troubles[1:]) == f"Ball cannot listen for clients on {clients}: {in_use}; {hint}"
        assert words(troubles) == (
            f"Alford cannot listen for links on {links}: {in_use} (and 1 more); {hint}"
        )
        assert ports_in_trouble(herd.config, ()) == ()


def test_a_port_whose_last_connection_lingers_is_free(herd: Herd) -> None:
    address = herd.config.server("Ball").clients.listen
    with socket.create_server((address.host, address.port)) as server:
        client = socket.create_connection((address.host, address.port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first is the one that lingers
        client.close()
    assert ports_in_trouble(herd.config, ("Ball",)) == ()


@pytest.mark.parametrize("host", ["198.51.100.1", "no.such.host.invalid"])
def test_a_host_that_is_not_here_is_told_without_a_hint(host: str, herd: Herd) -> None:
    def move(server: Any) -> Any:
        return evolve(server, clients=Endpoint(listen=Address(host, 12_480), dial=Address(host, 12_480)))

    config = evolve(herd.config, servers=tuple(move(server) for server in herd.config.servers))
    (trouble,) = ports_in_trouble(config, ("Ball",))
    assert not trouble.in_use
    assert words((trouble,)).startswith(f"Ball cannot listen for clients on {host}:12480: ")
    assert "herd status" not in words((trouble,))


def test_an_ipv6_address_and_every_interface(herd: Herd) -> None:
    for host in ("::1", "0.0.0.0", "::"):
        server = evolve(
            herd.config.server("Ball"),
            clients=Endpoint(listen=Address(host, 0), dial=Address("127.0.0.1", 1)),
        )
        config = evolve(herd.config, servers=(server,))
        assert ports_in_trouble(config, ("Ball",)) == ()
