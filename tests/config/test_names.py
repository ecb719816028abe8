"""What a server may be called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.config.names import name_problem


@pytest.mark.parametrize("name", ["Alford", "a", "server-1", "a.b", "Zürich", "牧群", "é" * 32, "a" * 64])
def test_names_that_are_right(name: str) -> None:
    assert name_problem(name) is None


@given(st.text())
@example("\u00a0")
@example("a\x00")
@example("a\u200b")
@example("a\x85b")
def test_a_right_name_is_one_word_and_one_file(name: str) -> None:
    if name_problem(name) is None:
        assert name.encode().split() == [name.encode()]
        assert name.split() == [name]
        assert "/" not in name
        assert name not in {".", ".."}
        assert len(f"{name}.log".encode()) <= 255
