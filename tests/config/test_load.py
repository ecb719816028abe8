"""Files: read, refused with all that is wrong with them, and the ones that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from herd.config.checks import check_config
from herd.config.load import PACKAGED, load_checked, load_config, packaged_text, read_config
from herd.core.errors import ConfigError
from tests.config.texts import ENVIRON, ONE, told, two

ROOT = Path(__file__).parents[2]


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


def test_a_number_that_python_does_not_read() -> None:
    (problem,) = told(f"a = {'1' * 5000}")
    assert problem.startswith("herd.toml: not TOML: Exceeds the limit")


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
    "name",
    [
        "herd.toml",
        "winter-2018.toml",
        "grid-25.toml",
        "compose.toml",
        "tls.toml",
    ],
)
def test_what_conf_holds_is_right(name: str) -> None:
    config, warnings = load_checked(ROOT / "conf" / name, ENVIRON)
    assert warnings == check_config(config) == []


def test_nothing_in_conf_is_unchecked() -> None:
    found = sorted(path.name for path in (ROOT / "conf").glob("*.toml"))
    assert found == ["compose.toml", "grid-25.toml", "herd.toml", "tls.toml", "winter-2018.toml"]


def test_herds_of_conf_can_run_side_by_side() -> None:
    ports = [
        endpoint.listen.port
        for name in ("herd", "winter-2018", "grid-25", "tls")
        for server in load_config(ROOT / "conf" / f"{name}.toml", ENVIRON).servers
        for endpoint in (server.clients, server.links)
    ]
    assert len(set(ports)) == len(ports) == 80
