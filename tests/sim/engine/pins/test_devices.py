"""What a hosted program may open."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.escapes import Escape
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: open("/dev/urandom", "rb"), "use os.urandom"),  # noqa: PTH123, SIM115 - what is tested
        (lambda: Path("/dev/../dev/random").read_bytes(), "use os.urandom"),
        (lambda: Path("/proc/uptime").read_text(), "the machine that runs the simulation"),
        (lambda: os.open(b"/proc/self/stat", os.O_RDONLY), "the machine that runs the simulation"),
        (lambda: os.listdir("/proc"), "the machine that runs the simulation"),  # noqa: PTH208 - likewise
        (lambda: list(os.scandir("/proc/self/fd")), "the machine that runs the simulation"),
        (lambda: os.readlink("/proc/self"), "the machine that runs the simulation"),  # noqa: PTH115 - likewise
    ],
)
def test_what_tells_of_the_real_machine_is_an_escape(
    process: Process, read: Callable[[], object], told: str
) -> None:
    with hosted(process), pytest.raises(Escape, match=rf"test_devices\.py:.*{told}"):
        read()


def test_a_path_is_followed(process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chance").symlink_to("/dev/urandom")
    (tmp_path / "notes").symlink_to(tmp_path / "elsewhere")
    with hosted(process):
        with pytest.raises(Escape, match=r"open\('/dev/urandom'\)"):
            (tmp_path / "chance").read_bytes()
        with pytest.raises(FileNotFoundError):
            (tmp_path / "notes").read_bytes()
        assert os.readlink(tmp_path / "notes") == str(tmp_path / "elsewhere")  # noqa: PTH115 - likewise
    monkeypatch.chdir("/proc/self")
    with hosted(process), pytest.raises(Escape, match=r"open\('/proc/"):
        Path("stat").read_text()


def test_other_files_are_opened(process: Process, tmp_path: Path) -> None:
    with hosted(process):
        (tmp_path / "notes").write_text("here")
        with open(tmp_path / "notes") as file:  # noqa: PTH123 - likewise
            assert file.read() == "here"
        with open(os.open("/dev/null", os.O_RDONLY), "rb") as file:  # noqa: PTH123 - likewise
            assert file.read() == b""
