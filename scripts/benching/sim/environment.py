"""Where the peers are: a virtual environment with simloop, simloom and herd on one interpreter.

Nothing is installed unless that is asked for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from herd.core.errors import HerdError

PEERS: Final = {"simloop": "0.2.2", "simloom": "0.5.0"}
OLDEST: Final = (3, 12)
ROOT: Final = Path(__file__).resolve().parents[3]
INTERPRETERS: Final = ("python3.13", "python3.12")


def python_of(venv: Path | None) -> Path:
    """Return the interpreter that measures: the environment's, or the one that runs this."""
    if venv is None:
        return Path(sys.executable)
    python = venv / "bin" / "python"
    if not python.exists():
        raise HerdError(f"there is no environment in {venv}: add --install, or {how_to_get(venv)}")
    return python


def peers_of(python: Path) -> list[str]:
    """Return the peers that this interpreter can import."""
    return [peer for peer in PEERS if has(python, peer)]


def has(python: Path, module: str) -> bool:
    """Tell whether an interpreter can import a module."""
    return (
        subprocess.run([str(python), "-c", f"import {module}"], check=False, capture_output=True).returncode
        == 0
    )


def requirements() -> list[str]:
    """Return what pip is to install."""
    return [*(f"{peer}=={version}" for peer, version in PEERS.items()), "-e", str(ROOT)]


def how_to_get(venv: Path) -> str:
    """Say how a person makes such an environment."""
    return f"make one: {INTERPRETERS[0]} -m venv {venv} && {venv}/bin/pip install {' '.join(requirements())}"


def install(venv: Path, python: str | None) -> None:
    """Make the environment, and install the peers and this checkout of herd into it."""
    if not (venv / "bin" / "python").exists():
        subprocess.run([interpreter(python), "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    if subprocess.run([*pip, *requirements()], check=False).returncode:
        raise HerdError(f"pip could not install the peers into {venv}: see above")


def interpreter(asked: str | None) -> str:
    """Find an interpreter that the peers run on."""
    for name in (asked,) if asked else INTERPRETERS:
        found = shutil.which(name)
        if found is None:
            continue
        version = f"import sys; sys.exit(sys.version_info < {OLDEST!r})"
        if subprocess.run([found, "-c", version], check=False, capture_output=True).returncode == 0:
            return found
    tried = asked or " and ".join(INTERPRETERS)
    raise HerdError(f"the peers need Python 3.12 or newer, and {tried} is not one: give --python")
