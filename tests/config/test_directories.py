"""Where the state of a herd goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.config.load import load_config, read_config, read_text
from herd.config.model import Tls

if TYPE_CHECKING:
    from herd.config.model import Config

BASE = Path("/etc/herd")


def load(more: str = "", **environ: str) -> Config:
    """Return the configuration of a file in /etc/herd."""
    text = f'name = "test"\n{more}\n[servers.A]\nclients = "tcp:127.0.0.1:1"\nlinks = "tcp:127.0.0.1:2"\n'
    config = read_text(text, "herd.toml", BASE, {"HOME": "/home/ann", **environ}).config
    assert config is not None
    return config


@pytest.mark.parametrize(
    ("more", "environ", "expected"),
    [
        ('state = "/var/lib/herd"', {"HERD_STATE": "/other"}, "/var/lib/herd"),
        ('state = "state"', {"HERD_STATE": "/other"}, "/etc/herd/state"),
        ('state = "../state"', {}, "/etc/herd/../state"),
        ('state = "~/state"', {}, "/home/ann/state"),
        ('state = "~"', {}, "/home/ann"),
        ('state = "a~b"', {}, "/etc/herd/a~b"),
        ("", {"HERD_STATE": "/run/herd", "XDG_STATE_HOME": "/xdg"}, "/run/herd"),
        ("", {"HERD_STATE": "~/run"}, "/home/ann/run"),
        ("", {"HERD_STATE": "", "XDG_STATE_HOME": "/xdg"}, "/xdg/herd/test"),
        ("", {"XDG_STATE_HOME": "relative"}, "/home/ann/.local/state/herd/test"),
        ("", {}, "/home/ann/.local/state/herd/test"),
    ],
)
def test_the_state_directory(more: str, environ: dict[str, str], expected: str) -> None:
    config = load(more, **environ)
    assert str(config.state) == expected
    assert str(config.control_socket("A")) == f"{expected}/A.sock"
    assert str(config.log_file("A")) == f"{expected}/A.log"
    assert str(config.journal_file("A")) == f"{expected}/A.db"


def test_a_relative_state_in_the_environment_is_where_the_command_was_given() -> None:
    assert load(HERD_STATE="run").state == Path.cwd() / "run"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("logs", "/etc/herd/logs"), ("~/logs", "/home/ann/logs"), ("/var/log", "/var/log")],
)
def test_the_directory_of_logs(written: str, expected: str) -> None:
    config = load(f'logging.directory = "{written}"')
    assert str(config.log_file("A")) == f"{expected}/A.log"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "/etc/herd/tls"),
        ('tls.directory = "keys"', "/etc/herd/keys"),
        ('tls.directory = "~/keys"', "/home/ann/keys"),
        ('tls.directory = "/keys"', "/keys"),
    ],
)
def test_the_directory_of_certificates(written: str, expected: str) -> None:
    assert load(written).tls == Tls(directory=Path(expected))


def test_files_of_keys_and_secrets() -> None:
    config = load('tls = { client_certificate = "a.pem", client_key = "/b.key" }\nlinks.secret_file = "~/s"')
    assert config.tls.client_certificate == BASE / "a.pem"
    assert config.tls.client_key == Path("/b.key")
    assert config.links.secret_file == Path("/home/ann/s")


def test_the_packaged_herd_has_its_certificates_with_its_state() -> None:
    config = read_config(None, {"HERD_STATE": "/var/lib/herd"}).config
    assert config is not None
    assert config.tls.directory == Path("/var/lib/herd/tls")


def test_a_file_means_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf" / "herd.toml"
    file.write_text('name = "t"\nstate = "s"\n[servers.A]\nclients = "tcp:h:1"\nlinks = "tcp:127.0.0.1:2"\n')
    monkeypatch.chdir(tmp_path)
    relative = load_config(Path("conf/herd.toml"), {})
    monkeypatch.chdir(tmp_path / "conf")
    assert relative == load_config(Path("herd.toml"), {}) == load_config(file, {})
    assert relative.state == tmp_path / "conf" / "s"
