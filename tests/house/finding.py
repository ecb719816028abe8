"""What a rule of the house finds, and the sources that it looks at."""

from __future__ import annotations

import ast
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).resolve().parents[2]
LEFT_BY_TOOLS: Final = frozenset({"__pycache__", "build", "dist", "dropin.cache"})


@frozen(order=True)
class Finding:
    """One breach of a rule; `place` is the file, or the file and a name in it, that an exception may name."""

    place: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.text}"


@frozen
class Source:
    """A Python file: where it is, from the root of the checkout, and what is in it."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        return cls(path, text, ast.parse(text, filename=path))

    @property
    def module(self) -> str:
        """The dotted name that `import` has for it."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The room of `herd/` that it stands in; `herd/testing.py` is a room of its own."""
        return self.module.split(".")[1] if self.path.startswith("herd/") and "." in self.module else ""

    def finding(self, node: ast.stmt | ast.expr, text: str) -> Finding:
        return Finding(self.path, node.lineno, text)


@cache
def checkout() -> tuple[str, ...]:
    """Every file that is or would be committed; where git does not know, every file but what tools left."""
    return tuple(sorted(_listed_by_git() if shutil.which("git") else _walked()) or _walked())


def _listed_by_git() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _walked() -> list[str]:
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in files
        if not LEFT_BY_TOOLS.intersection(path.parts)
        and path.suffix != ".so"
        and not any(part.startswith(".") and part != ".ci" for part in path.parts[:-1])
    )


@cache
def text_of(path: str) -> str | None:
    """A file's text; None for what is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def python_sources() -> tuple[Source, ...]:
    """Every Python file of the checkout, scripts without an ending included."""
    sources = []
    for path in checkout():
        text = text_of(path)
        if text is not None and (path.endswith(".py") or is_python_script(path, text)):
            sources.append(Source.of(path, text))
    return tuple(sources)


@cache
def c_sources() -> tuple[tuple[str, str], ...]:
    """Every C file of the checkout, headers included: its path and its text."""
    texts = ((path, text_of(path)) for path in checkout() if path.endswith((".c", ".h")))
    return tuple((path, text) for path, text in texts if text is not None)


def is_python_script(path: str, text: str) -> bool:
    """Tell whether a file under `scripts/` or `.ci/` is Python by its first line."""
    first = text.partition("\n")[0]
    return path.startswith(("scripts/", ".ci/")) and first.startswith("#!") and "python" in first
