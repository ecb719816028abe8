"""Configurations as TOML: what was written loads back equal."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve
from hypothesis import given, settings

from herd.config.dump import dump_config
from herd.config.load import load_config, read_text
from herd.config.model import Address, Config, Endpoint, Links, Logging, Places, Server, Tls
from herd.core.limits import Limits
from tests.config.strategies import configs

LOOPBACK = Address("127.0.0.1", 12480)
ALFORD = Server(
    name="Alford",
    clients=Endpoint(listen=LOOPBACK, dial=LOOPBACK),
    links=Endpoint(listen=Address("::", 12580), dial=Address("alford.example.org", 443)),
    neighbors=("Ball", "dot.ted"),
)
SMALL = Config(
    name="herd", servers=(ALFORD,), state=Path("/var/lib/herd"), tls=Tls(directory=Path("/etc/tls"))
)


@settings(max_examples=50)
@given(configs())
def test_what_was_written_loads_back_equal(config: Config) -> None:
    for with_defaults in (False, True):
        text = dump_config(config, with_defaults=with_defaults, heading=["one\ntwo", ""])
        reading = read_text(text, "herd.toml", Path("/etc"), {})
        assert reading.errors == ()
        assert reading.config == config


def test_only_what_is_not_a_default_is_written() -> None:
    config = evolve(
        SMALL,
        places=Places(
            provider="google", options={"key_env": "KEY", "more": {"a": [1, 2.5, True], "b c": {}}}
        ),
        logging=Logging(format="json"),
        limits=Limits(shutdown_s=0.25, clients_held=20_000),
    )
    assert dump_config(config, heading=["Two", "", "lines."]) == (
        "# Two\n"
        "#\n"
        "# lines.\n"
        "\n"
        'name = "herd"\n'
        'state = "/var/lib/herd"\n'
        "\n"
        "[servers.Alford]\n"
        'clients = "tcp:127.0.0.1:12480"\n'
        'links = { listen = "tcp:[::]:12580", dial = "tcp:alford.example.org:443" }\n'
        'neighbors = ["Ball", "dot.ted"]\n'
        "\n"
        "[tls]\n"
        'directory = "/etc/tls"\n'
        "\n"
        "[places]\n"
        'provider = "google"\n'
        "\n"
        "[places.google]\n"
        'key_env = "KEY"\n'
        'more = { a = [1, 2.5, true], "b c" = {} }\n'
        "\n"
        "[logging]\n"
        'format = "json"\n'
        "\n"
        "[limits]\n"
        "clients_held = 20_000\n"
        "shutdown_s = 0.25\n"
    )


def test_what_a_string_can_say_is_written_as_one() -> None:
    everywhere = Endpoint(listen=Address("::", 9), dial=Address("::1", 9))
    text = dump_config(evolve(SMALL, servers=(evolve(ALFORD, links=everywhere),)))
    assert 'links = "tcp:[::]:9"\n' in text


def test_a_herd_with_everything() -> None:
    encrypted = Endpoint(scheme="tls", listen=Address("0.0.0.0", 9), dial=Address("127.0.0.1", 9))
    elsewhere = evolve(encrypted, dial=Address("alford.example.org", 10))
    config = evolve(
        SMALL,
        servers=(evolve(ALFORD, clients=encrypted, links=elsewhere, durability="neighbor"),),
        durability="disk",
        links=Links(secret_file=Path("/etc/secret")),
        tls=Tls(directory=Path("/t"), client_certificate=Path("/c.pem"), client_key=Path("/c.key")),
    )
    assert dump_config(config) == (
        'name = "herd"\n'
        'state = "/var/lib/herd"\n'
        'durability = "disk"\n'
        "\n"
        "[servers.Alford]\n"
        'clients = "tls:0.0.0.0:9"\n'
        'links = { listen = "tls:0.0.0.0:9", dial = "tls:alford.example.org:10" }\n'
        'neighbors = ["Ball", "dot.ted"]\n'
        'durability = "neighbor"\n'
        "\n"
        "[links]\n"
        'secret_file = "/etc/secret"\n'
        "\n"
        "[tls]\n"
        'directory = "/t"\n'
        'client_certificate = "/c.pem"\n'
        'client_key = "/c.key"\n'
    )


def test_directories_are_left_out_where_they_mean_nothing() -> None:
    text = dump_config(SMALL, with_state=False)
    assert "state" not in text
    assert "[tls]" not in text


def test_defaults_come_with_their_reasons() -> None:
    text = dump_config(load_config(), with_defaults=True)
    assert "# How often a link asks its neighbor for an acknowledgement.\nheartbeat_s = 2.0\n" in text, (
        "from the docstring of the limit"
    )
    assert "# Where log files go; unless given, the state directory.\n# directory =\n" in text
    assert "# What AT answers promise, unless a server says otherwise: `memory`, the server has" in text
    assert '\ndurability = "memory"\n' in text
    assert "\n# secret_env =\n" in text
