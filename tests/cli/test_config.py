"""`herd config`: a configuration to start from, imported, and in full."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from herd.config.load import load_config, packaged_text
from herd.config.model import Tls

Run = Callable[..., Any]

CONF = Path(__file__).parents[2] / "conf"

PROTOTYPE = """\
API_KEY = "not-a-real-key"
PORT_NUM = {'Alford': 12000, 'Ball': 12001}
NEIGHBORS = {'Alford': ['Ball'], 'Ball': []}
"""

TOLD = [
    "conf.py:1: API_KEY was not copied: a configuration holds no secrets",
    "conf.py:3: Ball: its neighbor Alford was added, as Alford names Ball",
]

IMPORTED = """\
# Imported from conf.py.
#
# What the import left out, added or did not understand:
# conf.py:1: API_KEY was not copied: a configuration holds no secrets
# conf.py:3: Ball: its neighbor Alford was added, as Alford names Ball

name = "herd"

[servers.Alford]
clients = "tcp:127.0.0.1:12000"
links = "tcp:127.0.0.1:12100"
neighbors = ["Ball"]

[servers.Ball]
clients = "tcp:127.0.0.1:12001"
links = "tcp:127.0.0.1:12101"
neighbors = ["Alford"]
"""


@pytest.fixture(autouse=True)
def in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERD_STATE", "/var/lib/herd")
    Path("conf.py").write_text(PROTOTYPE)


def test_the_default_is_the_packaged_file(run_cli: Run) -> None:
    result = run_cli("config", "default")
    assert result.exit_code == 0
    assert result.output == packaged_text()
    Path("herd.toml").write_text(result.output)
    packaged = load_config()
    assert load_config(Path("herd.toml")) == evolve(packaged, tls=Tls(directory=Path.cwd() / "tls"))


def test_import_to_standard_output(run_cli: Run) -> None:
    result = run_cli("config", "import", "conf.py")
    assert result.exit_code == 0
    assert result.stdout == IMPORTED
    assert result.stderr.splitlines() == TOLD


def test_import_to_a_file(run_cli: Run) -> None:
    result = run_cli("config", "import", "conf.py", "-o", "herd.toml", "--name", "fall-2016")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.splitlines() == [*TOLD, "herd.toml is written; `herd check herd.toml` shows it"]
    assert Path("herd.toml").read_text() == IMPORTED.replace('"herd"', '"fall-2016"')
    assert run_cli("check", "herd.toml").exit_code == 0


def test_import_overwrites_nothing(run_cli: Run) -> None:
    Path("herd.toml").write_text("mine")
    result = run_cli("config", "import", "conf.py", "-o", "herd.toml")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "herd: herd.toml is there already: choose another name, or remove it"
    )
    assert Path("herd.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        (["x.py"], 1, "herd: x.py cannot be read: No such file or directory"),
        (
            ["/dev/zero"],
            1,
            "herd: /dev/zero is larger than 10000000 characters: that is no prototype's configuration",
        ),
        (["."], 1, "herd: . cannot be read: Is a directory"),
        (
            ["conf.py", "-o", "no/herd.toml"],
            1,
            "herd: no/herd.toml cannot be written: No such file or directory",
        ),
        (
            ["conf.py", "--name", "a b"],
            2,
            "Error: --name: a name must not contain white space: the links' protocol parts words by it",
        ),
        (
            ["empty.py"],
            1,
            (
                "herd: empty.py: no dictionary from names of servers to ports, "
                "such as PORT_NUM = {'Alford': 12480, 'Ball': 12481}"
            ),
        ),
    ],
)
def test_import_that_fails(run_cli: Run, arguments: list[str], exit_code: int, expected: str) -> None:
    Path("empty.py").write_bytes(b"# caf\xe9\n")
    result = run_cli("config", "import", *arguments)
    assert result.exit_code == exit_code
    assert result.stderr.splitlines()[-1] == expected
    assert result.stdout == ""


def test_show_is_a_configuration_with_all_defaults_and_their_reasons(run_cli: Run) -> None:
    file = CONF / "winter-2018.toml"
    result = run_cli("config", "show", file)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == f"# {file}, with all defaults"
    assert (
        lines[lines.index("heartbeat_s = 2.0") - 1]
        == "# How often a link asks its neighbor for an acknowledgement."
    )
    Path("shown.toml").write_text(result.output)
    assert load_config(Path("shown.toml")) == load_config(file)


def test_show_for_programs(run_cli: Run) -> None:
    told = json.loads(run_cli("config", "show", "--json").output)
    assert list(told) == [
        "name",
        "source",
        "state",
        "durability",
        "servers",
        "links",
        "tls",
        "places",
        "logging",
        "limits",
    ]
    assert told["durability"] == told["servers"][0]["durability"] == "memory"
    assert told["links"] == {"secret_env": None, "secret_file": None}
    assert told["tls"] == {
        "directory": "/var/lib/herd/tls",
        "client_certificate": None,
        "client_key": None,
    }
    assert told["state"] == "/var/lib/herd"
    assert told["places"] == {"provider": "embedded", "options": {}}
    assert told["logging"] == {
        "directory": "/var/lib/herd",
        "format": "text",
        "lines": True,
        "rotate_bytes": 10_000_000,
        "keep_files": 5,
    }
    assert told["limits"]["heartbeat_s"] == 2.0


def test_show_of_a_herd_with_secrets_and_promises_shows_where_they_are(run_cli: Run) -> None:
    file = CONF / "tls.toml"
    told = json.loads(run_cli("config", "show", "--json", file).output)
    assert told["durability"] == told["servers"][0]["durability"] == "neighbor"
    assert told["servers"][0]["links"]["scheme"] == "tls"
    assert told["tls"]["directory"] == str(CONF / "tls")
    text = run_cli("config", "show", CONF / "compose.toml").output
    assert "\n[links]\n# The environment variable that holds the herd's secret" in text
    assert '\nsecret_env = "HERD_LINK_SECRET"\n' in text


def test_show_of_dates_for_programs(run_cli: Run) -> None:
    Path("herd.toml").write_text(
        packaged_text() + "[places]\nprovider = 'x'\n[places.x]\nsince = 1979-05-27\n"
    )
    told = json.loads(run_cli("config", "show", "--json", "herd.toml").output)
    assert told["places"]["options"] == {"since": "1979-05-27"}


def test_show_tells_all_that_is_wrong(run_cli: Run) -> None:
    Path("herd.toml").write_text("nam = 1\n")
    result = run_cli("config", "show", "herd.toml")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'herd: herd.toml: name is missing: a herd has a name, such as name = "herd"',
        "herd: herd.toml: servers are missing: a herd has one at least, such as [servers.Alford]",
        'herd: herd.toml:1: nam: unknown key, did you mean "name"?',
    ]


@pytest.mark.parametrize("command", ["default", "import", "show"])
def test_help_has_an_example(run_cli: Run, command: str) -> None:
    assert f"\n    herd config {command}" in run_cli("config", command, "--help").output
