"""Keys: found where they are, and shown to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from herd.core.errors import ConfigError
from herd.places.secret import Key, read_key
from tests.places.standins import KEY

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_shows_itself_only_when_told_to() -> None:
    key = Key(KEY)
    assert key.reveal() == KEY
    assert KEY not in f"{key} {key!r} {[key]}"
    assert repr(key) == "Key(***)"


def test_it_is_scrubbed_from_texts_as_it_stands_and_as_in_an_address() -> None:
    key = Key(KEY)
    dirty = f"bad {KEY}, GET /?key={quote(KEY, safe='')}&x=1 and {quote(KEY)}"
    assert key.scrub(dirty) == "bad ***, GET /?key=***&x=1 and ***"
    assert key.scrub_all({"a": [KEY, 1, None, {KEY: f"x{KEY}"}]}) == {"a": ["***", 1, None, {"***": "x***"}]}


def test_it_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"  {KEY}\n", encoding="ascii")
    environ = {"MINE": "from-mine-1", "DEFAULT": "from-default-1"}
    assert read_key("p", {"key_file": str(file)}, environ, "DEFAULT").reveal() == KEY
    assert read_key("p", {"key_env": "MINE"}, environ, "DEFAULT").reveal() == "from-mine-1"
    assert read_key("p", {}, environ, "DEFAULT").reveal() == "from-default-1"


@pytest.mark.parametrize("text", ["short", "two words here", "line one\nline two", "ctrl\x07ctrl\x07"])
def test_what_is_no_key_is_told_without_showing_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_key("google", {"key_file": str(file)}, {}, "K")
    assert str(raised.value) == (
        f"places.google: {file} holds no key: eight visible characters or more, one line"
    )


def test_a_key_that_is_not_there_says_how_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"places\.google\.key_file: .* cannot be read: No such file"):
        read_key("google", {"key_file": str(tmp_path / "none")}, {}, "K")
    with pytest.raises(ConfigError, match="the environment variable K holds no key; set it, or name a file"):
        read_key("google", {}, {"K": " "}, "K")
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="holds no key: it is not ASCII"):
        read_key("google", {"key_file": str(file)}, {}, "K")
