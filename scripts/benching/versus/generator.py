"""The load generator and its like, small programs in C: compiled when needed, and run with a bound on time.

They are compiled into the user's cache, under a name that is a digest of the sources, so never twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SOURCES: Final = Path(__file__).resolve().parents[2] / "bench" / "generator"
FLAGS: Final = ("-O2", "-std=gnu11", "-D_GNU_SOURCE")
_START_S: Final = 15.0
"""How long all connections may take to be made."""
_MARGIN_S: Final = 5.0


@frozen(kw_only=True)
class Load:
    """What is asked of the generator; its `load.c` says what each of these means."""

    speak: str
    to: tuple[str, ...]
    connections: int = 50
    depth: int = 16
    clients: int = 10_000
    rate: float | None = None
    seconds: float = 1.0
    drain: float = 10.0
    reports: int | None = None
    observe: tuple[str, ...] = ()
    observe_as: str = ""

    def words(self) -> list[str]:
        """Return the command line."""
        words = [f"--speak={self.speak}", f"--to={','.join(self.to)}", f"--connections={self.connections}"]
        words += [f"--depth={self.depth}", f"--clients={self.clients}"]
        words += [f"--seconds={self.seconds}", f"--drain={self.drain}"]
        if self.rate is not None:
            words.append(f"--rate={self.rate}")
        if self.reports is not None:
            words.append(f"--reports={self.reports}")
        if self.observe:
            words += [f"--observe={','.join(self.observe)}", f"--observe-as={self.observe_as}"]
        return words


@frozen
class Programs:
    """Where the compiled programs are."""

    load: Path
    echo: Path
    leash: Path


def build() -> Programs:
    """Compile what is not compiled yet; a `HerdError` if there is no compiler, or it refuses."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(each.name.encode() + each.read_bytes() for each in sources))
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = base / "herd" / "bench" / digest.hexdigest()[:16]
    alone = {directory / name: [SOURCES / f"{name}.c"] for name in ("echo", "leash")}
    others = [path for path in sources if path.suffix == ".c" and [path] not in alone.values()]
    for program, parts in {**alone, directory / "load": others}.items():
        if not program.exists():
            _compile(program, parts)
    return Programs(directory / "load", directory / "echo", directory / "leash")


def _compile(program: Path, sources: list[Path]) -> None:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise HerdError("the load generator needs a C compiler: apt-get install gcc libc6-dev")
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(f".{os.getpid()}")
    done = subprocess.run(
        [compiler, *FLAGS, "-o", unfinished, *sources], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HerdError(f"{compiler} does not compile the load generator: {done.stderr.strip()}")
    unfinished.replace(program)


def run(
    program: Path, load: Load, meter: Callable[[], float], settle: Callable[[], None] | None = None
) -> tuple[Mapping[str, Any], float]:
    """Put on a load; return what the generator says, and by how much the meter has grown since all connected.

    What `settle` waits for counts too. A `HerdError` if the generator fails, tells of errors, or takes longer
    than it may.
    """
    with subprocess.Popen(
        [program, *load.words()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _wait_until_ready(process)
            before = meter()
            limit_s = load.seconds + load.drain + _MARGIN_S
            out, error = process.communicate("\n", timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise HerdError("the load generator did not end in time") from None
        finally:
            process.kill()
    if process.returncode:
        raise HerdError(f"the load generator failed: {_last(error)}")
    said: Mapping[str, Any] = json.loads(out)
    if said["errors"]:
        raise HerdError(f"{said['errors']} errors under load, the first: {said['first_error']}")
    if settle is not None:
        settle()
    return said, meter() - before


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None, "it is a pipe"
    assert process.stderr is not None, "likewise"
    os.set_blocking(process.stdout.fileno(), False)
    until_s = time.monotonic() + _START_S
    while process.stdout.readline() != "ready\n":
        if process.poll() is not None:
            raise HerdError(f"the load generator did not start: {_last(process.stderr.read())}")
        if time.monotonic() > until_s:
            raise HerdError(f"the load generator is not connected after {_START_S:g} s")
        time.sleep(0.005)
    os.set_blocking(process.stdout.fileno(), True)


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it does not say why"])[-1]
