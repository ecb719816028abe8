"""The one socket that a hosted program may make: a probe of a Unix socket."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.escapes import Escape
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from pathlib import Path

    from herd.sim.engine.process import Process


@pytest.fixture
def listening(process: Process, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths on which somebody listens, on the host."""
    paths: list[str] = []
    monkeypatch.setattr(process.host, "unix_listening", lambda path: path in paths, raising=False)
    return paths


def test_a_socket_on_which_somebody_listens_is_connected_to(
    process: Process, listening: list[str], tmp_path: Path
) -> None:
    listening.append(str(tmp_path / "control"))
    with hosted(process), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        probe.connect(str(tmp_path / "control"))
        probe.connect(bytes(tmp_path / "control"))


@pytest.mark.usefixtures("listening")
def test_one_that_a_killed_server_left_refuses(process: Process, tmp_path: Path) -> None:
    (tmp_path / "control").touch()
    with (
        hosted(process),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
        pytest.raises(ConnectionRefusedError),
    ):
        probe.connect(str(tmp_path / "control"))


@pytest.mark.usefixtures("listening")
def test_one_that_is_not_there_is_not_found(process: Process, tmp_path: Path) -> None:
    with hosted(process), closing(socket.socket(socket.AF_UNIX)) as probe, pytest.raises(FileNotFoundError):
        probe.connect(str(tmp_path / "control"))


def test_a_probe_can_do_no_more(process: Process) -> None:
    with hosted(process), socket.socket(socket.AF_UNIX) as probe:
        with pytest.raises(Escape, match=r"calls socket\.socket\.sendall"):
            probe.sendall(b"x")
        with pytest.raises(
            Escape, match=r"calls socket\.socket in `socket\.socket\(socket\.AF_UNIX, socket\.SOCK_DG"
        ):
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert len(process.simulation.problems) == 2


@pytest.mark.usefixtures("process")
def test_outside_a_socket_is_a_socket() -> None:
    with socket.socket(socket.AF_UNIX) as real, real.dup() as twin:
        assert type(real) is type(twin) is socket.socket
        assert real.fileno() >= 0


@pytest.mark.usefixtures("process")
def test_outside_a_subclass_is_made_with_its_own_arguments() -> None:
    class Named(socket.socket):
        def __init__(self, name: str) -> None:
            super().__init__(socket.AF_INET)
            self.name = name

    with Named("own") as own:
        assert (own.name, own.family) == ("own", socket.AF_INET)
