"""Herds out of the files of prototypes, in the shapes that such files have."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from herd.config.dump import dump_config
from herd.config.load import read_text
from herd.config.model import Links
from herd.config.names import name_problem
from herd.config.prototype import import_prototype
from herd.config.topology import symmetric
from herd.core.errors import ConfigError

if TYPE_CHECKING:
    from herd.config.model import Config

FALL_2016 = """\
# A configuration file for the Twisted Places proxy herd

# Google Places API key
API_KEY="not-a-real-key"

# TCP port numbers for each server instance (server ID: case sensitive)
PORT_NUM = {
    'Alford': 12000,
    'Ball': 12001,
    'Hamilton': 12002,
    'Holiday': 12003,
    'Welsh': 12004
}

NEIGHBORS = {
    'Alford': ['Hamilton', 'Welsh'],
    'Ball': ['Holiday', 'Welsh'],
    'Hamilton': ['Holiday'],
    'Welsh': ['Alford', 'Ball'],
    'Holiday': ['Ball', 'Hamilton']
}

PROJ_TAG="Fall 2016"
"""

RING = {
    "Alford": ("Hamilton", "Welsh"),
    "Ball": ("Holiday", "Welsh"),
    "Hamilton": ("Holiday", "Alford"),
    "Holiday": ("Ball", "Hamilton"),
    "Welsh": ("Alford", "Ball"),
}


def imported(*texts: str) -> tuple[Config, list[str]]:
    """Import files called a.py, b.py and so on; whatever comes is a file that loads without errors."""
    files = [(f"{letter}.py", dedent(text)) for letter, text in zip("abc", texts, strict=False)]
    config, notes = import_prototype(files, "herd")
    reading = read_text(
        dump_config(config, heading=notes, with_state=False), "herd.toml", config.state, {"HERD_STATE": "/s"}
    )
    assert reading.errors == ()
    assert reading.config is not None
    assert evolve(reading.config, state=config.state, tls=config.tls) == config
    return config, notes


def shape(config: Config) -> dict[str, tuple[str, str]]:
    """Return each server's clients address, and its neighbors in one string."""
    return {
        server.name: (str(server.clients.listen), " ".join(server.neighbors)) for server in config.servers
    }


BOTH = "\nP = {'A': 12480, 'B': 12481}\nN = {'A': ['B'], 'B': ['A']}"
PAIR = {"A": ("127.0.0.1:12480", "B"), "B": ("127.0.0.1:12481", "A")}


def test_the_configuration_of_fall_2016() -> None:
    config, notes = imported(FALL_2016)
    assert {server.name: server.neighbors for server in config.servers} == RING
    assert [str(server.clients.dial) for server in config.servers] == [
        f"127.0.0.1:{12000 + i}" for i in range(5)
    ]
    assert [str(server.links.dial) for server in config.servers] == [
        f"127.0.0.1:{12100 + i}" for i in range(5)
    ]
    assert notes == [
        "a.py:4: API_KEY was not copied: a configuration holds no secrets",
        "a.py:18: Hamilton: its neighbor Alford was added, as Alford names Hamilton",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ports = {'A': 12480, 'B': 12481}\ntalks = {'A': ['B'], 'B': ['A']}",
        "port_dict = {'A': '12480', 'B': '12481'}; talks = {'A': ('B',), 'B': {'A'}}",
        "S = {'A': ('127.0.0.1', 12480), 'B': ('localhost', '12481')}\nx = {'A': set(['B']), 'B': ['A']}",
        "x = {'A': 12480, 'B': 12481}\nNEIGHBORS = {'A': [12481], 'B': [12480]}",
        "x = {'A': 12480, 'B': 12481}\nNEIGHBORS = {'A': [('B', 12481)], 'B': [('A', 12480)]}",
        "S = {'A': {'port': 12480, 'talks': ['B']}, 'B': {'ip': '127.0.0.1', 'Port': 12481, 'N': ['A']}}",
        "S = {'A': (12480, ['B']), 'B': (12481, ['A'])}",
        "S = {'A': Server(port=12480, peers=['B']), 'B': Server(port=12481, peers=['A'])}",
        "P = dict(A=12480, B=12481)\nN = dict(A=['B'], B=['A'])",
        "A, BEE = 'A', 'B'\nBASE = 12480\nP = {A: BASE, BEE: BASE + 1}\nN = {A: [BEE], BEE: [A]}",
        "P = {}\nP['A'] = 12480\nP['B'] = 12481\nN = {}\nN['A'] = ['B']\nN['B'] = ['A']",
        "def f(self):\n  self.p = {'A': 12480, 'B': 12481}\n  self.n = {'A': ['B'], 'B': ['A']}",
        "P: dict[str, int] = {'A': 12480, 'B': 12481}\nN = {'A': ['B'], 'B': ['A']}",
        "L = {'IAMAT': 4, 'AT': 6}\nE = {'x': ['y']}" + BOTH,
        "HOST = 'localhost'\nAPI_HOST = 'maps.googleapis.com'" + BOTH,
        "HOSTS = {'A': '127.0.0.1', 'B': '127.0.0.1'}" + BOTH,
    ],
)
def test_shapes_of_dictionaries(text: str) -> None:
    config, notes = imported(text)
    assert shape(config) == PAIR
    assert notes == []


def test_several_files_are_read_as_one() -> None:
    config, notes = imported(
        "PORT_NUM = {'ALFORD': 12000, 'BALL': 12001}",
        """
        import conf
        CONFIG = {
            'Alford': ServerConfig(port=conf.PORT_NUM['ALFORD'], peers=['Ball']),
            'Ball': ServerConfig(port=conf.PORT_NUM['BALL'], peers=['Alford']),
        }
        """,
    )
    assert shape(config) == {"Alford": ("127.0.0.1:12000", "Ball"), "Ball": ("127.0.0.1:12001", "Alford")}
    assert notes == ["a.py:1: PORT_NUM: spelled as in CONFIG: Alford, Ball"]


def test_only_what_stands_there_is_read() -> None:
    config, notes = imported(
        """\
        BASE = int(environ['BASE'])
        PORTS = {'A': BASE, 'B': 'x' + 'y', 'C': OTHER['C'], 'D': {1: 2}, 'E': PORTS['Z'], 'F': 12480}
        PORTS[f'G'] = 5
        BASE = 7
        """
    )
    assert shape(config) == {"F": ("127.0.0.1:12480", "")}
    assert notes == [
        "a.py:2: found no dictionary of neighbors: the servers have no links",
        "a.py:2: PORTS: cannot tell what BASE is without running the program",
        "a.py:2: PORTS: cannot tell what 'x' + 'y' is without running the program",
        "a.py:2: PORTS: cannot tell what OTHER is without running the program",
        "a.py:2: PORTS: cannot tell what 1 is without running the program",
        "a.py:2: PORTS: cannot tell what PORTS is without running the program",
        "a.py:3: PORTS: cannot tell what f'G' is without running the program",
    ]


def test_hosts() -> None:
    config, notes = imported(
        """
        SERVER_HOST = '10.0.0.9'
        P = {'A': 1025, 'B': 1025, 'C': 1025, 'D': 1025}
        HOST_NAME = {'A': 'lnxsrv09.example.edu', 'B': '::1', 'C': 'no host!'}
        N = {'A': ['B', 'C', 'D'], 'B': ['A'], 'C': ['A'], 'D': ['A']}
        """
    )
    assert [str(server.clients.listen) for server in config.servers] == [
        "lnxsrv09.example.edu:1025",
        "[::1]:1025",
        "127.0.0.1:1025",
        "10.0.0.9:1025",
    ]
    assert config.links == Links(secret_env="HERD_LINK_SECRET")
    assert notes == [
        "a.py:2: SERVER_HOST was taken for the host of every server that has no other",
        'a.py:3: C: "no host!" is no host, 127.0.0.1 was put in its place',
        (
            "a.py:3: links go beyond this machine, so secret_env was added: "
            "the environment variable HERD_LINK_SECRET must hold one secret for all servers"
        ),
    ]


def test_python_2_is_read_as_far_as_it_goes() -> None:
    config, notes = imported(
        "import sys\n"
        "portsMap = {\n\t'A': 12480,\n    'B': 12481,\n    }\n"
        "def f():\n\tprint 'hello'\n        print 5\n"
        "self.talks = {'A': ['B'],  # }\n 'B': []}\n"
        "broken = {'A': [}\n"
    )
    assert shape(config) == PAIR
    assert notes == [
        "a.py:7: not Python 3: only dictionaries were read from this file",
        "a.py:10: B: its neighbor A was added, as A names B",
    ]


def test_everything_that_is_mended_is_told_with_its_line() -> None:
    config, notes = imported(
        """\
        PORTS = {
            'A': 12480,
            'a b': 12481,
            'C': 0,
            'D': 70000,
            'E': find_port('E'),
            'F': 12485,
        }
        NEIGHBORS = {
            'A': ['A', 'F', 'F', 'FF', 'C'],
            'Zed': ['A'],
        }
        seen = {'A': None}
        """
    )
    assert shape(config) == {"A": ("127.0.0.1:12480", "F"), "F": ("127.0.0.1:12485", "A")}
    assert notes == [
        (
            'a.py:3: "a b" was left out: '
            "a name must not contain white space: the links' protocol parts words by it"
        ),
        "a.py:4: C was left out: its port is not from 1 to 65535",
        "a.py:5: D was left out: its port is not from 1 to 65535",
        "a.py:6: PORTS: cannot tell what find_port('E') is without running the program",
        "a.py:9: F: its neighbor A was added, as A names F",
        "a.py:10: A: itself was left out of its neighbors",
        "a.py:10: A: its neighbor F stood there twice",
        'a.py:10: A: its neighbor FF was left out, as there is no such server, did you mean "F"?',
        "a.py:10: A: its neighbor C was left out, as there is no such server",
        'a.py:11: "Zed" was left out: it has no port',
        "a.py:13: seen was not used",
    ]


def test_without_neighbors_the_servers_have_no_links() -> None:
    config, notes = imported("PORTS = {'A': 12480, 'B': 12481}")
    assert shape(config) == {"A": ("127.0.0.1:12480", ""), "B": ("127.0.0.1:12481", "")}
    assert notes == ["a.py:1: found no dictionary of neighbors: the servers have no links"]


def test_links_take_the_next_hundred_that_is_free() -> None:
    config, _ = imported("P = {'A': 12480, 'B': 12580, 'C': 65535, 'D': 65435}")
    assert [server.links.listen.port for server in config.servers] == [12680, 12780, 65534, 65533]


NO_PORTS = (
    "a.py: no dictionary from names of servers to ports, such as PORT_NUM = {'Alford': 12480, 'Ball': 12481}"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [NO_PORTS]),
        ("LENGTHS = {'IAMAT': 4, 'AT': 6}", [NO_PORTS]),
        ("N = {'A': ['B'], 'B': ['A']}", [NO_PORTS]),
        ("P = {12480: 'A'}", [NO_PORTS]),
        ("print 5", ["a.py:1: not Python 3: only dictionaries were read from this file", NO_PORTS]),
        ("\0", ["a.py:1: not Python 3: only dictionaries were read from this file", NO_PORTS]),
        (
            "ports = {'A': 12480, 'B': 12480}",
            ["a.py: servers.B.clients: 127.0.0.1:12480 is taken by servers.A.clients"],
        ),
        (
            "ports = {'A B': 12480}",
            [
                (
                    'a.py:1: "A B" was left out: '
                    "a name must not contain white space: the links' protocol parts words by it"
                ),
            ],
        ),
        ("x = " + "+".join(["1"] * 5000), ["a.py: cannot be read: nested too deeply"]),
    ],
)
def test_what_no_herd_can_be_made_of(text: str, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        imported(text)
    assert [
        problem for problem in caught.value.problems if "no dictionary of neighbors" not in problem
    ] == expected


def test_nothing_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    config, _ = imported("print('run')\nP = {'A': 12480, 'B': print('run')}")
    assert config.names == ("A",)
    assert capsys.readouterr().out == ""


NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: name_problem(name) is None and not name.isnumeric()
)


@settings(max_examples=50)
@given(st.lists(NAMES, min_size=2, max_size=6, unique_by=str.casefold), st.data())
def test_any_dictionaries_give_these_ports_and_links(names: list[str], data: st.DataObject) -> None:
    ports = {name: 12480 + index for index, name in enumerate(names)}
    named = {name: data.draw(st.lists(st.sampled_from(names), unique=True)) for name in names}
    config, _ = imported(f"P = {ports!r}\nN = {named!r}")
    assert {server.name: server.clients.dial.port for server in config.servers} == ports
    expected = symmetric(named)
    assert {server.name: sorted(server.neighbors) for server in config.servers} == {
        name: sorted(others) for name, others in expected.items()
    }
