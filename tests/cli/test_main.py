"""The command as a whole: quick to start, help for everything, errors in plain words, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click
import pytest

import herd
from herd.cli.main import COMMANDS, main
from herd.core.errors import ConfigError, HerdError
from herd.core.native import CORE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Herd

Run = Callable[..., Any]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


def test_help_imports_neither_a_reactor_nor_rich() -> None:
    done = python(
        "import sys\n"
        "from herd.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'twisted.internet.reactor', 'rich', 'cattrs', 'twisted.internet.defer'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    assert done.stderr == "[]\n"
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


def test_a_command_imports_no_other() -> None:
    done = python(
        "import sys\n"
        "from herd.cli.main import main\n"
        "main(['say', '--help'], standalone_mode=False)\n"
        "print(sorted(m for m in sys.modules if m.startswith('herd.cli.')), file=sys.stderr)\n"
    )
    assert done.stderr == "['herd.cli.main', 'herd.cli.options', 'herd.cli.say']\n"


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path, _ in commands(main)])
def test_every_command_has_help_with_an_example(path: tuple[str, ...], run_cli: Run) -> None:
    result = run_cli(*path, "--help")
    assert result.exit_code == 0
    assert "xample" in result.stdout
    assert f"herd {' '.join(path)}" in result.stdout.partition("xample")[2]


def test_the_version_and_the_core(run_cli: Run) -> None:
    assert run_cli("--version").stdout == f"herd {herd.__version__} ({CORE} core)\n"


def test_the_pure_core_can_be_chosen() -> None:
    command = [sys.executable, "-m", "herd.cli", "--version"]
    pure = {**os.environ, "HERD_PURE": "1"}
    done = subprocess.run(command, env=pure, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == (f"herd {herd.__version__} (pure core)\n", "")


def test_an_unknown_command_is_a_usage_error(run_cli: Run) -> None:
    result = run_cli("sya")
    assert result.exit_code == 2
    assert "No such command 'sya'." in result.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HerdError("the port is in use"), "herd: the port is in use\n"),
        (
            ConfigError(["line 3: no name", "line 9: no port"]),
            "herd: line 3: no name\nherd: line 9: no port\n",
        ),
    ],
)
def test_an_error_for_a_person_is_its_lines_and_exit_1(
    error: HerdError, said: str, run_cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_: Path | None) -> None:
        raise error

    monkeypatch.setattr("herd.cli.status.load", load)
    result = run_cli("status")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str) -> None:
    command = [sys.executable, "-m", "herd.cli", "completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert f"_HERD_COMPLETE={shell}_complete" in done.stdout


def completed(*words: str) -> list[str]:
    """Return what bash would offer for the last of the words."""
    environment = {
        **os.environ,
        "_HERD_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "herd.cli"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.split()]


def test_names_of_servers_are_completed_from_the_configuration(make_herd: Callable[..., Herd]) -> None:
    file = str(make_herd({"Bell": ["Book"], "Book": ["Bell"]}).file)
    assert completed("herd", "say", "--config", file, "B") == ["Bell", "Book"]
    assert completed("herd", "up", "--config", file, "--only", "Bo") == ["Book"]
    assert completed("herd", "say", "H") == ["Hamilton", "Holiday"]
    assert completed("herd", "say", "--config", "/nowhere.toml", "") == []
