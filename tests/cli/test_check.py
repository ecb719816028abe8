"""`herd check`: what is wrong, or what the herd looks like."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from herd.config.load import load_config, packaged_text

Run = Callable[..., Any]

CONF = Path(__file__).parents[2] / "conf"

RING = """\
SERVER                CLIENTS  LINKS  NEIGHBORS
Alford    ───┬─────┐  12480    12580  Hamilton, Welsh
Ball      ───┼─┬─┐ │  12481    12581  Holiday, Welsh
Hamilton  ─┬─┘ │ │ │  12482    12582  Alford, Holiday
Holiday   ─┴───┘ │ │  12483    12583  Ball, Hamilton
Welsh     ───────┴─┘  12484    12584  Alford, Ball

Links: plain TCP on loopback.
Farthest apart are Alford and Ball, 2 links: Alford ─ Welsh ─ Ball.
Any one server can die, and the others still reach each other.
"""

ALFORD = """\
name = "test"
[servers.Alford]
clients = "tcp:127.0.0.1:12480"
links = "tcp:0.0.0.0:12580"
[links]
secret_env = "HERD_LINK_SECRET"
"""

TWO_PARTS = f"""\
{ALFORD}[servers.Ball]
clients = "tcp:127.0.0.1:12481"
links = "tcp:127.0.0.1:12581"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that writes a configuration, and says where; its path is short in what is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERD_STATE", "/var/lib/herd")

    def to_file(text: str) -> Path:
        Path("herd.toml").write_text(text)
        return Path("herd.toml")

    return to_file


def test_the_packaged_herd(run_cli: Run) -> None:
    result = run_cli("check")
    assert result.exit_code == 0
    assert (
        result.output
        == f"Herd herd, the packaged default: 5 servers and 5 links, all on 127.0.0.1.\n\n{RING}"
    )


def test_a_herd_that_falls_apart(run_cli: Run) -> None:
    file = CONF / "winter-2018.toml"
    result = run_cli("check", file)
    assert result.exit_code == 0
    assert result.output == (
        f"Herd winter-2018, {file}: 5 servers and 6 links, all on 127.0.0.1.\n"
        "\n"
        "SERVER               CLIENTS  LINKS  NEIGHBORS\n"
        "Goloman  ─┬─┬─────┐  12490    12590  Hands, Holiday, Wilkes\n"
        "Hands    ─┴─┼───┐ │  12491    12591  Goloman, Wilkes\n"
        "Holiday  ─┬─┴─┐ │ │  12492    12592  Goloman, Welsh, Wilkes\n"
        "Welsh    ─┘   │ │ │  12493    12593  Holiday\n"
        "Wilkes   ─────┴─┴─┘  12494    12594  Goloman, Hands, Holiday\n"
        "\n"
        "Links: plain TCP on loopback.\n"
        "Farthest apart are Hands and Welsh, 3 links: Hands ─ Goloman ─ Holiday ─ Welsh.\n"
        "Without Holiday the rest falls apart: Goloman, Hands, Wilkes | Welsh.\n"
        "Links that nothing goes around: Holiday ─ Welsh.\n"
    )


@pytest.fixture
def copy_of_conf(tmp_path: Path, run_cli: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of conf, in which the commands that tls.toml begins with were given."""
    shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("tls"))
    monkeypatch.chdir(tmp_path)
    lines = Path("conf/tls.toml").read_text().splitlines()
    commands = [line.removeprefix("#     herd ") for line in lines if line.startswith("#     herd ca ")]
    assert [run_cli(*command.split()).exit_code for command in commands] == [0, 0]
    return Path("conf")


def test_every_herd_of_conf_is_drawn_within_a_terminal(run_cli: Run, copy_of_conf: Path) -> None:
    for file in sorted(copy_of_conf.glob("*.toml")):
        result = run_cli("check", file)
        assert result.exit_code == 0
        assert not result.output.startswith(str(file))
        rows = [line for line in result.output.splitlines() if line.startswith(load_config(file).names)]
        assert len(rows) == len(load_config(file).servers)
        assert max(map(len, rows)) <= (110 if file.name == "compose.toml" else 72)


def test_a_herd_whose_links_are_encrypted_and_whose_answers_promise_more(
    run_cli: Run, copy_of_conf: Path
) -> None:
    result = run_cli("check", copy_of_conf / "tls.toml")
    assert result.exit_code == 0
    assert result.output == (
        "Herd tls, conf/tls.toml: 5 servers and 5 links, all on 127.0.0.1.\n"
        "\n"
        "SERVER                CLIENTS  LINKS      NEIGHBORS\n"
        "Alford    ───┬─────┐  12500    tls:12600  Hamilton, Welsh\n"
        "Ball      ───┼─┬─┐ │  12501    tls:12601  Holiday, Welsh\n"
        "Hamilton  ─┬─┘ │ │ │  12502    tls:12602  Alford, Holiday\n"
        "Holiday   ─┴───┘ │ │  12503    tls:12603  Ball, Hamilton\n"
        "Welsh     ───────┴─┘  12504    tls:12604  Alford, Ball\n"
        "\n"
        "Links: TLS 1.3, mutual.\n"
        "Durability: neighbor.\n"
        "Farthest apart are Alford and Ball, 2 links: Alford ─ Welsh ─ Ball.\n"
        "Any one server can die, and the others still reach each other.\n"
    )


def test_before_certificates_are_made_it_says_how(run_cli: Run, copy_of_conf: Path) -> None:
    shutil.rmtree(copy_of_conf / "tls")
    result = run_cli("check", copy_of_conf / "tls.toml")
    assert result.exit_code == 1
    assert result.output == (
        "conf/tls.toml:16: tls.directory: there is no conf/tls/ca.pem; "
        "`herd ca init --directory conf/tls` makes it\n"
        "conf/tls.toml:16: tls.directory: there is no certificate in conf/tls "
        "for Alford, Ball, Hamilton, Holiday, Welsh; "
        "`herd ca issue Alford Ball Hamilton Holiday Welsh --directory conf/tls` makes it\n"
    )


def test_promises_that_differ_are_told_by_server(run_cli: Run, write: Callable[[str], Path]) -> None:
    text = packaged_text().replace('name = "herd"', 'name = "herd"\ndurability = "disk"')
    text = text.replace("[servers.Ball]", '[servers.Ball]\ndurability = "memory"')
    text = text.replace("[servers.Welsh]", '[servers.Welsh]\ndurability = "memory"')
    lines = run_cli("check", write(text)).output.splitlines()
    assert "Durability: disk (Alford, Hamilton, Holiday), memory (Ball, Welsh)." in lines


def test_warnings_stand_before_the_herd(run_cli: Run, write: Callable[[str], Path]) -> None:
    result = run_cli("check", write(TWO_PARTS))
    assert result.exit_code == 0
    assert result.output == (
        "herd.toml:2: warning: servers: no link joins these 2 parts of the herd, so they never agree: "
        "Alford | Ball\n"
        "\n"
        "Herd test, herd.toml: 2 servers and 0 links.\n"
        "\n"
        "SERVER  CLIENTS          LINKS                             NEIGHBORS\n"
        "Alford  127.0.0.1:12480  0.0.0.0:12580 as 127.0.0.1:12580  none\n"
        "Ball    127.0.0.1:12481  127.0.0.1:12581                   none\n"
        "\n"
        "Links: TCP with a shared secret, not encrypted.\n"
    )


def test_errors_stand_first_and_fail(run_cli: Run, write: Callable[[str], Path]) -> None:
    result = run_cli(
        "check", write(f'{TWO_PARTS}[places]\nprovider = "google"\n[places.google]\nkey_evn = "KEY"\n')
    )
    assert result.exit_code == 1
    *errors, warning = result.output.splitlines()
    assert errors[0].startswith("herd.toml:13: places.google.key_evn: ")
    assert warning.startswith("herd.toml:2: warning: servers: no link joins")


def test_an_unknown_provider_is_an_error(run_cli: Run, write: Callable[[str], Path]) -> None:
    result = run_cli("check", write(f'{ALFORD}[places]\nprovider = "gogle"\n'))
    assert result.exit_code == 1
    assert result.output.startswith(
        "herd.toml:8: places.provider: there is no provider 'gogle', did you mean"
    )


def test_the_provider_is_checked_even_if_there_are_other_errors(
    run_cli: Run, write: Callable[[str], Path]
) -> None:
    result = run_cli("check", write('[places]\nprovider = "gogle"\n'))
    assert [line.partition(":")[2].split()[0] for line in result.output.splitlines()] == [
        "name",
        "servers",
        "2:",
    ]


def test_a_missing_file(run_cli: Run, write: Callable[[str], Path]) -> None:
    del write
    result = run_cli("check", "x.toml")
    assert result.exit_code == 1
    assert result.output == "x.toml: no such file; `herd config default > x.toml` writes one to start from\n"


def test_a_long_chain_is_told_in_short(run_cli: Run, write: Callable[[str], Path]) -> None:
    names = "ABCDEFGHI"
    text = 'name = "chain"\n'
    for index, name in enumerate(names):
        beside = [names[other] for other in (index - 1, index + 1) if 0 <= other < len(names)]
        text += (
            f'[servers.{name}]\nclients = "tcp:127.0.0.1:{1100 + index}"\n'
            f'links = "tcp:127.0.0.1:{1200 + index}"\nneighbors = {json.dumps(beside)}\n'
        )
    lines = run_cli("check", write(text)).output.splitlines()
    assert lines[-9:] == [
        "Links: plain TCP on loopback.",
        "Farthest apart are A and I, 8 links: A ─ B ─ C ─ D ─ E ─ F ─ G ─ H ─ I.",
        "Without B the rest falls apart: A | C, D, E, F, G, H, I.",
        "Without C the rest falls apart: A, B | D, E, F, G, H, I.",
        "Without D the rest falls apart: A, B, C | E, F, G, H, I.",
        "Without E the rest falls apart: A, B, C, D | F, G, H, I.",
        "Without F the rest falls apart: A, B, C, D, E | G, H, I.",
        "And without G, H, likewise.",
        "Links that nothing goes around: A ─ B, B ─ C, C ─ D, D ─ E, E ─ F, F ─ G, G ─ H, H ─ I.",
    ]


def test_json_of_a_herd(run_cli: Run) -> None:
    result = run_cli("check", "--json", CONF / "winter-2018.toml")
    assert result.exit_code == 0
    told = json.loads(result.output)
    assert list(told) == ["source", "ok", "problems", "herd", "topology"]
    assert told["ok"] is True
    assert told["problems"] == []
    assert told["herd"]["servers"][1] == {
        "name": "Hands",
        "clients": {
            "scheme": "tcp",
            "listen": {"host": "127.0.0.1", "port": 12491},
            "dial": {"host": "127.0.0.1", "port": 12491},
        },
        "links": {
            "scheme": "tcp",
            "listen": {"host": "127.0.0.1", "port": 12591},
            "dial": {"host": "127.0.0.1", "port": 12591},
        },
        "neighbors": ["Goloman", "Wilkes"],
        "durability": "memory",
    }
    assert told["topology"] == {
        "links": [
            ["Goloman", "Hands"],
            ["Goloman", "Holiday"],
            ["Goloman", "Wilkes"],
            ["Hands", "Wilkes"],
            ["Holiday", "Welsh"],
            ["Holiday", "Wilkes"],
        ],
        "parts": [["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"]],
        "diameter": 3,
        "longest_path": ["Hands", "Goloman", "Holiday", "Welsh"],
        "cut_servers": ["Holiday"],
        "cut_links": [["Holiday", "Welsh"]],
    }


def test_json_of_errors(run_cli: Run, write: Callable[[str], Path]) -> None:
    result = run_cli(
        "check",
        "--json",
        write('name = "t"\n[servers.A]\nneighbors = ["B"]\nlinks = "tcp:h:1"\nclients = "tcp:h:2"\n'),
    )
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "source": "herd.toml",
        "ok": False,
        "problems": [
            {
                "severity": "error",
                "path": ["servers", "A", "neighbors", 0],
                "line": 3,
                "column": None,
                "message": 'there is no server "B"; there are A',
            },
            {
                "severity": "error",
                "path": ["servers", "A", "links"],
                "line": 4,
                "column": None,
                "message": (
                    "whoever can reach a links port could pose as a neighbor: "
                    "use tls: or give [links] a secret_env or secret_file; not on loopback: A"
                ),
            },
        ],
        "herd": None,
        "topology": None,
    }


def test_json_of_what_is_not_toml(run_cli: Run, write: Callable[[str], Path]) -> None:
    told = json.loads(run_cli("check", "--json", write("a = ")).output)
    assert told["problems"] == [
        {
            "severity": "error",
            "path": [],
            "line": 1,
            "column": None,
            "message": "not TOML: invalid value (at the end of the file)",
        }
    ]


def test_a_herd_in_parts_has_no_diameter(run_cli: Run, write: Callable[[str], Path]) -> None:
    told = json.loads(run_cli("check", "--json", write(TWO_PARTS)).output)
    assert told["topology"]["parts"] == [["Alford"], ["Ball"]]
    assert told["topology"]["diameter"] is None


def test_help_has_an_example(run_cli: Run) -> None:
    assert "herd check --json herd.toml" in run_cli("check", "--help").output
