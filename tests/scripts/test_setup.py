"""`scripts/setup` with interpreters that are stand-ins: what it says, and when it has nothing to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "cat", "cksum", "cp", "dirname", "head", "mkdir", "rm", "tail")
REMEDY = "install Python 3.11, 3.12 or 3.13, or set PYTHON=/path/to/one"


@frozen
class Checkout:
    """A directory with `scripts/setup`, and a path that has only what is put there."""

    root: Path
    programs: Path

    def setup(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "scripts" / "setup", *arguments],
            cwd=self.root.parent,
            env={"PATH": str(self.programs), **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def python(self, name: str, version: str, *, has_venv: bool = True) -> None:
        """Put an interpreter on the path, whose `-m venv` and `-m pip` do little but note the call."""
        self.program(
            name,
            f"""
            case "$*" in
                *version_info*) echo {version} ;;
                *sys.version*) echo {version} of a stand-in ;;
                *_base_executable*) echo /usr/bin/{name} ;;
                *ensurepip*) {"exit 0" if has_venv else "echo no ensurepip >&2; exit 1"} ;;
                "-m venv"*)
                    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/python3" || exit 1
                    echo "venv by {name}" >>"{self.log}" ;;
                *"pip install"*) [ -z "$FAILING" ] || exit 1; shift 5; echo "install $*" >>"{self.log}" ;;
            esac
            """,
        )

    @property
    def log(self) -> Path:
        return self.root / "done"

    def done(self) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "a checkout"
    (root / "scripts").mkdir(parents=True)
    (root / "herd" / "plugins").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup", root / "scripts")
    (root / "pyproject.toml").write_text("one")
    (root / "herd" / "plugins" / "herd_plugin.py").touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or tool)
    return Checkout(root, programs)


def test_no_python_is_said(checkout: Checkout) -> None:
    tried = checkout.setup()
    assert (tried.returncode, tried.stderr) == (1, f"scripts/setup: no Python found: {REMEDY}\n")


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.14.0"])
def test_a_python_too_old_or_too_new_is_said(checkout: Checkout, version: str) -> None:
    checkout.python("python3", version)
    tried = checkout.setup()
    expected = f"scripts/setup: herd needs Python 3.11 to 3.13, and python3 is {version}: {REMEDY}\n"
    assert (tried.returncode, tried.stderr) == (1, expected)


def test_a_python_without_venv_is_said(checkout: Checkout) -> None:
    checkout.python("python3", "3.9.2")
    checkout.python("python3.11", "3.11.2", has_venv=False)
    tried = checkout.setup()
    expected = (
        "scripts/setup: python3.11 (3.11.2) cannot make virtual environments: "
        "on Debian or Ubuntu run 'apt-get install python3.11-venv', then scripts/setup again\n"
    )
    assert (tried.returncode, tried.stderr) == (1, expected)


def test_a_python_asked_for_must_fit(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    checkout.python("python3.10", "3.10.13")
    assert "python3.10 is 3.10.13" in checkout.setup(PYTHON="python3.10").stderr
    assert "none does not run: install" in checkout.setup(PYTHON="none").stderr
    assert checkout.done() == []


def test_the_first_python_that_fits_is_taken(checkout: Checkout) -> None:
    checkout.python("python3", "3.14.0")
    checkout.program("python3.13", "echo 'python3.13: not installed' >&2; exit 127")
    checkout.python("python3.12", "3.12.1")
    checkout.python("python3.11", "3.11.7")
    assert checkout.setup().returncode == 0
    assert checkout.done() == ["venv by python3.12", "install .[dev]"]


def test_it_does_nothing_the_second_time(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    assert checkout.setup().returncode == 0
    checkout.done()
    took_s = []
    for _ in range(5):
        began = time.monotonic()
        again = checkout.setup()
        took_s.append(time.monotonic() - began)
        assert (again.returncode, again.stdout, again.stderr, checkout.done()) == (0, "", "", [])
    assert min(took_s) < 0.3
    assert checkout.setup("--run").returncode == 0
    assert checkout.done() == []


def test_running_needs_no_tools_until_they_are_asked_for(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    checkout.setup("--run")
    assert checkout.done() == ["venv by python3", "install .[sim]"]
    checkout.setup()
    assert checkout.done() == ["install .[dev]"]


def test_a_changed_pyproject_or_plugin_is_installed_anew_with_the_tools(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    checkout.setup()
    checkout.done()
    (checkout.root / "pyproject.toml").write_text("two")
    checkout.setup("--run")
    assert checkout.done() == ["install .[dev]"]
    (checkout.root / "herd" / "plugins" / "herd_plugin.py").write_text("two")
    checkout.setup("--run")
    assert checkout.done() == ["install .[dev]"]


def test_another_python_that_is_asked_for_makes_another_venv(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    checkout.python("python3.13", "3.13.0")
    checkout.setup()
    checkout.setup(PYTHON="python3.13")
    assert checkout.done() == ["venv by python3", "install .[dev]", "venv by python3.13", "install .[dev]"]
    checkout.setup(PYTHON="python3.13")
    checkout.setup()
    assert checkout.done() == []


def test_changed_c_is_compiled_anew(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    native = checkout.root / "herd" / "core" / "native"
    native.mkdir(parents=True)
    for name in ("module.c", "table.h"):
        checkout.setup()
        checkout.done()
        (native / name).write_text("changed")
        checkout.setup()
        assert checkout.done() == ["install .[dev]"]
        checkout.setup()
        assert checkout.done() == []


def test_a_compiler_that_came_and_a_module_that_went_are_seen(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    assert "herd has its pure core" in checkout.setup().stderr
    checkout.done()
    checkout.program("cc", "exit 1")
    module = checkout.root / "herd" / "core" / "_native.cpython-312.so"
    module.parent.mkdir()
    module.touch()
    assert "pure core" not in checkout.setup().stderr
    assert checkout.done() == ["install .[dev]"]
    module.unlink()
    checkout.setup()
    assert checkout.done() == ["install .[dev]"]


def break_off(checkout: Checkout) -> None:
    failed = checkout.setup(FAILING="yes")
    assert failed.returncode == 1
    assert failed.stderr.endswith("Mend that, then run scripts/setup again\n")


def lose_python(checkout: Checkout) -> None:
    checkout.setup()
    (checkout.root / ".venv" / "bin" / "python").unlink()


def break_python(checkout: Checkout) -> None:
    checkout.setup()
    (checkout.root / ".venv" / "bin" / "python").write_text("#!/nowhere\n")


def leave_half_a_venv(checkout: Checkout) -> None:
    (checkout.root / ".venv" / "bin").mkdir(parents=True)


def copy_from_elsewhere(checkout: Checkout) -> None:
    checkout.setup()
    stamp = checkout.root / ".venv" / "herd-setup"
    stamp.write_text(stamp.read_text().replace("a checkout", "another checkout"))


@pytest.mark.parametrize(
    "spoil", [break_off, lose_python, break_python, leave_half_a_venv, copy_from_elsewhere]
)
def test_a_spoiled_venv_is_made_again(checkout: Checkout, spoil: Callable[[Checkout], None]) -> None:
    checkout.python("python3", "3.12.1")
    spoil(checkout)
    checkout.done()
    # Now the only python3 that would fit is that of the spoiled venv, which somebody has activated.
    checkout.python("python3", "3.9.2")
    checkout.python("python3.12", "3.12.1")
    mended = checkout.setup(PATH=f"{checkout.root}/.venv/bin{os.pathsep}{checkout.programs}")
    assert (mended.returncode, checkout.done()) == (0, ["venv by python3.12", "install .[dev]"])


def test_a_venv_made_by_hand_is_used(checkout: Checkout) -> None:
    checkout.python("python3", "3.12.1")
    checkout.setup()
    (checkout.root / ".venv" / "herd-setup").unlink()
    checkout.done()
    checkout.setup()
    assert checkout.done() == ["install .[dev]"]


def test_help_and_unknown_options(checkout: Checkout) -> None:
    told = checkout.setup("--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert "example: PYTHON=python3.12 scripts/setup" in told.stdout
    unknown = checkout.setup("--all")
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "scripts/setup: unknown option --all; try scripts/setup --help\n",
    )
