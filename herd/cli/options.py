"""What several commands take: the configuration's file, and names of its servers."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.shell_completion import CompletionItem

    from herd.config.model import Config

config_option: Final = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The herd's configuration. Without it: the packaged one, five servers on loopback.",
)

json_option: Final = click.option("--json", "as_json", is_flag=True, help="For programs: JSON, see above.")


def load(config_file: Path | None) -> Config:
    """Read the configuration; a `ConfigError` says everything that is wrong with it."""
    from herd.config.load import load_config

    return load_config(config_file)


class ServerName(click.ParamType[str]):
    """The name of a server; completed in a shell from the configuration that the line names so far."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the servers whose name begins so; none where the configuration cannot be read."""
        from click.shell_completion import CompletionItem

        del param
        try:
            names = load(ctx.params.get("config_file")).names
        except (HerdError, OSError):
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def chosen(config: Config, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the wanted names in the file's order (none wanted: all); an unknown one is a usage error."""
    asked = tuple(wanted)
    for name in asked:
        if name not in config.names:
            raise unknown(config, name)
    return tuple(name for name in config.names if name in asked or not asked)


def unknown(config: Config, name: str) -> click.UsageError:
    """Return the error for a name that the configuration lacks, with the one that was perhaps meant."""
    close = difflib.get_close_matches(name.title(), config.names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(config.names)}."
    return click.UsageError(f"there is no server {name!r} in {config.source}: {hint}")


def json_shape(text: str) -> Callable[[Any], Any]:
    """Add to the help of a command what --json gives, each line as it stands."""

    def add(command: click.Command) -> click.Command:
        added = "Fields may be added to it, none is ever taken away."
        command.help = f"{command.help}\n\n\b\nWith --json, {text.strip()}\n{added}"
        return command

    return add


def example(*lines: str) -> Callable[[Any], Any]:
    """Add examples to the help of a command, one a line, as they would be typed."""

    def add(command: click.Command) -> click.Command:
        block = "\n".join(["Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)])
        command.epilog = f"\b\n{block}"
        return command

    return add
