"""The command line of the load test, read and checked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loading.plot import FORMATS
from loading.report import KEYS

from herd.config.model import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EPILOG = f"""\
examples:
  scripts/load-test                                       what five servers can do, with their logs on
  scripts/load-test --pipeline 64 --no-log-lines          and without
  scripts/load-test --rate 2000 --duration 10             what clients feel at 2,000 commands a second
  scripts/load-test --rate 2000 --convergence --plot load.html
  scripts/load-test --rate 500 --whatsat-percent 20 --json
  scripts/load-test --config herd.toml --observe-as Spare where nothing runs as Spare
  scripts/load-test --self-test --pipeline 64             what the load test itself costs

Ctrl-C ends a load early, with a report. Progress goes to standard error. The exit status is 0, 1 where
anything was not right, or 2 for a wrong command line.

--json gives one object on standard output; its keys stay:
{KEYS}
"""


def address_of(text: str) -> Address:
    """Read HOST:PORT."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def number(kind: type[int | float], least: float, most: float) -> Callable[[str], Any]:
    """Return a reader of numbers within bounds."""

    def read(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            what = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(f"{text!r} is no {what}") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:,g} and {most:,g}")
        return value

    return read


def plot_file(text: str) -> Path:
    """Read the name of a plot, which tells its format."""
    path = Path(text)
    if path.suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {str(path.parent)!r} for the plot")
    return path


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    made = argparse.ArgumentParser(
        prog="scripts/load-test",
        description="Put load on a herd, its own on free ports unless told otherwise, and measure it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_target(made.add_argument_group("what takes the load"))
    _add_load(made.add_argument_group("the load"))
    output = made.add_argument_group("what is told")
    output.add_argument("--json", action="store_true", help="one object, for programs; see below")
    output.add_argument("--plot", type=plot_file, metavar="FILE", help="draw it: FILE.svg or FILE.html")
    return made


def _add_target(group: argparse._ArgumentGroup) -> None:
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--config", type=Path, metavar="FILE", help="the herd that runs with this configuration"
    )
    where.add_argument("--connect", type=address_of, nargs="+", metavar="HOST:PORT", help="servers that run")
    where.add_argument(
        "--self-test",
        action="store_true",
        help="a trivial server instead of a herd: what this program costs, and its highest rate",
    )
    group.add_argument("--no-log-lines", action="store_true", help="its own servers do not log every line")
    group.add_argument(
        "--convergence",
        action="store_true",
        help="also link to its own servers, as one neighbor more, and measure when each knows a report",
    )
    group.add_argument(
        "--observe-as",
        metavar="NAME",
        help="the same with --config, as a configured server that does not run; it observes its neighbors",
    )


def _add_load(group: argparse._ArgumentGroup) -> None:
    def add(name: str, kind: type[int | float], bounds: tuple[float, float], default: Any, text: str) -> None:
        names = ["--duration", "--seconds"] if name == "--seconds" else [name]
        group.add_argument(
            *names,
            dest=name.removeprefix("--").replace("-", "_"),
            type=number(kind, *bounds),
            default=default,
            metavar="N",
            help=text,
        )

    add("--rate", float, (1, 1e7), None, "commands a second, due at even times; default: what will go")
    add("--connections", int, (1, 60_000), 50, "in all (default 50)")
    add("--pipeline", int, (1, 10_000), 16, "commands under way on each connection (default 16)")
    add("--seconds", float, (0.1, 86_400), 5.0, "seconds (default 5)")
    add("--clients", int, (1, 10_000_000), 10_000, "in all (default 10,000)")
    add("--whatsat-percent", float, (0, 100), 0.0, "WHATSATs of all commands (default 0)")
    add("--processes", int, (1, 64), 1, "generators, where one is not enough (default 1)")
    add("--seed", int, (0, 2**63), None, "draws the positions")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one ends the program with a word on what to do."""
    made = parser()
    options = made.parse_args(arguments)
    is_own = not (options.config or options.connect or options.self_test)
    if options.convergence and not is_own:
        made.error("--convergence is for servers of its own; with --config use --observe-as NAME")
    if options.observe_as and options.config is None:
        made.error("--observe-as needs --config; for servers of its own use --convergence")
    if options.no_log_lines and not is_own:
        made.error(
            "--no-log-lines is for servers of its own; others have logging.lines in their configuration"
        )
    return options
