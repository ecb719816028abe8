"""What is told of certificates: all that keeps servers from starting, or others from believing them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from click.testing import CliRunner

from herd.cli.authority import Authority
from herd.cli.certificate_check import check_certificates
from herd.cli.clock import Clock
from herd.cli.main import main
from herd.config.load import load_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.config.problem import Problem

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TLS = Path("tls")

LINKS = 'clients = "tcp:127.0.0.1:{}"\nlinks = "tls:127.0.0.1:{}"\n'
CLIENTS = 'clients = "tls:127.0.0.1:{}"\nlinks = "tcp:127.0.0.1:{}"\n'
ELSEWHERE = 'clients = "tcp:127.0.0.1:{}"\nlinks = {{ listen = "tls:0.0.0.0:{}", dial = "tls:far:5{}" }}\n'


@pytest.fixture(autouse=True)
def in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def authority(now: datetime = NOW) -> Authority:
    return Authority(TLS, now)


def issue(*names: str, hosts: tuple[str, ...] = (), days: int = 365, now: datetime = NOW) -> None:
    """Make certificates, and the authority if there is none."""
    if not (TLS / "ca.pem").exists():
        authority(now).init("herd", 3650, force=False)
    authority(now).issue(names, hosts, days, force=True)


def look(servers: str = LINKS, more: str = "", now: datetime = NOW) -> list[Problem]:
    """Return what is told of two neighbors, Alford and Ball, whose endpoints are these."""
    alford, ball = servers.format(1, 101, 1), servers.format(2, 102, 2)
    Path("herd.toml").write_text(
        f'name = "herd"\nstate = "/s"\n{more}\n[servers.Alford]\n{alford}neighbors = ["Ball"]\n'
        f'[servers.Ball]\n{ball}neighbors = ["Alford"]\n'
    )
    return check_certificates(load_config(Path("herd.toml")), now)


def told(servers: str = LINKS, more: str = "", now: datetime = NOW) -> list[str]:
    return [str(problem) for problem in look(servers, more, now)]


def other(name: str, file: str | None = None, *, is_old: bool = False) -> None:
    """Put a certificate and key of another authority where a server's are."""
    expires = NOW - timedelta(days=1) if is_old else NOW + timedelta(days=365)
    cert = trustme.CA().issue_cert(name, not_after=expires)
    TLS.mkdir(exist_ok=True)
    cert.cert_chain_pems[0].write_to_path(TLS / f"{file or name}.pem")
    cert.private_key_pem.write_to_path(TLS / f"{file or name}.key")
    (TLS / f"{file or name}.key").chmod(0o600)


def test_what_herd_ca_made_is_right() -> None:
    issue("Alford", "Ball")
    assert told() == []


def test_a_server_needs_no_key_of_the_authority() -> None:
    issue("Alford", "Ball")
    (TLS / "ca.key").unlink()
    assert told() == []


def test_without_tls_no_file_is_read() -> None:
    assert told('clients = "tcp:127.0.0.1:{}"\nlinks = "tcp:127.0.0.1:{}"\n') == []


# What is missing


def test_nothing_is_there() -> None:
    assert told() == [
        "tls.directory: there is no tls/ca.pem; `herd ca init` makes it",
        (
            "tls.directory: there is no certificate in tls for Alford, Ball; "
            "`herd ca issue Alford Ball` makes it"
        ),
    ]


def test_commands_lead_to_the_directory() -> None:
    assert told(more='tls.directory = "my keys"')[0] == (
        "tls.directory: there is no my keys/ca.pem; `herd ca init --directory 'my keys'` makes it"
    )
    assert told(more='tls.directory = "/x"')[0] == (
        "tls.directory: there is no /x/ca.pem; `herd ca init --directory /x` makes it"
    )


def test_a_server_that_may_run_elsewhere_is_a_warning() -> None:
    issue("Alford")
    (problem,) = look(ELSEWHERE)
    assert str(problem) == (
        "warning: tls.directory: there is no certificate in tls for Ball; "
        "unless they run on other machines, `herd ca issue Ball` makes it"
    )
    (problem,) = look(LINKS)
    assert problem.severity == "error"


@pytest.mark.parametrize(("missing", "servers"), [("key", LINKS), ("pem", LINKS), ("key", ELSEWHERE)])
def test_half_of_a_pair(missing: str, servers: str) -> None:
    issue("Alford", "Ball")
    (TLS / f"Ball.{missing}").unlink()
    assert told(servers) == [
        (
            f"servers.Ball.links: tls/Ball.{missing} cannot be read: No such file or directory; "
            "`herd ca issue Ball --force` makes both"
        )
    ]


# What is there, and wrong


def test_files_that_hold_something_else() -> None:
    issue("Alford", "Ball")
    (TLS / "ca.pem").write_text("x")
    (TLS / "Alford.pem").write_text("x")
    (TLS / "Ball.key").write_text("x")
    assert told() == [
        (
            "tls.directory: tls/ca.pem holds no certificate in PEM; "
            "`herd ca init --force` makes a new authority"
        ),
        (
            "servers.Alford.links: tls/Alford.pem holds no certificate in PEM; "
            "`herd ca issue Alford --force` makes both"
        ),
        (
            "servers.Ball.links: tls/Ball.key holds no private key in PEM; "
            "`herd ca issue Ball --force` makes both"
        ),
    ]


def test_the_key_of_another() -> None:
    issue("Alford", "Ball")
    (TLS / "Ball.key").write_bytes((TLS / "Alford.key").read_bytes())
    assert told() == [
        (
            "servers.Ball.links: tls/Ball.key is not the key of tls/Ball.pem; "
            "`herd ca renew Ball` makes both anew"
        )
    ]


def test_the_name_of_another() -> None:
    issue("Alford", "Ball")
    for end in ("pem", "key"):
        (TLS / f"Ball.{end}").write_bytes((TLS / f"Alford.{end}").read_bytes())
    assert told() == [
        (
            "servers.Ball.links: tls/Ball.pem carries Alford, not Ball; "
            "`herd ca issue Ball --force` makes one that does"
        ),
        (
            "servers.Ball.links: tls/Ball.pem carries Alford too, so Ball could speak for others; "
            "`herd ca issue Ball --force` makes one without"
        ),
    ]


def test_another_name_beside_its_own() -> None:
    issue("Alford", hosts=("Ball",))
    issue("Ball")
    assert told() == [
        (
            "servers.Alford.links: tls/Alford.pem carries Ball too, so Alford could speak for others; "
            "`herd ca issue Alford --force` makes one without"
        )
    ]


def test_another_authority() -> None:
    issue("Alford")
    other("Ball")
    (problem,) = told()
    assert problem.startswith("servers.Ball.links: tls/Ball.pem is not signed by tls/ca.pem (")
    assert problem.endswith("); `herd ca renew Ball` makes one that is")


def test_a_new_authority_means_new_certificates() -> None:
    issue("Alford", "Ball")
    authority().init("herd", 3650, force=True)
    assert [line.partition(": tls/")[0] for line in told()] == ["servers.Alford.links", "servers.Ball.links"]
    authority().renew(["Alford", "Ball"], 365)
    assert told() == []


def test_two_authorities_may_stand_in_one_file() -> None:
    issue("Alford")
    old = (TLS / "ca.pem").read_bytes()
    authority().init("herd", 3650, force=True)
    authority().issue(["Ball"], [], 365, force=False)
    (TLS / "ca.pem").write_bytes((TLS / "ca.pem").read_bytes() + old)
    assert told() == []


def test_an_authority_between() -> None:
    root = trustme.CA()
    cert = root.create_child_ca().issue_cert("Alford")
    issue("Ball")
    for blob in cert.cert_chain_pems:
        blob.write_to_path(TLS / "Alford.pem", append=True)
    cert.private_key_pem.write_to_path(TLS / "Alford.key")
    (TLS / "Alford.key").chmod(0o600)
    root.cert_pem.write_to_path(TLS / "ca.pem", append=True)
    assert told() == []


# What is out of date


def test_expiry() -> None:
    issue("Alford", days=40)
    issue("Ball", days=50)
    assert told(now=NOW + timedelta(days=10)) == []
    soon = "warning: servers.Alford.links: tls/Alford.pem expires on 2026-12-31, in 29 days"
    assert told(now=NOW + timedelta(days=10, seconds=1)) == [
        f"{soon}; `herd ca renew Alford` makes a new one"
    ]
    assert told(now=NOW + timedelta(days=40, seconds=1)) == [
        "servers.Alford.links: tls/Alford.pem expired on 2026-12-31; `herd ca renew Alford` makes a new one",
        (
            "warning: servers.Ball.links: tls/Ball.pem expires on 2027-01-10, in 9 days; "
            "`herd ca renew Ball` makes a new one"
        ),
    ]


def test_a_foreign_certificate_that_expired_is_told_of_once() -> None:
    issue("Alford")
    other("Ball", is_old=True)
    assert told() == [
        "servers.Ball.links: tls/Ball.pem expired on 2026-11-20; `herd ca renew Ball` makes a new one"
    ]


def test_the_authority_expires_too() -> None:
    issue("Alford", "Ball", days=3650)
    found = told(now=NOW + timedelta(days=3651))
    assert found[0] == (
        "tls.directory: tls/ca.pem expired on 2036-11-18; `herd ca init --force` makes a new authority"
    )
    assert len(found) == 3


def test_a_clock_that_is_behind() -> None:
    issue("Alford", "Ball")
    early = told(now=NOW - timedelta(hours=1))
    assert early[1] == (
        "servers.Alford.links: tls/Alford.pem is not valid before 2026-11-21 11:55 UTC: "
        "is this machine's clock right?"
    )
    assert len(early) == 3


def test_the_moment_is_an_argument() -> None:
    later = NOW + timedelta(days=7300)
    issue("Alford", "Ball", now=later)
    assert told(now=later) == []


# Who can read the keys


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_keys_that_others_can_read(mode: int) -> None:
    issue("Alford", "Ball")
    (TLS / "Alford.key").chmod(mode)
    (TLS / "ca.key").chmod(mode)
    assert told() == [
        "warning: tls.directory: tls/ca.key is open to others than its owner; `chmod 600 tls/ca.key`",
        (
            "warning: servers.Alford.links: tls/Alford.key is open to others than its owner; "
            "`chmod 600 tls/Alford.key`"
        ),
    ]


# What clients see


def test_clients_need_the_host_that_they_dial_in_it() -> None:
    issue("Alford", hosts=("alford.example.org",))
    issue("Ball", hosts=("127.0.0.1",))
    assert told(CLIENTS) == [
        (
            "warning: servers.Alford.clients: clients dial 127.0.0.1, which tls/Alford.pem does not carry, "
            "so careful ones refuse it; "
            "`herd ca issue Alford --host alford.example.org --host 127.0.0.1 --force` makes one that does"
        )
    ]


def test_where_only_clients_speak_tls_no_authority_is_needed() -> None:
    other("127.0.0.1", file="Alford")
    other("127.0.0.1", file="Ball")
    found = told(CLIENTS)
    assert [line.partition(";")[0] for line in found] == [
        "servers.Alford.clients: tls/Alford.pem carries 127.0.0.1, not Alford",
        "servers.Ball.clients: tls/Ball.pem carries 127.0.0.1, not Ball",
    ]


SHARED = 'tls = { client_certificate = "tls/site.pem", client_key = "tls/site.key" }'


def test_clients_may_be_shown_another_certificate() -> None:
    other("127.0.0.1", file="site")
    assert told(CLIENTS, SHARED) == [], "and the servers need none of their own"
    issue("Alford", "Ball")
    both = CLIENTS.replace("tcp:", "tls:")
    assert told(both, SHARED) == []


def test_what_is_wrong_with_the_certificate_of_clients() -> None:
    assert told(CLIENTS, SHARED) == [
        "tls.client_certificate: tls/site.pem cannot be read: No such file or directory"
    ]
    other("example.org", file="site", is_old=True)
    (TLS / "site.key").chmod(0o644)
    refuse = "which tls/site.pem does not carry, so careful ones refuse it"
    assert told(CLIENTS, SHARED) == [
        (
            "warning: tls.client_certificate: tls/site.key is open to others than its owner; "
            "`chmod 600 tls/site.key`"
        ),
        "tls.client_certificate: tls/site.pem expired on 2026-11-20",
        f"warning: servers.Alford.clients: clients dial 127.0.0.1, {refuse}",
        f"warning: servers.Ball.clients: clients dial 127.0.0.1, {refuse}",
    ]
    other("example.org")
    (TLS / "site.key").write_bytes((TLS / "example.org.key").read_bytes())
    assert "tls.client_certificate: tls/site.key is not the key of tls/site.pem" in told(CLIENTS, SHARED)


def test_it_is_not_read_where_no_client_speaks_tls() -> None:
    issue("Alford", "Ball")
    assert told(LINKS, SHARED) == []


# In `herd check`


def test_a_fresh_directory_is_clean_in_herd_check(run_cli: Callable[..., Any]) -> None:
    look()
    assert run_cli("ca", "init").exit_code == 0
    assert run_cli("ca", "issue", "Alford", "Ball").exit_code == 0
    result = run_cli("check", "herd.toml")
    assert result.exit_code == 0
    assert result.output.startswith("Herd herd, herd.toml: 2 servers and 1 link, all on 127.0.0.1.\n")


def test_problems_stand_with_their_lines_in_herd_check() -> None:
    look(more="tls = {}")
    issue("Alford", days=10)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["check", *arguments], obj=Clock(lambda: NOW))

    result = run("herd.toml")
    assert result.exit_code == 1
    assert result.output == (
        "herd.toml:3: tls.directory: there is no certificate in tls for Ball; `herd ca issue Ball` makes it\n"
        "herd.toml:6: warning: servers.Alford.links: tls/Alford.pem expires on 2026-12-01, in 10 days; "
        "`herd ca renew Alford` makes a new one\n"
    )
    problems = json.loads(run("--json", "herd.toml").output)["problems"]
    assert [each["severity"] for each in problems] == ["error", "warning"]
