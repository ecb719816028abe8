"""`scripts/bench/profile`: a flame graph in words, and the script itself where py-spy is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benching.profiling import spy
from benching.profiling.flames import Frame, Own, entitled, frames_of, own

from herd.core.errors import HerdError

ROOT = Path(__file__).resolve().parents[2]


def rectangle(name: str, y: int, start: int, samples: int) -> str:
    place = f'<rect x="1%" y="{y}" width="9%" height="15" fill="rgb(1,2,3)" fg:x="{start}" fg:w="{samples}"/>'
    return f"<g><title>{name} ({samples:,} samples, 1.50%)</title>{place}<text>{name[:3]}</text></g>"


SVG = "".join(
    [
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:fg="http://github.com/jonhoo/inferno">',
        rectangle("all", 52, 0, 1000),
        rectangle("&lt;module&gt; (a.py:1)", 68, 10, 990),
        rectangle("take (a.py:2)", 84, 10, 600),
        rectangle("send (a.py:9)", 100, 10, 100),
        rectangle("send (a.py:9)", 84, 700, 300),
        "</svg>",
    ]
)


def test_frames_are_read_from_the_top() -> None:
    assert frames_of(SVG) == [
        Frame("all", 52, 0, 1000),
        Frame("<module> (a.py:1)", 68, 10, 990),
        Frame("take (a.py:2)", 84, 10, 600),
        Frame("send (a.py:9)", 84, 700, 300),
        Frame("send (a.py:9)", 100, 10, 100),
    ]


def test_a_functions_own_time_is_what_those_that_it_calls_leave() -> None:
    assert own(frames_of(SVG)) == [
        Own("take (a.py:2)", 500, 50.0),
        Own("send (a.py:9)", 400, 40.0),
        Own("<module> (a.py:1)", 90, 9.0),
    ]


def test_the_title_says_what_was_watched() -> None:
    drawn = '<text id="title" x="50%">py-spy record --pid 12</text><text id="details"> </text>'
    made = entitled(drawn, "a server & its links")
    assert made == '<text id="title" x="50%">a server &amp; its links</text><text id="details"> </text>'


def test_an_empty_graph_is_told() -> None:
    with pytest.raises(HerdError, match="the flame graph is empty"):
        frames_of("<svg></svg>")


def test_a_missing_py_spy_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(HerdError, match=r"py-spy is not installed: .*/python -m pip install py-spy"):
        spy.py_spy()


def test_a_py_spy_that_may_not_look_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "py-spy"
    program.write_text("#!/bin/sh\necho 'Error: Operation not permitted (os error 1)' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(
        HerdError, match=r"not permitted \(os error 1\); .* sysctl kernel\.yama\.ptrace_scope=0"
    ):
        spy.record(1, tmp_path / "made.svg", 1, native=False, load=lambda: None)


@pytest.mark.skipif(not (Path(sys.executable).parent / "py-spy").exists(), reason="py-spy is not installed")
def test_a_server_is_watched(tmp_path: Path) -> None:
    svg = tmp_path / "made.svg"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench" / "profile", "--seconds", "1", "--svg", svg, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace_scope" in done.stderr:
        pytest.skip("this user may not watch processes")
    assert done.returncode == 0, done.stderr
    functions = json.loads(done.stdout)["functions"]
    assert 0 < len(functions) <= 10
    assert "a server of herd, alone, the " in svg.read_text()
