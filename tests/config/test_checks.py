"""What is wrong between tables that are right by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from herd.config.checks import check_config
from herd.config.endpoint import endpoint_from_address
from herd.config.model import Address, Config, Durability, Endpoint, Links, Server, Tls


def at(host: str, port: int) -> Endpoint:
    return endpoint_from_address(Address(host, port))


def apart(listen: str, dial: str, port: int, dial_port: int | None = None) -> Endpoint:
    """Return an endpoint that is dialed elsewhere than it listens."""
    return Endpoint(listen=Address(listen, port), dial=Address(dial, dial_port or port))


def herd(**neighbors: str) -> Config:
    """Return a herd on loopback, with the neighbors of each server in one string."""
    servers = tuple(
        Server(
            name=name,
            clients=at("127.0.0.1", 1001 + index),
            links=at("127.0.0.1", 2001 + index),
            neighbors=tuple(named.split()),
        )
        for index, (name, named) in enumerate(neighbors.items())
    )
    return Config(name="test", servers=servers, state=Path("/var/lib/herd"), tls=Tls(directory=Path("/tls")))


def pair(first: dict[str, Endpoint], second: dict[str, Endpoint]) -> Config:
    """Return two neighbors, Alford and Ball, with other endpoints."""
    config = herd(Alford="Ball", Ball="Alford")
    alford, ball = config.servers
    return evolve(config, servers=(evolve(alford, **first), evolve(ball, **second)))  # type: ignore[arg-type]


def told(config: Config) -> list[str]:
    return [str(problem) for problem in check_config(config)]


def errors(config: Config) -> list[str]:
    return [str(problem) for problem in check_config(config) if problem.severity == "error"]


def test_a_ring_is_right() -> None:
    assert told(herd(A="B C", B="A C", C="A B")) == []


def test_a_server_alone_is_right() -> None:
    assert told(herd(A="")) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            herd(Alford="Bal", Ball=""),
            ['servers.Alford.neighbors[0]: there is no server "Bal", did you mean "Ball"?'],
        ),
        (
            herd(Alford="Ball WELSH", Ball="Alford", Welsh=""),
            ['servers.Alford.neighbors[1]: there is no server "WELSH", did you mean "Welsh"?'],
        ),
        (
            herd(Alford="Zed", Ball=""),
            ['servers.Alford.neighbors[0]: there is no server "Zed"; there are Alford, Ball'],
        ),
        (
            herd(Alford="Zed", b="", c="", d="", e="", f="", g="", h="", i=""),
            [
                (
                    'servers.Alford.neighbors[0]: there is no server "Zed"; '
                    "there are Alford, b, c, d, e, f, g, h, …"
                )
            ],
        ),
        (herd(Alford="Alford"), ["servers.Alford.neighbors[0]: Alford is its own neighbor"]),
        (
            herd(Alford="Ball Ball", Ball="Alford"),
            ["servers.Alford.neighbors[1]: Ball stands here twice"],
        ),
        (
            herd(Alford="Ball", Ball=""),
            ["servers.Ball.neighbors: Alford names Ball, so Ball must name Alford: a link has two sides"],
        ),
        (
            herd(Alford="", Ball="Alford", Welsh="Alford"),
            [
                "servers.Alford.neighbors: Ball names Alford, so Alford must name Ball: a link has two sides",
                (
                    "servers.Alford.neighbors: "
                    "Welsh names Alford, so Alford must name Welsh: a link has two sides"
                ),
            ],
        ),
    ],
)
def test_neighbors(config: Config, expected: list[str]) -> None:
    assert told(config) == expected


def test_odd_names_do_not_break_the_line() -> None:
    assert told(herd(**{"a\x01b": "a\x01b"})) == [
        'servers."a\\u0001b".neighbors[0]: "a\\u0001b" is its own neighbor',
    ]


def test_parts_are_named_in_the_order_of_the_file() -> None:
    assert told(herd(A="C", B="", C="A", D="E", E="D")) == [
        "warning: servers: no link joins these 3 parts of the herd, so they never agree: A, C | B | D, E"
    ]


SECRET = Links(secret_env="HERD_LINK_SECRET")

OVERLAP = "{} overlaps {} of servers.Alford.{}: one of them is every interface"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # One machine.
        (
            {},
            {"clients": at("127.0.0.1", 1001)},
            ["clients: 127.0.0.1:1001 is taken by servers.Alford.clients"],
        ),
        ({}, {"links": at("127.0.0.1", 1001)}, ["links: 127.0.0.1:1001 is taken by servers.Alford.clients"]),
        ({}, {"links": at("127.0.0.2", 1001)}, []),
        ({}, {"links": at("localhost", 1001)}, ["links: localhost:1001 is taken by servers.Alford.clients"]),
        (
            {},
            {"links": at("0.0.0.0", 1001)},
            ["links: " + OVERLAP.format("0.0.0.0:1001", "127.0.0.1:1001", "clients")],
        ),
        (
            {"links": at("::", 9)},
            {"links": at("::1", 9)},
            ["links: " + OVERLAP.format("[::1]:9", "[::]:9", "links")],
        ),
        # Two machines, and each listens on all that it has.
        ({"links": apart("0.0.0.0", "alford", 9)}, {"links": apart("0.0.0.0", "ball", 9)}, []),
        ({"links": at("alford", 9)}, {"links": at("ball", 9)}, []),
        (
            {"links": at("alford", 9)},
            {"links": at("ALFORD", 9)},
            ["links: ALFORD:9 is taken by servers.Alford.links"],
        ),
        # One machine by its name, two containers by their mapped ports.
        (
            {"links": apart("0.0.0.0", "host", 9)},
            {"links": apart("0.0.0.0", "host", 9)},
            ["links: 0.0.0.0:9 is taken by servers.Alford.links"],
        ),
        ({"links": apart("0.0.0.0", "host", 9, 10)}, {"links": apart("0.0.0.0", "host", 9, 11)}, []),
        (
            {"links": apart("0.0.0.0", "host", 9, 10)},
            {"links": apart("0.0.0.0", "host", 8, 10)},
            ["links: host:10 is where servers.Alford.links is dialed"],
        ),
    ],
)
def test_ports(first: dict[str, Endpoint], second: dict[str, Endpoint], expected: list[str]) -> None:
    config = evolve(pair(first, second), links=SECRET)
    assert errors(config) == [f"servers.Ball.{each}" for each in expected]


def test_the_ports_of_one_server() -> None:
    wild = pair({"clients": apart("0.0.0.0", "a", 9), "links": apart("0.0.0.0", "b", 9)}, {})
    assert errors(evolve(wild, links=SECRET)) == [
        "servers.Alford.links: 0.0.0.0:9 is taken by servers.Alford.clients"
    ]


def test_each_endpoint_is_told_of_once() -> None:
    config = herd(A="", B="", C="")
    crowd = evolve(config, servers=tuple(evolve(each, clients=at("127.0.0.1", 9)) for each in config.servers))
    assert errors(crowd) == [
        "servers.B.clients: 127.0.0.1:9 is taken by servers.A.clients",
        "servers.C.clients: 127.0.0.1:9 is taken by servers.A.clients",
    ]


def test_links_that_only_this_machine_can_dial() -> None:
    config = pair({"links": at("::", 9)}, {"links": at("10.0.0.1", 9), "clients": at("0.0.0.0", 8)})
    assert told(evolve(config, links=SECRET)) == [
        (
            "warning: servers.Alford.links: "
            "neighbors dial [::1]:9, which only those on this machine can reach; "
            'for others: links = { listen = "tcp:[::]:9", dial = "tcp:HOST:9" }'
        ),
    ]


def test_one_server_needs_no_neighbor_to_dial_it() -> None:
    config = herd(Alford="")
    alone = evolve(config, servers=(evolve(config.servers[0], links=at("0.0.0.0", 9)),), links=SECRET)
    assert told(alone) == []


@pytest.mark.parametrize(
    ("durability", "alford", "expected"),
    [
        ("disk", None, []),
        ("neighbor", "disk", []),
        (
            "neighbor",
            None,
            [
                (
                    "servers.Alford: Alford promises that a neighbor has each report, and has none: "
                    'give it one, or durability = "memory" or "disk"'
                )
            ],
        ),
        (
            "memory",
            "neighbor",
            [
                (
                    "servers.Alford.durability: Alford promises that a neighbor has each report, "
                    'and has none: give it one, or durability = "memory" or "disk"'
                )
            ],
        ),
    ],
)
def test_who_has_no_neighbor_cannot_promise_one(
    durability: Durability, alford: Durability | None, expected: list[str]
) -> None:
    config = herd(Alford="")
    alone = evolve(config.servers[0], durability=alford)
    assert told(evolve(config, servers=(alone,), durability=durability)) == expected


def test_the_path_of_a_control_socket_has_an_end() -> None:
    config = herd(A="Björn", Björn="A")
    fits = evolve(config, state=Path("/" + "x" * 87))
    assert len(bytes(fits.control_socket("Björn"))) == 100
    assert told(fits) == []
    longer = evolve(config, state=Path("/" + "x" * 88))
    assert told(longer) == [
        (
            "state: the path of the control socket of Björn would have 101 bytes, and 100 are the most: "
            f'set a shorter state than "/{"x" * 88}"'
        )
    ]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_there_is_no_error_if_and_only_if_both_sides_name_each_link_once(
    links: list[tuple[int, int]],
) -> None:
    neighbors = {f"s{server}": " ".join(f"s{b}" for a, b in links if a == server) for server in range(6)}
    is_right = (
        len(set(links)) == len(links)
        and all((b, a) in links for a, b in links)
        and all(a != b for a, b in links)
    )
    assert (not errors(herd(**neighbors))) == is_right
