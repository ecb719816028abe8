"""`herd ca`: what a person types, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from herd.cli.clock import Clock
from herd.cli.main import main

Run = Callable[..., Any]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

CONF = """\
name = "fleet"
[tls]
directory = "keys"
[servers.Alford]
clients = "tcp:127.0.0.1:12480"
links = "tls:127.0.0.1:12580"
"""


@pytest.fixture(autouse=True)
def in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_cli() -> Run:
    """Return a function that runs `herd` at noon of 2026-11-21, or so many days later."""

    def run(*arguments: str | int, later: int = 0) -> Any:
        clock = Clock(lambda: NOW + timedelta(days=later, microseconds=5))
        return CliRunner().invoke(main, [str(each) for each in arguments], prog_name="herd", obj=clock)

    return run


def lines(result: Any) -> list[str]:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout.splitlines()  # type: ignore[no-any-return]


def refused(result: Any) -> str:
    assert result.exit_code == 1
    assert result.stdout == ""
    return result.stderr  # type: ignore[no-any-return]


def test_from_nothing_to_certificates(run_cli: Run) -> None:
    assert lines(run_cli("ca", "init")) == ["tls/ca.pem: expires 2036-11-18, in 3650 days"]
    issued = run_cli("ca", "issue", "Alford", "Ball", "--host", "herd.example.org", "--host", "::1")
    assert lines(issued) == [
        "tls/Alford.pem: expires 2027-11-21, in 365 days",
        "tls/Ball.pem: expires 2027-11-21, in 365 days",
    ]
    assert sorted(path.name for path in Path("tls").iterdir()) == [
        "Alford.key",
        "Alford.pem",
        "Ball.key",
        "Ball.pem",
        "ca.key",
        "ca.pem",
    ]
    assert lines(run_cli("ca", "show")) == [
        "ca      expires 2036-11-18, in 3650 days",
        "Alford  expires 2027-11-21, in 365 days  Alford, herd.example.org, ::1",
        "Ball    expires 2027-11-21, in 365 days  Ball, herd.example.org, ::1",
    ]


def test_expiry_is_marked(run_cli: Run) -> None:
    run_cli("ca", "init", "--days", 1000)
    for name, days in (("Old", 99), ("Tomorrow", 101), ("Soon", 129), ("Later", 130)):
        run_cli("ca", "issue", name, "--days", days)
    assert lines(run_cli("ca", "show", later=100)) == [
        "ca        expires 2029-08-17, in 900 days",
        "Later     expires 2027-03-31, in 30 days  Later",
        "Old       EXPIRED 2027-02-28  Old",
        "Soon      expires 2027-03-30, in 29 days SOON  Soon",
        "Tomorrow  expires 2027-03-02, in 1 day SOON  Tomorrow",
    ]
    told = json.loads(run_cli("ca", "show", "--json", later=100).output)
    assert [each["expiry"] for each in told] == ["valid", "valid", "expired", "soon", "soon"]
    assert [each["days_left"] for each in told] == [900, 30, -1, 29, 1]


def test_show_for_programs(run_cli: Run) -> None:
    run_cli("ca", "init")
    run_cli("ca", "issue", "Alford", "--host", "10.0.0.1")
    told = json.loads(run_cli("ca", "show", "--json").output)
    assert [each["name"] for each in told] == ["ca", "Alford"]
    assert told[0]["names"] == []
    assert told[1] == {
        "name": "Alford",
        "file": "tls/Alford.pem",
        "names": ["Alford", "10.0.0.1"],
        "begins": "2026-11-21T11:55:00+00:00",
        "expires": "2027-11-21T12:00:00+00:00",
        "days_left": 365,
        "expiry": "valid",
    }


def test_renewal_of_all_and_of_some(run_cli: Run) -> None:
    run_cli("ca", "init")
    run_cli("ca", "issue", "Alford", "Ball", "--days", 5, "--host", "a.example.org")
    assert lines(run_cli("ca", "renew", "Ball", "--days", 90)) == [
        "tls/Ball.pem: expires 2027-02-19, in 90 days"
    ]
    assert [line.split()[0] for line in lines(run_cli("ca", "renew"))] == ["tls/Alford.pem:", "tls/Ball.pem:"]
    assert lines(run_cli("ca", "show"))[1:] == [
        "Alford  expires 2027-11-21, in 365 days  Alford, a.example.org",
        "Ball    expires 2027-11-21, in 365 days  Ball, a.example.org",
    ]


def test_nothing_is_overwritten_unless_asked_for(run_cli: Run) -> None:
    run_cli("ca", "init")
    before = Path("tls/ca.key").read_bytes()
    assert refused(run_cli("ca", "init")) == "herd: tls/ca.pem exists; --force overwrites it\n"
    run_cli("ca", "issue", "Alford")
    assert refused(run_cli("ca", "issue", "Alford")) == "herd: tls/Alford.pem exists; --force overwrites it\n"
    assert Path("tls/ca.key").read_bytes() == before
    result = run_cli("ca", "init", "--force")
    assert result.exit_code == 0
    assert result.stderr == "`herd ca renew` must follow, as the old authority signed Alford\n"
    assert Path("tls/ca.key").read_bytes() != before
    assert run_cli("ca", "issue", "Alford", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("options", "directory"),
    [([], "tls"), (["--directory", "x/y"], "x/y"), (["--config", "conf/herd.toml"], "conf/keys")],
)
def test_the_directory_is_the_one_that_servers_look_in(
    run_cli: Run, tmp_path: Path, options: list[str], directory: str
) -> None:
    Path("conf").mkdir()
    Path("conf/herd.toml").write_text(CONF)
    for command in (["init"], ["issue", "Alford"], ["renew"], ["show"]):
        assert run_cli("ca", *command, *options).exit_code == 0
    files = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*.pem"))]
    assert files == [f"{directory}/Alford.pem", f"{directory}/ca.pem"]


def test_before_there_is_an_authority(run_cli: Run) -> None:
    expected = "herd: there is no tls/ca.pem; `herd ca init` makes it\n"
    assert refused(run_cli("ca", "issue", "Alford")) == expected
    assert refused(run_cli("ca", "show")) == expected
    assert refused(run_cli("ca", "renew")) == (
        "herd: no server has a certificate in tls; `herd ca issue NAME...` makes one\n"
    )
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ca"], "a server cannot be called ca: ca.pem is the authority itself"),
        (["a/b"], "'a/b' cannot be a server's name in a certificate: it is not made of letters, digits"),
        (["Alford", "--host", "x y"], "--host 'x y' is neither an address nor a host's name: it is not"),
    ],
)
def test_names_that_cannot_be(run_cli: Run, arguments: list[str], expected: str) -> None:
    run_cli("ca", "init")
    assert refused(run_cli("ca", "issue", *arguments)).startswith(f"herd: {expected}")
    assert not list(Path("tls").glob("[!c]*"))


@pytest.mark.parametrize("days", ["0", "-1", "x", "36501"])
def test_days_that_cannot_be(run_cli: Run, days: str) -> None:
    result = run_cli("ca", "init", "--days", days)
    assert result.exit_code == 2
    assert "Invalid value for '--days'" in result.stderr


def test_a_configuration_that_is_wrong(run_cli: Run) -> None:
    Path("herd.toml").write_text(CONF.replace("tls:", "tsl:"))
    assert refused(run_cli("ca", "issue", "Alford", "--config", "herd.toml")) == (
        'herd: herd.toml:6: servers.Alford.links: "tsl:127.0.0.1:12580" has an unknown scheme "tsl", '
        'did you mean "tls"?\n'
    )


@pytest.mark.parametrize(
    ("command", "examples"),
    [
        (["init"], ["herd ca init --config herd.toml"]),
        (["issue"], ["herd ca issue Alford Ball", "--host alford.example.org --host 192.0.2.7"]),
        (["renew"], ["herd ca renew Alford --days 90"]),
        (["show"], ["herd ca show --json | jq"]),
        ([], ["herd ca issue Alford Ball Hamilton Holiday Welsh", "herd ca renew --config herd.toml"]),
    ],
)
def test_help_has_examples(run_cli: Run, command: list[str], examples: list[str]) -> None:
    text = run_cli("ca", *command, "--help").output
    assert [each for each in examples if each not in text] == []
    assert "[tls] directory" in " ".join(text.split())
