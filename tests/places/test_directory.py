"""Where files are kept, and who else could write there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herd.core.errors import HerdError
from herd.places.directory import (
    cache_directory,
    is_private,
    make_private,
    make_writable,
    temporary_directory,
)


def test_the_variables_are_asked_in_order() -> None:
    everything = {"HERD_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}
    assert cache_directory(everything) == Path("/a")
    assert cache_directory({**everything, "HERD_CACHE": ""}) == Path("/b/herd")
    assert cache_directory({"XDG_CACHE_HOME": "relative", "HOME": "/c"}) == Path("/c/.cache/herd")
    with pytest.raises(HerdError, match="there is no cache directory: set HERD_CACHE to one"):
        cache_directory({})
    with pytest.raises(HerdError, match="HERD_CACHE names no directory"):
        cache_directory({"HERD_CACHE": "~nobody-of-this-name/cache"})


def test_a_temporary_directory_is_the_users_own(tmp_path: Path) -> None:
    own = temporary_directory({"TMPDIR": str(tmp_path)})
    assert own == tmp_path / f"herd-{os.getuid()}"
    assert not is_private(own)
    make_private(own)
    assert is_private(own)
    make_private(own)


def test_a_directory_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    own.chmod(0o777)
    with pytest.raises(PermissionError, match="not this user's alone"):
        make_private(own)
    own.chmod(0o755)
    make_private(own)
    (tmp_path / "link").symlink_to(own)
    assert not is_private(tmp_path / "link")


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    make_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        make_writable(tmp_path / "file" / "below")
