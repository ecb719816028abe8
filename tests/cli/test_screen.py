"""The screen on which tests watch a program: it shows all, and it does not wait for ever."""

from __future__ import annotations

import os
import time

import pytest

from tests.cli.screen import Screen


def test_a_program_that_draws_on_and_on_does_not_move_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cli.screen.LIMIT_S", 0.2)
    began = time.monotonic()
    with Screen(["sh", "-c", "while :; do echo on and on; done"], os.environ) as screen:
        with pytest.raises(AssertionError, match="on and on"):
            screen.until("the end")
        with pytest.raises(AssertionError, match="on and on"):
            screen.end()
    assert time.monotonic() - began < 20


def test_a_program_that_ends_without_the_text_fails_at_once() -> None:
    with Screen(["echo", "another text"], os.environ) as screen:
        with pytest.raises(AssertionError, match="another text"):
            screen.until("the text")
        assert screen.end() == 0
