"""What makes a link trustworthy, and what is said of a configuration that lacks it."""

from __future__ import annotations

import pytest

from herd.config.problem import show_path
from herd.config.trust import links_protection, speaks_tls
from tests.config.texts import read, told


def herd(links: str = "tcp:127.0.0.1", more: str = "", clients: str = "tcp", **others: str) -> str:
    """Return a herd: Alford with these links on line 5, and others, each linked with it, on lines 9, 13..."""
    names = list(others)
    text = (
        f'name = "herd"\n{more}\n[servers.Alford]\nclients = "{clients}:127.0.0.1:1"\n'
        f'links = "{links}:101"\nneighbors = {names}\n'
    )
    for index, (name, at) in enumerate(others.items(), 2):
        text += (
            f'[servers.{name}]\nclients = "tcp:127.0.0.1:{index}"\nlinks = "{at}:{100 + index}"\n'
            'neighbors = ["Alford"]\n'
        )
    return text


def named(*names: str, clients: str = "tcp", links: str = "tls") -> str:
    """Return a herd of servers with odd names, at lines 2, 5, 8 and so on."""
    text = 'name = "herd"\ntls = { client_certificate = "a", client_key = "b" }\n'
    for index, name in enumerate(names, 1):
        text += (
            f'[servers."{name}"]\nclients = "{clients}:127.0.0.1:{index}"\n'
            f'links = "{links}:127.0.0.1:{100 + index}"\n'
        )
    return text


EXPOSED = (
    "whoever can reach a links port could pose as a neighbor: "
    "use tls: or give [links] a secret_env or secret_file; not on loopback: "
)


@pytest.mark.parametrize(
    ("text", "protection"),
    [
        (herd(), "plain TCP on loopback"),
        (herd("tcp:localhost", Ball="tcp:[::1]"), "plain TCP on loopback"),
        (
            herd("tcp:10.0.0.1", 'links.secret_env = "HERD_LINK_SECRET"'),
            "TCP with a shared secret, not encrypted",
        ),
        (herd("tcp:10.0.0.1", 'links.secret_file = "s"'), "TCP with a shared secret, not encrypted"),
        (herd("tls:10.0.0.1", Ball="tls:10.0.0.2"), "TLS 1.3, mutual"),
        (herd("tls:10.0.0.1", 'links.secret_file = "s"'), "TLS 1.3, mutual, and a shared secret"),
    ],
)
def test_links_are_protected(text: str, protection: str) -> None:
    reading = read(text)
    assert reading.problems == ()
    assert reading.config is not None
    assert links_protection(reading.config) == protection


@pytest.mark.parametrize(
    ("text", "is_spoken"),
    [(herd(), False), (herd(clients="tls"), True), (herd(Ball="tcp:[::1]"), False), (herd("tls:h"), True)],
)
def test_whether_tls_is_spoken_at_all(text: str, *, is_spoken: bool) -> None:
    config = read(text).config
    assert config is not None
    assert speaks_tls(config) == is_spoken


def test_links_beyond_loopback_need_more_than_a_name() -> None:
    assert told(herd("tcp:10.0.0.1")) == [f"herd.toml:5: servers.Alford.links: {EXPOSED}Alford"]
    assert told(herd(Ball="tcp:ball.example.org", Welsh="tcp:10.0.0.3")) == [
        f"herd.toml:9: servers.Ball.links: {EXPOSED}Ball, Welsh"
    ]


def test_not_every_name_is_told() -> None:
    others = {f"S{index}": "tcp:10.0.0.1" for index in range(9)}
    (problem,) = told(herd(**others))
    assert problem.endswith("not on loopback: S0, S1, S2, S3, S4, S5, S6, S7, …")


def test_clients_may_come_from_anywhere() -> None:
    assert told(herd().replace('clients = "tcp:127.0.0.1:1"', 'clients = "tcp:10.0.0.1:1"')) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            'links = { secret_env = "S", secret_file = "s" }',
            "secret_env: there is a secret_file too, and only one can hold the secret: take one of them out",
        ),
        (
            'links.secret_env = "correct horse battery staple"',
            (
                "secret_env: must be the name of an environment variable, such as HERD_LINK_SECRET, "
                "not the secret"
            ),
        ),
        ("links.secret_env = 5", "secret_env: must be a string, not 5"),
        ('links.secret_file = ""', 'secret_file: must be a path, not ""'),
    ],
)
def test_a_secret_is_named_once_and_never_written_down(more: str, expected: str) -> None:
    assert told(herd("tcp:10.0.0.1", more)) == [f"herd.toml:2: links.{expected}"]


def test_neighbors_speak_the_same() -> None:
    message = "must be tls: as those of its neighbor {} are, for either of them may dial"
    assert told(herd("tls:127.0.0.1", Ball="tcp:127.0.0.1")) == [
        f"herd.toml:9: servers.Ball.links: {message.format('Alford')}"
    ]
    assert told(herd(Ball="tls:127.0.0.1", Welsh="tls:127.0.0.1")) == [
        f"herd.toml:5: servers.Alford.links: {message.format('Ball')}",
        f"herd.toml:5: servers.Alford.links: {message.format('Welsh')}",
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            'client_certificate = "a"',
            ["client_certificate: needs a client_key beside it: one is of no use without the other"],
        ),
        (
            'client_key = "a"',
            ["client_key: needs a client_certificate beside it: one is of no use without the other"],
        ),
        ('client_certificate = "a", client_key = 5', ["client_key: must be a path, not 5"]),
        ('client_certificate = "a", client_key = "b"', []),
        (
            'dir = "a"',
            ["dir: unknown key; known here: directory, client_certificate, client_key"],
        ),
    ],
)
def test_a_certificate_for_clients_has_a_key(more: str, expected: list[str]) -> None:
    assert told(herd(more=f"tls = {{ {more} }}")) == [f"herd.toml:2: tls.{each}" for each in expected]


BY_DOTS = (
    "is not made of letters, digits and hyphens, in words of 63 at most that dots part "
    "and no hyphen begins or ends"
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ca", "a server with tls: cannot be called ca: ca.pem is the authority's own"),
        ("CA", "a server with tls: cannot be called CA: ca.pem is the authority's own"),
        ("Zürich", f"with tls: the name stands in a certificate, but Zürich {BY_DOTS}"),
        ("host_1", f"with tls: the name stands in a certificate, but host_1 {BY_DOTS}"),
        (
            "10.0.0.1",
            (
                "with tls: the name stands in a certificate, but 10.0.0.1 "
                "would be taken for an address, as its last word is a number"
            ),
        ),
    ],
)
def test_names_that_cannot_stand_in_a_certificate(name: str, expected: str) -> None:
    problem = f"herd.toml:3: {show_path(('servers', name))}: {expected}"
    assert told(named(name)) == [problem]
    assert told(named(name, links="tcp")) == []
    assert told(named(name, links="tcp", clients="tls")) == [], "clients see the one of [tls]"
    own = named(name, links="tcp", clients="tls").replace("tls = {", "#", 1)
    assert told(own) == [problem]


def test_names_that_differ_in_case_only() -> None:
    apart = "no link joins these 2 parts of the herd, so they never agree: Alford | alford"
    assert told(named("Alford", "alford", links="tcp")) == [f"herd.toml:3: warning: servers: {apart}"]
    assert told(named("Alford", "alford")) == [
        f"herd.toml:3: warning: servers: {apart}",
        "herd.toml:6: servers.alford: with tls: Alford is the same name, as certificates do not tell case",
    ]
