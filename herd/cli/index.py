"""The index of the embedded places: built once on a machine, before five servers want to build it at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from herd.config.model import Config


def ensure_index(config: Config) -> None:
    """Build the index if the configuration needs it and there is none; shown on standard error."""
    if config.places.provider != "embedded":
        return
    from herd.cli.progress import progress
    from herd.places.index import build_index, find_index

    if find_index(os.environ) is not None:
        return
    with progress("Building the index of places, once on this machine") as tell:
        index = build_index(os.environ, tell)
    if index.warning:
        click.echo(f"herd: {index.warning}", err=True)
