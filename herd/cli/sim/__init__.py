"""`herd sim`: simulations of whole herds, and of other Twisted programs; one module for each subcommand."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

import click

from herd.cli.main import LazyGroup
from herd.cli.options import example

COMMANDS: Final = {
    "check": "herd.cli.sim.check:check",
    "replay": "herd.cli.sim.replay:replay",
    "run": "herd.cli.sim.run:run",
    "scenarios": "herd.cli.sim.scenarios:scenarios",
    "seeds": "herd.cli.sim.seeds:seeds",
    "shrink": "herd.cli.sim.shrink:shrink",
    "trace": "herd.cli.sim.trace:trace",
}
"""Where each subcommand is: module and attribute."""


class SimGroup(LazyGroup):
    """The commands of the simulator."""

    places = COMMANDS


@example(
    "herd sim scenarios",
    "herd sim run five-servers-under-partitions --seed 7",
    "herd sim seeds five-servers-under-partitions --count 200",
)
@click.group(cls=SimGroup)
def sim() -> None:
    """Run herds on a simulated network that breaks, in virtual time: one seed is one history.

    A SCENARIO is the name of one that comes with herd, or a Python file with a `scenario = Scenario(...)`:
    hosts, the programs they run (any Twisted program), what breaks, and what must be true of it.
    """
    if find_spec("greenlet") is None:
        raise click.ClickException("the simulator needs greenlet: pip install greenlet, or 'herd[sim]'")
