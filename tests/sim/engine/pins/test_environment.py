"""The environment of a hosted program is its process's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

bound_before = os.environ


def test_a_program_reads_what_its_process_was_started_with(process: Process) -> None:
    with hosted(process):
        assert dict(os.environ) == dict(bound_before) == {"HOME": "/srv"}
        assert dict(os.environb) == {b"HOME": b"/srv"}
        assert (os.environ["HOME"], os.getenv("HOME"), os.getenvb(b"HOME")) == ("/srv", "/srv", b"/srv")
        assert (len(os.environ), list(os.environ), "PATH" in os.environ) == (1, ["HOME"], False)
        assert os.environ.copy() == os.environ | {} == {"HOME": "/srv"}
        assert repr(os.environ) == "environ({'HOME': '/srv'})"
        assert os.path.expanduser("~/x") == "/srv/x"  # noqa: PTH111


def test_what_a_program_sets_is_its_own(process: Process) -> None:
    with hosted(process):
        os.environ["A"] = "1"
        os.environb[b"B"] = b"\xff"
        os.putenv("C", "3")
        assert os.environ.setdefault("A", "2") == "1"
        assert os.environ["B"] == "\udcff"
        del os.environ["HOME"]
        assert os.environ.pop("C") == "3"
        os.unsetenv("C")
    assert process.environ == {"A": "1", "B": "\udcff"}
    assert "B" not in os.environ
    assert "HOME" in os.environ


def test_what_is_not_there_is_missed_by_its_name(process: Process) -> None:
    with hosted(process):
        with pytest.raises(KeyError, match="'NOTHING'"):
            os.environ["NOTHING"]
        with pytest.raises(KeyError, match="'NOTHING'"):
            del os.environ["NOTHING"]
        with pytest.raises(TypeError, match="str expected"):
            os.environ[5]  # type: ignore[index]


@pytest.mark.usefixtures("process")
def test_outside_it_is_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERD_PINS", "yes")
    assert os.environ is bound_before
    assert (os.getenv("HERD_PINS"), os.environb[b"HERD_PINS"]) == ("yes", b"yes")
    assert list(os.environ).count("HERD_PINS") == 1
    assert len(os.environ) == len(dict(os.environ)) > 1
    assert "'HERD_PINS': 'yes'" in repr(os.environ)
    monkeypatch.delenv("HERD_PINS")
    assert "HERD_PINS" not in os.environ
