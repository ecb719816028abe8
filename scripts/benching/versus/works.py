"""What is measured: each work is one load, put on every system that does it.

Reports of one client are newer each time, so each is news to every server. Clients are 10,000 with one
server, 50,000 with five: so many that few reports are superseded on their way, as a record that waits for a
neighbor is by a newer one of the same client.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

FILLING_DEPTH: Final = 64


@frozen(kw_only=True)
class Work:
    """One load."""

    name: str
    title: str
    depth: int = 64
    clients: int = 10_000
    rate: float | None = None
    seconds: float
    fills: bool = True
    """Whether every client has reported once before it is measured."""
    settles: bool = False
    """Whether the cost counts until every server has everything."""
    watches: bool = False
    """Whether observers see when a report is known everywhere."""


@frozen(kw_only=True)
class Group:
    """Works that the same servers do, one after the other."""

    name: str
    works: tuple[Work, ...]
    takes_turns: bool = True
    """Whether the systems take turns at each work; else one after the other does all, alone."""


GROUPS: Final = (
    Group(
        name="one",
        works=(
            Work(name="one-64", title="one server, 64 deep", depth=64, seconds=1.0),
            Work(name="one-16", title="one server, 16 deep", depth=16, seconds=1.0),
            Work(name="one-1", title="one server, 1 deep", depth=1, seconds=1.0),
        ),
    ),
    Group(
        name="flood",
        works=(
            Work(name="flood", title="five servers, saturated", clients=50_000, seconds=1.5, settles=True),
            Work(name="hot", title="the same, 100 clients", clients=100, seconds=1.5, settles=True),
        ),
    ),
    Group(
        name="known",
        works=(
            Work(
                name="known-2000",
                title="five servers, 2,000/s",
                clients=20_000,
                rate=2_000,
                seconds=2.5,
                watches=True,
            ),
            Work(
                name="known-20000",
                title="five servers, 20,000/s",
                clients=20_000,
                rate=20_000,
                seconds=2.5,
                watches=True,
            ),
            Work(
                name="known-full",
                title="five servers, saturated",
                clients=50_000,
                seconds=1.0,
                watches=True,
            ),
        ),
    ),
    Group(
        name="price",
        takes_turns=False,
        works=(
            Work(name="price-one", title="one server, 64 deep", seconds=1.0),
            Work(
                name="price-many",
                title="one server, new clients",
                clients=1_000_000,
                seconds=1.0,
                fills=False,
            ),
            Work(
                name="price-flood", title="five servers, saturated", clients=50_000, seconds=1.5, settles=True
            ),
            Work(
                name="price-news",
                title="five servers, new clients",
                clients=500_000,
                seconds=1.5,
                fills=False,
                settles=True,
            ),
        ),
    ),
)
"""Everything, in the order in which it is measured."""

WORKS: Final = {work.name: work for group in GROUPS for work in group.works}
