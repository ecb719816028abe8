"""What each table can have wrong by itself, with the exact line that a person gets to read."""

from __future__ import annotations

import pytest

from tests.config.texts import ONE, read, told, two

AT_THE_TOP = "name, state, durability, servers, links, tls, places, logging, limits"


def test_nothing_is_wrong() -> None:
    assert told(ONE) == []
    assert told(two()) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("nmae = 5", 'herd.toml:1: nmae: unknown key, did you mean "name"?'),
        (
            "xyz = 5",
            f"herd.toml:1: xyz: unknown key; known here: {AT_THE_TOP}",
        ),
        (
            '"a b\\n" = 5',
            f'herd.toml:1: "a b\\n": unknown key; known here: {AT_THE_TOP}',
        ),
        ("state = 5", "herd.toml:1: state: must be a path, not 5"),
        ('state = ""', 'herd.toml:1: state: must be a path, not ""'),
        ("links = 5", "herd.toml:1: links: must be a table, not 5"),
        ("tls = 5", "herd.toml:1: tls: must be a table, not 5"),
        (
            "durability = 5",
            'herd.toml:1: durability: must be "memory" or "neighbor" or "disk", not 5',
        ),
        (
            'durability = "neighbour"',
            (
                'herd.toml:1: durability: must be "memory" or "neighbor" or "disk", not "neighbour", '
                'did you mean "neighbor"?'
            ),
        ),
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
            (
                "herd.toml:2: servers.-f: a name must not begin with '-': "
                "it is a file's name and a command's argument"
            ),
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
            (
                "herd.toml:5: servers.Alford.port: unknown key; "
                "known here: clients, links, neighbors, durability"
            ),
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


def test_a_promise_of_one_server() -> None:
    assert told(f"{ONE}durability = true") == [
        'herd.toml:5: servers.Alford.durability: must be "memory" or "neighbor" or "disk", not true'
    ]
    config = read(f'durability = "disk"\n{two()}durability = "neighbor"').config
    assert config is not None
    assert [config.durability_of(name) for name in config.names] == ["disk", "neighbor"]


def test_neighbors_that_are_no_strings() -> None:
    assert told(f"{ONE}neighbors = [5, true,\n{{}}]") == [
        "herd.toml:5: servers.Alford.neighbors[0]: must be a string, not 5",
        "herd.toml:5: servers.Alford.neighbors[1]: must be a string, not true",
        "herd.toml:6: servers.Alford.neighbors[2]: must be a string, not a table",
    ]


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
            (
                "limits.client_id_bytes: 1024 must be less than line_bytes, 1000: "
                "an id is only one word of its line"
            ),
        ),
        (
            "reconnect_min_s = 20",
            "limits.reconnect_min_s: 20 must not be more than reconnect_max_s, 10",
        ),
        (
            "heartbeat_s = 8.0",
            "limits.link_silence_s: 8 must be more than heartbeat_s, 8: or every idle link is taken for dead",
        ),
        (
            "connections_per_address = 101\nconnections = 100",
            (
                "limits.connections_per_address: 101 must not be more than connections, 100: "
                "it would never be reached"
            ),
        ),
        ("commands_per_s = 0", "limits.commands_per_s: must be more than 0, not 0"),
    ],
)
def test_limits(more: str, expected: str) -> None:
    line = 6 if more.partition(" ")[0] in expected.partition(" must")[0] else 5
    assert told(f"{ONE}[limits]\n{more}") == [f"herd.toml:{line}: {expected}"]


def test_the_bound_of_one_address_that_nobody_wrote_contradicts_nothing() -> None:
    assert told(f"{ONE}[limits]\nconnections = 100") == []


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
            (
                "herd.toml:7: places.key: unknown key, "
                "an option of a provider stands in its table, [places.google]"
            ),
        ),
        (
            'provider = "google"\ngoogle = 5',
            (
                "herd.toml:7: places.google: unknown key, "
                "an option of a provider stands in its table, [places.google]"
            ),
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


@pytest.mark.parametrize(
    ("tables", "options"),
    [
        ("", {}),
        ("[places.google-legacy]\na = 1\n", {}),
        ("[places.gogle]\na = 1\n[places.google]\nb = [2]\n", {"b": [2]}),
    ],
)
def test_tables_of_other_providers_may_stay(tables: str, options: dict[str, object]) -> None:
    reading = read(f'{ONE}[places]\nprovider = "google"\n{tables}')
    assert reading.problems == ()
    assert reading.config is not None
    assert reading.config.places.options == options
