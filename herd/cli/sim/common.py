"""What the commands of the simulator share: their arguments, and a process that can host programs."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.shell_completion import CompletionItem
    from twisted.logger import ILogObserver

    from herd.sim.explore.live import Publication
    from herd.sim.explore.task import Task
    from herd.sim.scenario import Scenario

Override = tuple[tuple[str, int], int]
_PUBLICATION: Final = re.compile(r"(?P<host>[^:]+):(?P<port>\d{1,5})=(?P<real>\d{1,5})")
_LAST_PORT: Final = 65535


class ScenarioName(click.ParamType[str]):
    """A shipped scenario's name, completed in a shell, or a file."""

    name = "scenario"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the shipped scenarios whose name begins so; a shell completes files itself."""
        from click.shell_completion import CompletionItem

        from herd.sim.scenario import shipped

        del ctx, param
        names = [CompletionItem(name) for name in shipped() if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="file")]


class OverrideType(click.ParamType[Override]):
    """A draw that is to have another value."""

    name = "draw"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Override:
        """Read LABEL#N=VALUE."""
        from herd.sim.explore.tapes import TapeError, read_override

        if not isinstance(value, str):
            return value  # type: ignore[no-any-return] # click converts defaults too
        try:
            return read_override(value)
        except TapeError as error:
            self.fail(str(error), param, ctx)


class PublicationType(click.ParamType["Publication"]):
    """A simulated port, and a real one."""

    name = "publication"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Publication:
        """Read HOST:PORT=LOCALPORT."""
        from herd.sim.explore.live import Publication

        if isinstance(value, Publication):
            return value
        match = _PUBLICATION.fullmatch(str(value))
        if match is None or not (0 < int(match["port"]) <= _LAST_PORT >= int(match["real"])):
            self.fail(f"{value!r} is no HOST:PORT=LOCALPORT, such as Alford:12480=12480", param, ctx)
        return Publication(match["host"], int(match["port"]), int(match["real"]))


def _positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    del ctx, param
    if value is not None and not value > 0:
        raise click.BadParameter(f"{value:g} s is no time: give more than 0")
    return value


scenario_argument: Final = click.argument("scenario", metavar="SCENARIO", type=ScenarioName())
seed_option: Final = click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Which history."
)
jobs_option: Final = click.option(
    "--jobs", metavar="N", type=click.IntRange(min=1), help="Runs at a time. Without it: one for each core."
)
limit_option: Final = click.option(
    "--limit",
    "limit_s",
    metavar="SECONDS",
    type=float,
    default=60.0,
    show_default=True,
    callback=_positive,
    help="A run that takes longer than this in real time has failed.",
)
set_option: Final = click.option(
    "--set",
    "overrides",
    metavar="LABEL#N=VALUE",
    type=OverrideType(),
    multiple=True,
    help="Let draw N (from 0) of the stream LABEL be VALUE: 64 bits, or a share from 0.0 to 1.0. Repeatable.",
)


def seconds_option(*names: str, text: str) -> Any:
    """Return an option that takes a positive number of seconds."""
    return click.option(*names, metavar="SECONDS", type=float, callback=_positive, help=text)


def pin() -> None:
    """Go on only in a process in which texts hash the same at every run; it may be started again for it."""
    from herd.sim.engine.pins import pin_hash_seed

    pin_hash_seed()


def prepare(name: str) -> Scenario:
    """Read a scenario, and make this process able to host programs; a usage error if it cannot be read."""
    from herd.sim.engine import hosting
    from herd.sim.scenario import ScenarioError, load_scenario

    try:
        scenario = load_scenario(name)
    except ScenarioError as error:
        raise click.UsageError(str(error)) from error
    hosting.install()
    log_in_plain_words()
    return scenario


def log_in_plain_words() -> None:
    """Print what the simulator itself warns of; what hosted programs log is in the trace and the report."""
    from twisted.logger import LogLevel, formatEvent, globalLogBeginner

    from herd.sim.engine import current

    def tell(event: Any) -> None:
        if current.process is None and event["log_level"] >= LogLevel.warn:
            click.echo(f"herd: {formatEvent(event)}", err=True)

    globalLogBeginner.beginLoggingTo(
        [cast("ILogObserver", tell)], discardBuffer=True, redirectStandardIO=False
    )


def workers(jobs: int | None) -> int:
    """Return how many runs there may be at a time."""
    from herd.sim.explore.crew import cores

    return jobs or cores()


@contextmanager
def file_errors(file: Path | None) -> Iterator[None]:
    """Let a file that cannot be written or read end in plain words."""
    try:
        yield
    except OSError as error:
        if file is None or error.filename not in {str(file), file}:
            raise
        raise click.UsageError(f"{file}: {error.strerror}") from error


def check_writable(file: Path | None) -> None:
    """Say before the work, not after it, that a file cannot be written."""
    if file is not None:
        with file_errors(file), file.open("ab"):
            pass


def command_of(verb: str, task: Task, *more: str) -> str:
    """Return a command line about a run, as one would type it."""
    from herd.sim.explore.tapes import place

    words = ["herd", "sim", verb, task.scenario, "--seed", str(task.seed)]
    for key, value in task.overrides.items():
        words += ["--set", f"{place(*key)}={value:#x}"]
    return shlex.join([*words, *more])
