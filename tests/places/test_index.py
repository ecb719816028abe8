"""The index: built once however many want it, built again when it is old or broken, never half there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.core.errors import HerdError
from herd.core.position import Position
from herd.places.gazetteer import Entry, write_table
from herd.places.index import Stopped, build_index, find_index
from herd.places.tree import Tree

if TYPE_CHECKING:
    from herd.places.index import Index


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HERD_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_it_is_built_once_and_found_after_that(environ: dict[str, str], small_table: Path) -> None:
    assert find_index(environ, small_table) is None
    first = build_index(environ, table=small_table)
    assert (first.built, first.warning) == (True, "")
    assert first.path.parent == Path(environ["HERD_CACHE"])
    second = build_index(environ, table=small_table)
    assert (second.path, second.built) == (first.path, False)
    assert find_index(environ, small_table) == first.path
    assert names_in(first.path.parent) == [first.path.name, f"{first.path.name}.lock"]
    with closing(Tree(first.path)) as tree:
        names = [each["name"] for each in tree.near(Position(34.06893, -118.445127), 50, 20)]
    assert names == ["Westwood", "Los Angeles International Airport"]


def test_progress_goes_from_nothing_to_all(environ: dict[str, str], small_table: Path) -> None:
    told: list[tuple[int, int | None]] = []
    build_index(environ, lambda done, total: told.append((done, total)), table=small_table)
    assert told == [(0, 3), (3, 3)]


def test_other_data_makes_another_index_and_leaves_the_first(
    environ: dict[str, str], small_table: Path, tmp_path: Path
) -> None:
    old = build_index(environ, table=small_table)
    write_table(tmp_path / "new", [Entry("town", "1", "Elsewhere", 1, 2, "")])
    new = build_index(environ, table=tmp_path / "new")
    assert new.built
    assert new.path != old.path
    assert find_index(environ, small_table) == old.path


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_broken_index_is_built_again(environ: dict[str, str], small_table: Path, damage: str) -> None:
    path = build_index(environ, table=small_table).path
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:5000], "empty": b"", "other": b"else" * 2000}[damage])
    assert find_index(environ, small_table) is None
    assert build_index(environ, table=small_table).built
    assert find_index(environ, small_table) == path


def test_what_a_killed_builder_left_is_swept_up(environ: dict[str, str], small_table: Path) -> None:
    path = build_index(environ, table=small_table).path
    path.unlink()
    path.with_name(f"{path.name}.1-1.part").write_bytes(b"half")
    build_index(environ, table=small_table)
    assert names_in(path.parent) == [path.name, f"{path.name}.lock"]


def test_without_a_cache_directory_the_temporary_one_is_used_and_told(
    environ: dict[str, str], small_table: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    environ["HERD_CACHE"] = str(tmp_path / "file" / "below")
    index = build_index(environ, table=small_table)
    assert index.path.parent == tmp_path / f"herd-{os.getuid()}"
    assert index.path.parent.stat().st_mode & 0o777 == 0o700
    assert index.warning.startswith("the cache directory cannot be written ([Errno 20] Not a directory")
    assert f"the index of places is in {index.path.parent} instead" in index.warning
    assert find_index(environ, small_table) == index.path
    assert not build_index(environ, table=small_table).built


def test_with_nowhere_to_build_it_says_so(environ: dict[str, str], small_table: Path, tmp_path: Path) -> None:
    del environ["HERD_CACHE"]
    (tmp_path / f"herd-{os.getuid()}").touch()
    with pytest.raises(
        HerdError, match=r"^there is nowhere to build the index of places \(there is no cache"
    ):
        build_index(environ, table=small_table)


def test_a_directory_of_another_user_is_not_looked_into(environ: dict[str, str], small_table: Path) -> None:
    good = build_index(environ, table=small_table).path
    foreign = Path(environ["TMPDIR"]) / f"herd-{os.getuid()}"
    foreign.mkdir()
    foreign.chmod(0o777)
    good.rename(foreign / good.name)
    assert find_index(environ, small_table) is None


def test_it_stops_when_told_and_leaves_nothing(environ: dict[str, str], small_table: Path) -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        build_index(environ, lambda *_: stop.set(), stop, small_table)
    assert [name for name in names_in(Path(environ["HERD_CACHE"])) if not name.endswith(".lock")] == []


def test_one_builds_and_the_others_wait_and_a_waiting_one_can_be_stopped(
    environ: dict[str, str], small_table: Path
) -> None:
    is_building, go_on, stop = threading.Event(), threading.Event(), threading.Event()
    outcomes: dict[str, Index | Exception] = {}

    def build(name: str, own_stop: threading.Event | None = None) -> None:
        def progress(_done: int, _total: int | None) -> None:
            is_building.set()
            assert go_on.wait(20)

        try:
            outcomes[name] = build_index(environ, progress, own_stop, small_table)
        except Stopped as stopped:
            outcomes[name] = stopped

    builder = threading.Thread(target=build, args=["builder"])
    builder.start()
    assert is_building.wait(20)
    waiter = threading.Thread(target=build, args=["waiter"])
    stopped = threading.Thread(target=build, args=["stopped", stop])
    waiter.start()
    stopped.start()
    stop.set()
    stopped.join(20)
    assert isinstance(outcomes["stopped"], Stopped)
    assert list(outcomes) == ["stopped"]
    go_on.set()
    builder.join(20)
    waiter.join(20)
    built = {name: index.built for name, index in outcomes.items() if not isinstance(index, Exception)}
    assert built == {"builder": True, "waiter": False}


def test_five_processes_at_once_build_it_once(environ: dict[str, str], small_table: Path) -> None:
    script = (
        "import sys, pathlib; from herd.places.index import build_index;"
        f" print(build_index({environ!r}, table=pathlib.Path(sys.argv[1])).built)"
    )
    command = [sys.executable, "-c", script, str(small_table)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(answers) == ["False", "False", "False", "False", "True"]
    assert len([name for name in names_in(Path(environ["HERD_CACHE"])) if name.endswith(".sqlite")]) == 1
