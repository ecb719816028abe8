"""Endpoints: what a string or a table means, and what is said of a wrong one."""

from __future__ import annotations

import pytest

from herd.config.model import Address, Endpoint
from tests.config.texts import endpoint, read, told


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12480", 'must be "tcp:127.0.0.1:12480" or a table { listen = "...", dial = "..." }'),
        (
            '"127.0.0.1:12480"',
            '"127.0.0.1:12480" must begin with tcp: or tls:, such as "tcp:127.0.0.1:12480"',
        ),
        (
            '"localhost:12480"',
            '"localhost:12480" must begin with tcp: or tls:, such as "tcp:127.0.0.1:12480"',
        ),
        ('"[::1]:12480"', '"[::1]:12480" must begin with tcp: or tls:, such as "tcp:127.0.0.1:12480"'),
        ('"12480"', '"12480" must begin with tcp: or tls:, such as "tcp:127.0.0.1:12480"'),
        ('"udp:127.0.0.1:1"', '"udp:127.0.0.1:1" has an unknown scheme "udp"; known: tcp, tls'),
        ('"TCP:127.0.0.1:1"', '"TCP:127.0.0.1:1" has an unknown scheme "TCP", did you mean "tcp"?'),
        ('"tcp:127.0.0.1"', '"tcp:127.0.0.1" has no port, such as "tcp:127.0.0.1:12480"'),
        ('"tls:127.0.0.1"', '"tls:127.0.0.1" has no port, such as "tls:127.0.0.1:12480"'),
        ('"tls:::1:5"', '"tls:::1:5": an IPv6 address stands in brackets, as in "tls:[::1]:12480"'),
        ('"tcp:[::1]"', '"tcp:[::1]" has no port, such as "tcp:[::1]:12480"'),
        (
            '"tcp:127.0.0.1:"',
            "\"tcp:127.0.0.1:\": the port is missing after the last ':', a whole number from 1 to 65535",
        ),
        ('"tcp:h:http"', '"tcp:h:http": "http" is not a port, a whole number from 1 to 65535'),
        ('"tcp:h:-1"', '"tcp:h:-1": "-1" is not a port, a whole number from 1 to 65535'),
        ('"tcp:h:٣"', '"tcp:h:٣": "٣" is not a port, a whole number from 1 to 65535'),
        ('"tcp:h:65536"', '"tcp:h:65536": the port is out of range, 1 to 65535'),
        ('"tcp:h:100000000000"', '"tcp:h:100000000000": the port is out of range, 1 to 65535'),
        (
            '"tcp:127.0.0.1:0"',
            '"tcp:127.0.0.1:0": port 0 means any free port, and others must know it; choose 1 to 65535',
        ),
        ('"tcp::1"', '"tcp::1" has no host; "127.0.0.1" is this machine only, "0.0.0.0" every interface'),
        ('"tcp:::1:5"', '"tcp:::1:5": an IPv6 address stands in brackets, as in "tcp:[::1]:12480"'),
        ('"tcp:[::zz]:5"', '"tcp:[::zz]:5": "::zz" is not an IPv6 address'),
        ('"tcp:[127.0.0.1]:5"', '"tcp:[127.0.0.1]:5": "127.0.0.1" is not an IPv6 address'),
        ('"tcp:127.0.0.300:5"', '"tcp:127.0.0.300:5": "127.0.0.300" is not an IPv4 address'),
        ('"tcp:127.1:5"', '"tcp:127.1:5": "127.1" is not an IPv4 address'),
        ('"tcp:a b:5"', '"tcp:a b:5": "a b" is not a host name or an address'),
        ('"tcp:\\n:5"', '"tcp:\\n:5": "\\n" is not a host name or an address'),
    ],
)
def test_endpoints(value: str, expected: str) -> None:
    assert told(endpoint(value)) == [f"herd.toml:3: servers.Alford.clients: {expected}"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{}", ': listen is missing, such as listen = "tcp:127.0.0.1:12480"'),
        ('{ listen = "tcp:h:1", dail = "tcp:h:1" }', '.dail: unknown key, did you mean "dial"?'),
        ('{ listen = "tcp:h:1", x = 1 }', ".x: unknown key; known here: listen, dial"),
        ("{ listen = 5 }", '.listen: must be a string such as "tcp:127.0.0.1:12480"'),
        (
            '{ listen = "tcp:h:0" }',
            '.listen: "tcp:h:0": port 0 means any free port, and others must know it; choose 1 to 65535',
        ),
        (
            '{ listen = "tcp:0.0.0.0:1", dial = "tcp:0.0.0.0:1" }',
            ".dial: nobody can dial 0.0.0.0: name the host or address that others reach it at",
        ),
        (
            '{ listen = "tls:h:1", dial = "tcp:h:1" }',
            ".dial: must begin with tls: as listen does, not tcp:",
        ),
        (
            '{ listen = "tcp:[::]:1", dial = "tcp:[::]:1" }',
            ".dial: nobody can dial ::: name the host or address that others reach it at",
        ),
    ],
)
def test_endpoints_in_a_table(value: str, expected: str) -> None:
    assert told(endpoint(value)) == [f"herd.toml:3: servers.Alford.clients{expected}"]


@pytest.mark.parametrize(
    ("value", "listen", "dial"),
    [
        ('"tcp:alford.example.org:5"', ("alford.example.org", 5), ("alford.example.org", 5)),
        ('"tcp:[0::01]:5"', ("::1", 5), ("::1", 5)),
        ('"tcp:0.0.0.0:5"', ("0.0.0.0", 5), ("127.0.0.1", 5)),
        ('"tcp:[::]:5"', ("::", 5), ("::1", 5)),
        ('{ listen = "tcp:0.0.0.0:5" }', ("0.0.0.0", 5), ("127.0.0.1", 5)),
        ('{ listen = "tcp:0.0.0.0:5", dial = "tcp:alford:6" }', ("0.0.0.0", 5), ("alford", 6)),
    ],
)
def test_where_an_endpoint_listens_and_is_dialed(
    value: str, listen: tuple[str, int], dial: tuple[str, int]
) -> None:
    config = read(endpoint(value)).config
    assert config is not None
    assert config.server("Alford").clients == Endpoint(listen=Address(*listen), dial=Address(*dial))


@pytest.mark.parametrize(
    "value",
    ['"tls:127.0.0.1:5"', '{ listen = "tls:127.0.0.1:5" }', '{ listen = "tls:h:1", dial = "tls:h:2" }'],
)
def test_an_endpoint_may_be_encrypted(value: str) -> None:
    config = read(endpoint(value)).config
    assert config is not None
    assert config.server("Alford").clients.scheme == "tls"
