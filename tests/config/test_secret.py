"""The secret of the links: found where it is, and shown to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from herd.config.load import load_config
from herd.config.model import Config, Links
from herd.config.secret import link_secret
from herd.core.errors import ConfigError

SECRET = "correct horse battery"


def herd(links: Links) -> Config:
    return evolve(load_config(None, {"HOME": "/home/ann"}), links=links)


IN_VARIABLE = herd(Links(secret_env="HERD_LINK_SECRET"))
WHERE_IN_VARIABLE = "links.secret_env: the environment variable HERD_LINK_SECRET"


def refused(config: Config, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        link_secret(config, environ)
    return str(caught.value)


def test_a_herd_without_one() -> None:
    assert link_secret(herd(Links()), {"HERD_LINK_SECRET": SECRET}) is None


def test_in_a_variable() -> None:
    assert link_secret(IN_VARIABLE, {"HERD_LINK_SECRET": SECRET}) == SECRET.encode()
    assert link_secret(IN_VARIABLE, {"HERD_LINK_SECRET": "\udcff" * 16}) == b"\xff" * 16


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_in_a_file_whose_last_newline_does_not_count(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b" \x00\xff\n sixteen bytes\n" + end)
    expected = b" \x00\xff\n sixteen bytes\n" if end else b" \x00\xff\n sixteen bytes"
    assert link_secret(herd(Links(secret_file=file)), {}) == expected


def test_a_variable_and_a_file_hold_the_same(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    in_file = link_secret(herd(Links(secret_file=file)), {})
    assert in_file == link_secret(IN_VARIABLE, {"HERD_LINK_SECRET": SECRET})


def test_a_variable_that_is_not_set() -> None:
    assert refused(IN_VARIABLE, {}) == (
        f"{WHERE_IN_VARIABLE} is not set; it must hold the secret that all servers share"
    )


def test_sixteen_bytes_are_the_least() -> None:
    assert link_secret(IN_VARIABLE, {"HERD_LINK_SECRET": "é" * 8}) == "é".encode() * 8
    message = refused(IN_VARIABLE, {"HERD_LINK_SECRET": "fifteen bytes!!"})
    assert message == f"{WHERE_IN_VARIABLE} holds less than 16 bytes; `openssl rand -hex 32` makes a secret"
    assert "fifteen" not in message
    assert refused(IN_VARIABLE, {"HERD_LINK_SECRET": "fifteen bytes!!\n"}) == message


def test_files_that_hold_none(tmp_path: Path) -> None:
    def told(file: Path) -> str:
        return refused(herd(Links(secret_file=file)), {}).replace(str(tmp_path), "DIR")

    assert told(tmp_path / "x") == "links.secret_file: DIR/x cannot be read: No such file or directory"
    assert told(tmp_path) == "links.secret_file: DIR cannot be read: Is a directory"
    assert told(Path("/dev/zero")) == (
        "links.secret_file: /dev/zero is larger than 65536 bytes, so it is no secret"
    )
    (tmp_path / "x").write_text("short\n")
    assert told(tmp_path / "x") == (
        "links.secret_file: DIR/x holds less than 16 bytes; `openssl rand -hex 32` makes a secret"
    )
