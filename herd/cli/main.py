"""The command `herd`: finds a subcommand's module when it is asked for, so that every start is fast.

Only `herd up` runs a reactor; importing one costs a third of a second, rich a tenth. Neither is imported
here, nor at the top of a command's module: `herd --help` loads all of those.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

import herd
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final = {
    "ca": "herd.cli.ca:ca",
    "check": "herd.cli.check:check",
    "completion": "herd.cli.completion:completion",
    "config": "herd.cli.config:config",
    "places": "herd.cli.places:places",
    "reconcile": "herd.cli.operate:reconcile",
    "reload": "herd.cli.operate:reload",
    "say": "herd.cli.say:say",
    "sim": "herd.cli.sim:sim",
    "status": "herd.cli.status:status",
    "up": "herd.cli.up:up",
}
"""Where each subcommand is: module and attribute."""


_INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as of all commands that a shell runs: 128 and the number of SIGINT."""


class _Told(click.ClickException):
    """A `HerdError` on its way out: its lines as they stand, exit status 1."""

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"herd: {line}", file=file, err=True)


class LazyGroup(click.Group):
    """A group whose commands are imported when asked for; `places` says where: module and attribute."""

    places: Mapping[str, str]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        del ctx
        return sorted(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None where there is none of this name."""
        del ctx
        if cmd_name not in self.places:
            return None
        module, _, attribute = self.places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class HerdGroup(LazyGroup):
    """All commands. Their `HerdError`s, and Ctrl-C, end in plain words."""

    places = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises for a person is printed without a traceback."""
        try:
            return super().invoke(ctx)
        except HerdError as error:
            raise _Told(str(error)) from error
        except KeyboardInterrupt as interrupt:
            click.echo("Interrupted.", err=True)
            raise click.exceptions.Exit(_INTERRUPTED) from interrupt


def _print_version(ctx: click.Context, _option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001 - click's
    """Print herd's version, and which core runs."""
    if not is_asked or ctx.resilient_parsing:
        return
    from herd.core.native import CORE

    click.echo(f"herd {herd.__version__} ({CORE} core)")
    ctx.exit()


@click.group(
    cls=HerdGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExamples:\n  herd up\n  herd say Alford 'WHATSAT kiwi.cs.ucla.edu 10 5'\n  herd status",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version, and whether the core is compiled or pure.",
)
def main() -> None:
    """Named servers that share fast-moving client positions, with no database in the middle."""
