"""What time it is, for commands that speak of days; whoever runs a command may give it a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click
from attrs import frozen


@frozen
class Clock:
    """A clock, given as the object of the outermost click context."""

    read: Callable[[], datetime]


def now() -> datetime:
    """Return the present moment in UTC, to the second, as certificates know no fractions."""
    given = click.get_current_context().find_object(Clock)
    moment = datetime.now(UTC) if given is None else given.read()
    return moment.replace(microsecond=0)
