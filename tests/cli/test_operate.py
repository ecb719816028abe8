"""`herd reload` and `herd reconcile`: what is asked of which server, and what is said of the answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Herd


@pytest.fixture
def answered(make_herd: Callable[..., Herd], answer_at: Callable[..., None]) -> Callable[..., Herd]:
    """Return a function that makes a herd of two whose servers answer every request with an object."""

    def make(**answers: dict[str, Any]) -> Herd:
        herd = make_herd()
        for name, answer in answers.items():
            answer_at(herd.config.control_socket(name), answer)
        return herd

    return make


def test_each_server_says_what_it_took_on(answered: Callable[..., Herd], run_cli: Callable[..., Any]) -> None:
    herd = answered(
        Alford={"ok": True, "done": ["neighbors are now Ball", "limits have changed"]},
        Ball={"ok": True, "done": []},
    )
    result = run_cli("reload", "--config", herd.file)
    assert result.exit_code == 0
    assert result.output == (
        "Alford: neighbors are now Ball; limits have changed\nBall: nothing has changed\n"
    )


def test_each_server_says_whom_it_compares_with(
    answered: Callable[..., Herd], run_cli: Callable[..., Any]
) -> None:
    herd = answered(Alford={"ok": True, "links": ["Ball", "Welsh"]}, Ball={"ok": True, "links": []})
    result = run_cli("reconcile", "--config", herd.file)
    assert result.exit_code == 0
    assert result.output == (
        "Alford: reconciling with Ball, Welsh\nBall: reconciling with nobody: no link is up\n"
    )


def test_only_those_named_are_asked(answered: Callable[..., Herd], run_cli: Callable[..., Any]) -> None:
    herd = answered(Ball={"ok": True, "done": []})
    result = run_cli("reload", "Ball", "--config", herd.file)
    assert (result.exit_code, result.output) == (0, "Ball: nothing has changed\n")


@pytest.mark.parametrize("command", ["reload", "reconcile"])
def test_a_refusal_or_silence_of_one_is_said_and_the_others_are_asked_all_the_same(
    answered: Callable[..., Herd], run_cli: Callable[..., Any], command: str
) -> None:
    herd = answered(Ball={"ok": False, "error": "limits.idle_s: no number"})
    result = run_cli(command, "--config", herd.file)
    assert result.exit_code == 1
    assert result.stdout == ""
    alford, ball = result.stderr.splitlines()
    assert alford.startswith("Alford: ")
    assert ball == "Ball: it refuses: limits.idle_s: no number"


def test_a_program_reads_the_answers(answered: Callable[..., Herd], run_cli: Callable[..., Any]) -> None:
    herd = answered(Alford={"ok": True, "links": ["Ball"]}, Ball={"ok": False, "error": "no"})
    result = run_cli("reconcile", "--json", "--config", herd.file)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "Alford": {"ok": True, "links": ["Ball"]},
        "Ball": {"ok": False, "error": "it refuses: no"},
    }


def test_a_server_that_does_not_run_is_an_error_for_a_program_too(
    make_herd: Callable[..., Herd], run_cli: Callable[..., Any]
) -> None:
    result = run_cli("reload", "Alford", "--json", "--config", make_herd().file)
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert list(answer) == ["Alford"]
    assert answer["Alford"]["ok"] is False
    assert isinstance(answer["Alford"]["error"], str)


@pytest.mark.parametrize("command", ["reload", "reconcile"])
def test_a_name_that_is_in_no_configuration_is_refused_and_the_help_has_an_example(
    make_herd: Callable[..., Herd], run_cli: Callable[..., Any], command: str
) -> None:
    result = run_cli(command, "Alfred", "--config", make_herd().file)
    assert result.exit_code != 0
    assert "Alfred" in result.output
    help_text = run_cli(command, "--help").output
    assert f"herd {command} Alford" in help_text


@pytest.mark.parametrize("nonsense", [b"3\n", b"nonsense\n", b"\n", b'{"done": []}\n'])
@pytest.mark.parametrize("command", ["reload", "reconcile"])
def test_an_answer_that_makes_no_sense_is_said_in_a_line(
    make_herd: Callable[..., Herd],
    answer_at: Callable[[Path, bytes], None],
    run_cli: Callable[..., Any],
    command: str,
    nonsense: bytes,
) -> None:
    herd = make_herd()
    answer_at(herd.config.control_socket("Alford"), nonsense)
    result = run_cli(command, "Alford", "--config", herd.file)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.output.startswith("Alford: ")
