"""A page of documentation that is run: its commands in order, its files written, what is printed compared.

Fenced blocks are told apart by their language and by a comment on the line before:

- `console`: lines that begin with `$ ` are typed, in a directory that they may change with `cd`; the others
  are what they print. Not after `<!-- not run: why -->`.
- `<!-- file: NAME -->`: the block is written there; a `diff` is applied to what is there.
- `<!-- shown: PATH -->`: the block is in the file PATH, beside the page.

`python tests/docs/console.py docs/PAGE.md` runs a page and puts into it what is printed now.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_S: Final = 120
"""For one command: many times what it takes."""
_FENCE: Final = re.compile(
    r"^(?:<!-- (?P<mark>[a-z ]+): (?P<word>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_UNSTABLE: Final = (
    (re.compile(r"virtual seconds in .* times as fast"), "virtual seconds in ... s"),
    (re.compile(r"[\d,]+ events?, [\d,]+ a second"), "... events"),
    (re.compile(r"^[\d.]+ s with \d+ at a time: .*"), "... s"),
    (re.compile(r"^\d+ seeds?(?=, \d+ is the lowest)"), "seeds"),
    (re.compile(r"made (\d+) in \d+ runs, [\d.]+ s"), r"made \1"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "digest"),
    (re.compile(r"^(\d+ \w+(?:, \d+ \w+)*) in [\d.]+s$"), r"\1"),
    (re.compile(r"Python 3\.\d+\.\d+"), "Python 3"),
    (re.compile(r"\s*\[100%\]$"), ""),
)
"""What differs from machine to machine, or with each version of herd, and says nothing."""


@frozen
class Block:
    """One fenced block of a page."""

    language: str
    mark: str | None
    word: str
    body: str
    line: int
    span: tuple[int, int]
    """Where its body is in the text of the page."""


@frozen
class Exchange:
    """A command, and what it prints."""

    command: str
    printed: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(
            language=each["language"],
            mark=each["mark"],
            word=each["word"] or "",
            body=each["body"],
            line=text.count("\n", 0, each.start("body")) + 1,
            span=each.span("body"),
        )
        for each in _FENCE.finditer(text)
    ]


def exchanges(body: str) -> list[Exchange]:
    """Return the commands of a console block, with what they print."""
    found: list[Exchange] = []
    for line in body.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Exchange(line[2:].rstrip("\n"), ""))
        elif found:
            found[-1] = Exchange(found[-1].command, found[-1].printed + line)
    return found


def stable(printed: str) -> list[str]:
    """Return what is printed without what differs from run to run, and without space around it."""
    lines = printed.strip().splitlines()
    for pattern, instead in _UNSTABLE:
        lines = [pattern.sub(instead, line) for line in lines]
    return [line.rstrip() for line in lines]


def patched(text: str, diff: str) -> str:
    """Apply a diff without line numbers: what has spaces or `-` becomes what has spaces or `+`."""
    lines = [line for line in diff.splitlines(keepends=True) if not line.startswith("@@")]
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(old) == 1, f"this is there {text.count(old)} times:\n{old}"
    return text.replace(old, new)


@define
class Reader:
    """Somebody who does what the page says, with a home of his own."""

    home: Path
    page: Path
    directory: Path = ROOT
    printed: dict[int, list[Exchange]] = field(factory=dict)
    """By the line of a console block: what its commands printed."""

    def follow(self, text: str) -> None:
        """Do all of it."""
        for block in blocks(text):
            self._do(block)

    def _do(self, block: Block) -> None:
        if block.mark == "shown":
            shown = (self.page.parent / block.word).read_text(encoding="utf-8")
            assert block.body in shown, f"{self.page.name}:{block.line}: {block.word} is no longer so"
        elif block.mark == "file":
            file = self.directory / block.word
            body = patched(file.read_text("utf-8"), block.body) if block.language == "diff" else block.body
            file.write_text(body, encoding="utf-8")
        elif block.language == "console" and block.mark != "not run":
            self.printed[block.line] = [
                Exchange(each.command, self._type(each.command)) for each in exchanges(block.body)
            ]

    def _type(self, command: str) -> str:
        where = self.home / "where"
        done = subprocess.run(
            ["bash", "-c", f"{{ {command}\n}} 2>&1; pwd > {where}"],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self.directory = Path(where.read_text(encoding="utf-8").rstrip("\n"))
        return done.stdout.replace(str(self.home), "~")

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PYTHON", "CI", "BUILD_NUMBER"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        reader = {
            "HOME": str(self.home),
            "PATH": path,
            "COLUMNS": "80",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        return {**kept, **reader}


def differences(text: str, reader: Reader) -> Iterator[str]:
    """Yield where a page says something else than what was printed."""
    for block in blocks(text):
        for said, was in zip(exchanges(block.body), reader.printed.get(block.line, ()), strict=False):
            if stable(said.printed) != stable(was.printed):
                where = f"line {block.line}: $ {said.command}"
                yield f"{where}\nthe page says\n{said.printed}it prints\n{was.printed}"


def rewritten(text: str, reader: Reader) -> str:
    """Return a page with what was printed now."""
    for block in reversed(blocks(text)):
        if block.line in reader.printed:
            body = "".join(f"$ {each.command}\n{each.printed}" for each in reader.printed[block.line])
            text = f"{text[: block.span[0]]}{body.rstrip()}\n{text[block.span[1] :]}"
    return text


def main() -> None:
    """Run a page, and put into it what is printed now."""
    page = Path(sys.argv[1]).resolve()
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        reader = Reader(Path(home), page)
        reader.follow(text)
        for picture in sorted(reader.directory.glob("*.svg")):
            shutil.copy(picture, page.parent / "images")
    page.write_text(rewritten(text, reader), encoding="utf-8")


if __name__ == "__main__":
    main()
