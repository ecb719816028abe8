"""Everything that a file can have wrong, each with the exact line that a person gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from herd.config.checks import check_config
from herd.config.load import PACKAGED, load_checked, load_config, packaged_text, read_config, read_text
from herd.config.model import Address, Endpoint
from herd.core.errors import ConfigError

ROOT = Path(__file__).parents[2]
ENVIRON = {"HOME": "/home/ann"}

ALFORD = 'clients = "tcp:127.0.0.1:12480"\nlinks = "tcp:127.0.0.1:12580"\n'
ONE = f'name = "herd"\n[servers.Alford]\n{ALFORD}'
"""Lines 1 to 4: a herd of one server."""


def told(text: str) -> list[str]:
    """Return all problems of a file, as they are printed."""
    return [str(problem) for problem in read_text(text, "herd.toml", Path("/etc"), ENVIRON).problems]


def two(alford: str = '"Ball"', ball: str = '"Alford"') -> str:
    """Return two servers, whose neighbors stand on lines 5 and 9."""
    return (
        f"{ONE}neighbors = [{alford}]\n"
        '[servers.Ball]\nclients = "tcp:127.0.0.1:12481"\nlinks = "tcp:127.0.0.1:12581"\n'
        f"neighbors = [{ball}]\n"
    )


def endpoint(value: str) -> str:
    """Return a herd whose clients' endpoint, on line 3, is `value`."""
    return f'name = "herd"\n[servers.Alford]\nclients = {value}\nlinks = "tcp:127.0.0.1:12580"\n'


def test_nothing_is_wrong() -> None:
    assert told(ONE) == []
    assert told(two()) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("nmae = 5", 'herd.toml:1: nmae: unknown key, did you mean "name"?'),
        (
            "xyz = 5",
            "herd.toml:1: xyz: unknown key; known here: name, state, servers, places, logging, limits",
        ),
        (
            '"a b\\n" = 5',
            'herd.toml:1: "a b\\n": unknown key; known here: name, state, servers, places, logging, limits',
        ),
        ("state = 5", "herd.toml:1: state: must be a path, not 5"),
        ('state = ""', 'herd.toml:1: state: must be a path, not ""'),
        ("limits = 5", "herd.toml:1: limits: must be a table, not 5"),
        ("logging = []", "herd.toml:1: logging: must be a table, not an array"),
        ("places = 1979-05-27", "herd.toml:1: places: must be a table, not 1979-05-27"),
    ],
)
def test_keys_at_the_top(more: str, expected: str) -> None:
    assert told(f"{more}\n{ONE}") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ONE.removeprefix('name = "herd"'),
            'herd.toml: name is missing: a herd has a name, such as name = "herd"',
        ),
        (ONE.replace('"herd"', "true"), "herd.toml:1: name: must be a string, not true"),
        (ONE.replace('"herd"', '""'), "herd.toml:1: name: a name must not be empty"),
        (
            ONE.replace("Alford", '"Al ford"'),
            (
                'herd.toml:2: servers."Al ford": a name must not contain white space: '
                "the links' protocol parts words by it"
            ),
        ),
        (
            ONE.replace("Alford", '"Al\\u0007ford"'),
            'herd.toml:2: servers."Al\\u0007ford": a name must not contain control or invisible characters',
        ),
        (
            ONE.replace("Alford", '"Al/ford"'),
            "herd.toml:2: servers.\"Al/ford\": a name must not contain '/': it is part of file names",
        ),
        (
            ONE.replace('"herd"', '".."'),
            "herd.toml:1: name: a name must not begin with '.': it is a file's name and a command's argument",
        ),
        (
            ONE.replace("Alford", "-f"),
            "herd.toml:2: servers.-f: a name must not begin with '-': "
            "it is a file's name and a command's argument",
        ),
        (
            ONE.replace('"herd"', f'"{"é" * 33}"'),
            "herd.toml:1: name: a name is at most 64 bytes of UTF-8, this one is 66",
        ),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'name = "herd"',
            "herd.toml: servers are missing: a herd has one at least, such as [servers.Alford]",
        ),
        (
            'name = "herd"\n[servers]',
            "herd.toml: servers are missing: a herd has one at least, such as [servers.Alford]",
        ),
        ('name = "herd"\nservers = "Alford"', 'herd.toml:2: servers: must be a table, not "Alford"'),
        (
            'name = "herd"\n[servers]\nAlford = 12480',
            "herd.toml:3: servers.Alford: must be a table, not 12480",
        ),
        (
            f'{ONE}neighbours = ["Ball"]',
            'herd.toml:5: servers.Alford.neighbours: unknown key, did you mean "neighbors"?',
        ),
        (
            f"{ONE}port = 5",
            "herd.toml:5: servers.Alford.port: unknown key; known here: clients, links, neighbors",
        ),
        (
            ONE.replace("links", "#"),
            'herd.toml:2: servers.Alford: links is missing, such as links = "tcp:127.0.0.1:12580"',
        ),
        (
            ONE.replace("clients", "#"),
            'herd.toml:2: servers.Alford: clients is missing, such as clients = "tcp:127.0.0.1:12480"',
        ),
        (
            f'{ONE}neighbors = "Ball"',
            (
                "herd.toml:5: servers.Alford.neighbors: "
                'must be an array of strings such as ["Ball", "Welsh"], '
                'not "Ball"'
            ),
        ),
    ],
)
def test_servers(text: str, expected: str) -> None:
    assert told(text) == [expected]


def test_neighbors_that_are_no_strings() -> None:
    assert told(f"{ONE}neighbors = [5, true,\n{{}}]") == [
        "herd.toml:5: servers.Alford.neighbors[0]: must be a string, not 5",
        "herd.toml:5: servers.Alford.neighbors[1]: must be a string, not true",
        "herd.toml:6: servers.Alford.neighbors[2]: must be a string, not a table",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12480", 'must be "tcp:127.0.0.1:12480" or a table { listen = "...", dial = "..." }'),
        ('"127.0.0.1:12480"', '"127.0.0.1:12480" must begin with tcp:, such as "tcp:127.0.0.1:12480"'),
        ('"localhost:12480"', '"localhost:12480" must begin with tcp:, such as "tcp:127.0.0.1:12480"'),
        ('"[::1]:12480"', '"[::1]:12480" must begin with tcp:, such as "tcp:127.0.0.1:12480"'),
        ('"12480"', '"12480" must begin with tcp:, such as "tcp:127.0.0.1:12480"'),
        ('"udp:127.0.0.1:1"', '"udp:127.0.0.1:1" has an unknown scheme "udp"; known: tcp'),
        ('"TCP:127.0.0.1:1"', '"TCP:127.0.0.1:1" has an unknown scheme "TCP", did you mean "tcp"?'),
        ('"tcp:127.0.0.1"', '"tcp:127.0.0.1" has no port, such as "tcp:127.0.0.1:12480"'),
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
    config = read_text(endpoint(value), "herd.toml", Path("/etc"), ENVIRON).config
    assert config is not None
    assert config.server("Alford").clients == Endpoint(listen=Address(*listen), dial=Address(*dial))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("client_held = 1", 'limits.client_held: unknown key, did you mean "clients_held"?'),
        ("line_bytes = true", "limits.line_bytes: must be a whole number, not true"),
        ("line_bytes = 300.0", "limits.line_bytes: must be a whole number, not 300.0"),
        ('line_bytes = "5"', 'limits.line_bytes: must be a whole number, not "5"'),
        ("line_bytes = 255", "limits.line_bytes: must be at least 256, not 255"),
        ('shutdown_s = "5"', 'limits.shutdown_s: must be a number, not "5"'),
        ("shutdown_s = true", "limits.shutdown_s: must be a number, not true"),
        ("shutdown_s = nan", "limits.shutdown_s: must be a finite number, not nan"),
        ("shutdown_s = -inf", "limits.shutdown_s: must be a finite number, not -inf"),
        (f"shutdown_s = 1{'0' * 400}", "limits.shutdown_s: must be a finite number, not a huge number"),
        ("shutdown_s = -1", "limits.shutdown_s: must be at least 0, not -1"),
        ("heartbeat_s = 0", "limits.heartbeat_s: must be more than 0, not 0"),
        (
            "line_bytes = 1000",
            "limits.client_id_bytes: 1024 must be less than line_bytes, 1000: "
            "an id is only one word of its line",
        ),
        (
            "reconnect_min_s = 20",
            "limits.reconnect_min_s: 20 must not be more than reconnect_max_s, 10",
        ),
        (
            "heartbeat_s = 8.0",
            "limits.link_silence_s: 8 must be more than heartbeat_s, 8: or every idle link is taken for dead",
        ),
    ],
)
def test_limits(more: str, expected: str) -> None:
    line = 6 if more.partition(" ")[0] in expected.partition(" must")[0] else 5
    assert told(f"{ONE}[limits]\n{more}") == [f"herd.toml:{line}: {expected}"]


def test_a_limit_that_is_wrong_by_itself_contradicts_no_other() -> None:
    assert told(f'{ONE}[limits]\nheartbeat_s = "5"\nlink_silence_s = 1') == [
        'herd.toml:6: limits.heartbeat_s: must be a number, not "5"'
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('format = "jsn"', 'logging.format: must be "text" or "json", not "jsn", did you mean "json"?'),
        ("format = 1", 'logging.format: must be "text" or "json", not 1'),
        ("lines = 1", "logging.lines: must be true or false, not 1"),
        ('directory = ""', 'logging.directory: must be a path, not ""'),
        ('directory = "a\\u0000"', 'logging.directory: must be a path, not "a\\u0000"'),
        ("keep_files = 0", "logging.keep_files: must be at least 1, not 0"),
        ("rotate_bytes = 999", "logging.rotate_bytes: must be at least 1000, not 999"),
        (
            "level = 1",
            "logging.level: unknown key; known here: directory, format, lines, rotate_bytes, keep_files",
        ),
        (
            f'format = "{"x" * 50}"',
            f'logging.format: must be "text" or "json", not "{"x" * 40}…"',
        ),
    ],
)
def test_logging(more: str, expected: str) -> None:
    assert told(f"{ONE}[logging]\n{more}") == [f"herd.toml:6: {expected}"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("provider = 5", "herd.toml:6: places.provider: must be a string, not 5"),
        ("[places.provider]", "herd.toml:6: places.provider: must be a string, not a table"),
        ('providr = "google"', 'herd.toml:6: places.providr: unknown key, did you mean "provider"?'),
        (
            'provider = "google"\nkey = 5',
            "herd.toml:7: places.key: unknown key, "
            "an option of a provider stands in its table, [places.google]",
        ),
        (
            'provider = "google"\ngoogle = 5',
            "herd.toml:7: places.google: unknown key, "
            "an option of a provider stands in its table, [places.google]",
        ),
        (
            'provider = "google"\n[places.gogle]\nkey_env = "KEY"',
            (
                "herd.toml:7: warning: places.gogle: not read, as the provider is google; "
                "did you mean [places.google]?"
            ),
        ),
    ],
)
def test_places(more: str, expected: str) -> None:
    assert told(f"{ONE}[places]\n{more}") == [expected]


def test_tables_of_other_providers_may_stay() -> None:
    text = (
        f'{ONE}[places]\nprovider = "google"\n[places.google-legacy]\nkey_env = "K"\n[places.google]\na = [1]'
    )
    reading = read_text(text, "herd.toml", Path("/etc"), ENVIRON)
    assert reading.problems == ()
    assert reading.config is not None
    assert reading.config.places.options == {"a": [1]}


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        'name = "a b"\n'
        "[servers.Alford]\n"
        'clients = "tcp:127.0.0.1"\n'
        'links = "tcp:127.0.0.1:12580"\n'
        'neighbors = ["Bal"]\n'
        "[servers.Ball]\n"
        "neighbors = 5\n"
        'links = "tcp:127.0.0.1:12580"\n'
        "[limits]\n"
        "line_bytes = 1\n"
        "[logging]\n"
        "formt = 1\n"
    )
    assert told(text) == [
        "herd.toml:1: name: a name must not contain white space: the links' protocol parts words by it",
        'herd.toml:3: servers.Alford.clients: "tcp:127.0.0.1" has no port, such as "tcp:127.0.0.1:12480"',
        'herd.toml:5: servers.Alford.neighbors[0]: there is no server "Bal", did you mean "Ball"?',
        'herd.toml:6: servers.Ball: clients is missing, such as clients = "tcp:127.0.0.1:12480"',
        'herd.toml:7: servers.Ball.neighbors: must be an array of strings such as ["Ball", "Welsh"], not 5',
        "herd.toml:8: servers.Ball.links: 127.0.0.1:12580 is taken by servers.Alford.links",
        "herd.toml:10: limits.line_bytes: must be at least 256, not 1",
        'herd.toml:12: logging.formt: unknown key, did you mean "format"?',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = \n", "herd.toml:2:5: not TOML: invalid value"),
        ("a = 1\na = 2", "herd.toml:2: not TOML: cannot overwrite a value (at the end of the file)"),
        (
            "a = 1\n[b",
            "herd.toml:2: not TOML: expected ']' at the end of a table declaration (at the end of the file)",
        ),
        ("a = " + "[" * 5000, "herd.toml: not a configuration: nested too deeply"),
    ],
)
def test_what_is_not_toml(text: str, expected: str) -> None:
    assert told(text) == [expected]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def error(path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load_config(path, ENVIRON)
        assert caught.value.problems == [str(caught.value)]
        return str(caught.value).replace(str(tmp_path), "DIR")

    assert error(tmp_path / "x.toml") == (
        "DIR/x.toml: no such file; `herd config default > x.toml` writes one to start from"
    )
    assert error(tmp_path) == "DIR: a directory, not a file"
    file = tmp_path / "herd.toml"
    assert (
        error(file / "x.toml")
        == "DIR/herd.toml/x.toml: no such file; `herd config default > x.toml` writes one to start from"
    )
    file.write_bytes(b'name = "herd"\n# \xff\n')
    assert error(file) == "DIR/herd.toml:2: not UTF-8 text: byte 0xff"
    assert error(file / "x.toml") == "DIR/herd.toml/x.toml: cannot be read: Not a directory"
    assert error(Path("/dev/zero")) == "/dev/zero: larger than 10000000 bytes, so not a configuration"


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "herd.toml"
    file.write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())
    assert load_config(file, {"HERD_STATE": "/var/lib"}).names == ("Alford",)


def test_an_error_holds_every_problem_but_no_warning(tmp_path: Path) -> None:
    file = tmp_path / "herd.toml"
    file.write_text(two(alford="", ball="").replace("12581", "12580"))
    with pytest.raises(ConfigError) as caught:
        load_config(file, {"HERD_STATE": "/s"})
    assert caught.value.problems == [
        f"{file}:8: servers.Ball.links: 127.0.0.1:12580 is taken by servers.Alford.links"
    ]


def test_warnings_come_with_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "herd.toml"
    file.write_text(two(alford="", ball=""))
    config, warnings = load_checked(file, {"HERD_STATE": "/s"})
    message = "no link joins these 2 parts of the herd, so they never agree: Alford | Ball"
    assert [str(warning) for warning in warnings] == [f"{file}:2: warning: servers: {message}"]
    assert [str(problem) for problem in check_config(config)] == [f"warning: servers: {message}"]
    assert config.source == str(file)


def test_the_packaged_default_is_the_file_in_conf() -> None:
    reading = read_config(None, ENVIRON)
    assert reading.problems == ()
    config = load_config(None, ENVIRON)
    assert config == reading.config
    assert config.source == PACKAGED
    assert config.names == ("Alford", "Ball", "Hamilton", "Holiday", "Welsh")
    assert [server.clients.listen.port for server in config.servers] == [12480, 12481, 12482, 12483, 12484]
    assert [server.links.listen.port for server in config.servers] == [12580, 12581, 12582, 12583, 12584]
    assert packaged_text() == (ROOT / "conf/herd.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("herd.toml", []),
        ("winter-2018.toml", []),
        ("grid-25.toml", []),
        (
            "compose.toml",
            [
                (
                    "warning: servers: whoever can reach a links port can join; these are not on loopback: "
                    "Alford, Ball, Hamilton, Holiday, Welsh"
                )
            ],
        ),
    ],
)
def test_what_conf_holds_is_right(name: str, expected: list[str]) -> None:
    config, _ = load_checked(ROOT / "conf" / name, ENVIRON)
    assert [str(problem) for problem in check_config(config)] == expected


def test_nothing_in_conf_is_unchecked() -> None:
    found = sorted(path.name for path in (ROOT / "conf").glob("*.toml"))
    assert found == ["compose.toml", "grid-25.toml", "herd.toml", "winter-2018.toml"]


def test_herds_of_conf_can_run_side_by_side() -> None:
    ports = [
        endpoint.listen.port
        for name in ("herd", "winter-2018", "grid-25")
        for server in load_config(ROOT / "conf" / f"{name}.toml", ENVIRON).servers
        for endpoint in (server.clients, server.links)
    ]
    assert len(set(ports)) == len(ports) == 70
