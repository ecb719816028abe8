"""The rotated file under the log: whole lines, bounded, private, and alive after every failure."""

from __future__ import annotations

import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.server.logfile import RotatingFile

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Alford.log"


@pytest.fixture
def file(path: Path) -> Iterator[RotatingFile]:
    file = RotatingFile(path, max_bytes=10, keep_files=2)
    yield file
    file.close()


def test_what_is_written_is_there_at_once(file: RotatingFile, path: Path) -> None:
    file.write("one\n")
    file.write("ü\n")
    assert path.read_bytes() == b"one\n\xc3\xbc\n"


def test_an_old_file_is_continued(file: RotatingFile, path: Path) -> None:
    file.write("one\n")
    file.close()
    file.write("two\n")
    assert path.read_text() == "one\ntwo\n"


def test_only_the_owner_may_read(file: RotatingFile, path: Path) -> None:
    file.write("0123456789\n")
    file.write("next\n")
    assert [each.stat().st_mode & 0o777 for each in (path, path.with_name("Alford.log.1"))] == [0o600] * 2


def test_the_mode_that_an_operator_gave_to_a_file_stays(path: Path) -> None:
    path.touch()
    path.chmod(0o640)
    RotatingFile(path, 10, 2).close()
    assert path.stat().st_mode & 0o777 == 0o640


def test_files_are_rotated_and_the_oldest_goes(file: RotatingFile, path: Path) -> None:
    for letter in "abcde":
        file.write(letter * 10 + "\n")
    kept = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert kept == {
        "Alford.log": "eeeeeeeeee\n",
        "Alford.log.1": "dddddddddd\n",
        "Alford.log.2": "cccccccccc\n",
    }


def test_a_file_that_someone_moved_away_is_begun_anew(file: RotatingFile, path: Path) -> None:
    file.write("0123456789\n")
    path.rename(path.with_name("moved"))
    file.write("next\n")
    file.write("after\n")
    assert path.read_text() == "next\nafter\n"


def test_a_failed_rotation_is_an_error_each_time_and_not_the_end(path: Path) -> None:
    file = RotatingFile(path, max_bytes=10, keep_files=1)
    file.write("0123456789\n")
    in_the_way = path.with_name("Alford.log.1")
    in_the_way.mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            file.write("next\n")
    in_the_way.rmdir()
    file.write("after\n")
    assert path.read_text() == "after\n"
    assert in_the_way.read_text() == "0123456789\n"
    file.close()


def test_a_full_disk_is_an_error_each_time() -> None:
    full = RotatingFile(Path("/dev/full"), 10, 2)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left on device"):
            full.write("line\n")


def test_a_write_that_only_half_fits_is_taken_back(path: Path) -> None:
    """A limit on the size of files stands for a disk that is nearly full: the kernel writes what fits."""
    file = RotatingFile(path, 1_000_000, 2)
    file.write("whole\n")
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    old_limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old_limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.write("does not fit\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limits)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert path.read_text() == "whole\n"
    file.write("after\n")
    assert path.read_text() == "whole\nafter\n"
    file.close()


def test_a_file_that_cannot_be_made_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RotatingFile(tmp_path / "no such directory" / "x.log", 10, 2)


def test_no_file_stays_open(file: RotatingFile) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(10):
        file.write("0123456789\n")
    assert count() == before
    file.close()
    file.close()
    assert count() == before - 1
