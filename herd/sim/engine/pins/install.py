"""Placing the pins, once for the whole interpreter."""

from __future__ import annotations

from threading import get_ident

from herd.sim.engine import current
from herd.sim.engine.pins import real  # noqa: F401 - it takes the originals before they are pinned


class _Once:
    done = False


def install() -> None:
    """Place the pins, unless they are; from now on the calling thread is the one that simulates.

    As early as possible is best, and late is good: what other modules have bound by then is replaced.
    """
    current.thread = get_ident()
    if _Once.done:
        return
    _Once.done = True
    from herd.sim.engine.pins import (  # noqa: PLC0415 - they take most of the standard library along
        blocking,
        chance,
        clocks,
        databases,
        dates,
        devices,
        environment,
        forbidden,
        hashes,
        locks,
        logs,
        masks,
        signals,
        sockets,
        system,
        terminal,
    )
    from herd.sim.engine.pins.pin import PLACED  # noqa: PLC0415
    from herd.sim.engine.pins.replace import Replacement  # noqa: PLC0415

    for each in (
        blocking,
        chance,
        clocks,
        databases,
        dates,
        devices,
        environment,
        forbidden,
        locks,
        logs,
        masks,
        signals,
        sockets,
        system,
        terminal,
        hashes,
    ):
        each.pin()
    Replacement(PLACED).everywhere()
