"""A file into a `Config`: read it, check it, and tell everything that is wrong with it at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from herd.config.checks import check_draft
from herd.config.directories import resolve, state_directory
from herd.config.document import Draft, TlsDraft, read_document
from herd.config.locate import line_of, lines_of
from herd.config.model import Config, Places
from herd.config.problem import DocumentPath, Problem
from herd.core.errors import ConfigError

PACKAGED: Final = "the packaged default"
"""What messages call the configuration that is used where no file is given."""

MAX_FILE_BYTES: Final = 10_000_000
"""A thousand servers take some 200,000; a device or a log, given by mistake, is not read for ever."""

_POSITION: Final = re.compile(
    r"(?P<words>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)"
)
"""How tomllib ends its messages."""


@frozen(kw_only=True)
class Reading:
    """What a file came to: a configuration, unless there were errors, and all problems, in order."""

    source: str
    config: Config | None
    problems: tuple[Problem, ...] = ()
    places: Places = field(factory=Places)
    """What is known of `[places]` even if there is no configuration."""
    lines: Mapping[DocumentPath, int] = field(factory=dict)
    """Where in the file each path stands."""

    def plus(self, found: Iterable[Problem]) -> Reading:
        """Return this reading with more problems, each on the line where its path stands."""
        placed = [
            evolve(problem, source=self.source, line=line_of(problem.path, self.lines)) for problem in found
        ]
        problems = sorted((*self.problems, *placed), key=lambda problem: problem.line or 0)
        has_errors = any(problem.severity == "error" for problem in problems)
        return evolve(self, config=None if has_errors else self.config, problems=tuple(problems))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that the configuration cannot be used with."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that it can be used with."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def load_config(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration in a file, or the packaged default; a `ConfigError` holds all its errors."""
    return load_checked(path, environ)[0]


def load_checked(
    path: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Config, list[Problem]]:
    """Return the configuration in a file with its warnings; a `ConfigError` holds all its errors."""
    reading = read_config(path, environ)
    if reading.config is None:
        raise ConfigError([str(problem) for problem in reading.errors])
    return reading.config, list(reading.warnings)


def read_config(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Reading:
    """Read a file, or the packaged default, and tell what is wrong with it; raises nothing."""
    if path is None:
        return read_text(packaged_text(), PACKAGED, None, environ)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return _failed(str(path), Problem(message=_why_unreadable(path, error)))
    if len(data) > MAX_FILE_BYTES:
        return _failed(
            str(path), Problem(message=f"larger than {MAX_FILE_BYTES} bytes, so not a configuration")
        )
    try:
        # A byte order mark is what some editors of Windows begin a file with.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _failed(
            str(path), Problem(line=line, message=f"not UTF-8 text: byte {data[error.start]:#04x}")
        )
    return read_text(text, str(path), path.parent, environ)


def packaged_text() -> str:
    """Return the packaged default as it is written, to start from."""
    return resources.files("herd.config").joinpath("default.toml").read_text("utf-8")


def read_text(text: str, source: str, base: Path | None, environ: Mapping[str, str]) -> Reading:
    """Read the text of a file that is called `source` and stands in the directory `base`, or in none."""
    try:
        document = tomllib.loads(text)
        lines = lines_of(text)
    except RecursionError:
        return _failed(source, Problem(message="not a configuration: nested too deeply"))
    except ValueError as error:
        return _failed(source, _syntax_error(error, text))
    draft, problems = read_document(document)
    draft = _with_directories(draft, base, environ)
    problems += check_draft(draft)
    is_right = all(problem.severity == "warning" for problem in problems)
    config = draft.config(source) if is_right else None
    return Reading(source=source, config=config, places=draft.places, lines=lines).plus(problems)


def _with_directories(draft: Draft, base: Path | None, environ: Mapping[str, str]) -> Draft:
    """Make the paths that the file names, or does not name, absolute.

    What would stand beside a file that stands nowhere, the packaged one, is in the state directory.
    """
    state = None
    if draft.name is not None:
        state = state_directory(draft.name, draft.state, base or Path.cwd(), environ)
    start = base or state or Path.cwd()

    def absolute(path: Path | None) -> Path | None:
        return None if path is None else resolve(path, start, environ)

    return evolve(
        draft,
        state=state,
        logging=evolve(draft.logging, directory=absolute(draft.logging.directory)),
        links=evolve(draft.links, secret_file=absolute(draft.links.secret_file)),
        tls=TlsDraft(
            directory=absolute(draft.tls.directory or Path("tls")),
            client_certificate=absolute(draft.tls.client_certificate),
            client_key=absolute(draft.tls.client_key),
        ),
    )


def _failed(source: str, problem: Problem) -> Reading:
    return Reading(source=source, config=None, problems=(evolve(problem, source=source),))


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no such file; `herd config default > {path.name}` writes one to start from"
    if isinstance(error, IsADirectoryError):
        return "a directory, not a file"
    return f"cannot be read: {error.strerror or error}"


def _syntax_error(error: ValueError, text: str) -> Problem:
    """Return tomllib's complaint with its position where a position belongs."""
    match = _POSITION.fullmatch(str(error).replace("\n", " "))
    if match is None:
        return Problem(message=f"not TOML: {error}")
    line = int(match["line"]) if match["line"] else len(text.splitlines()) or 1
    column = int(match["column"]) if match["column"] else None
    words = match["words"] if match["line"] else f"{match['words']} (at the end of the file)"
    return Problem(line=line, column=column, message=f"not TOML: {words[0].lower()}{words[1:]}")
