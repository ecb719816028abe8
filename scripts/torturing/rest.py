"""The herd after all faults: it must become one again, and what a single report costs at rest is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import define, field

from torturing.conversation import dial, iamat, look
from torturing.invariants import Holdings, Quiet, converges
from torturing.servers import LOOK_S, Servers, links_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from torturing.history import History
    from torturing.servers import Status

CONVERGE_S: Final = 20.0
"""From the end of all faults until servers hold the same: ten silences of a link, and a busy machine."""

IDLE_S: Final = 1.0
"""Two heartbeats: long enough for what goes round in circles to be seen."""

FLOOD_S: Final = 0.4
"""From one report at rest to the next: an update takes milliseconds, and what circles is seen later too."""


@define
class Rest:
    """What was seen of a herd at rest."""

    holdings: Holdings = field(factory=dict)
    records: Mapping[str, int] = field(factory=dict)
    """How many each server says it holds."""
    linked_s: float = 0.0
    converged_s: float = 0.0
    quiet: Quiet = field(factory=lambda: Quiet(0, ()))


async def rest(servers: Servers, history: History) -> Rest:
    """Wait until the herd is one, then report once to each server; what does not come is a breach."""
    seen = Rest()
    await _wait(servers, history, _linked, "links were still not up")
    seen.linked_s = history.now()
    deadline_s = history.now() + CONVERGE_S
    while True:
        seen.holdings = await _look(servers, history)
        if not converges(seen.holdings) or history.now() > deadline_s:
            break
        await asyncio.sleep(LOOK_S)
    seen.converged_s = history.now()
    await _wait(servers, history, _in_sync, "links were still not in sync")
    seen.quiet = await _count(servers, history)
    seen.holdings = await _look(servers, history)
    seen.records = {name: status["records"] for name, status in (await _statuses(servers)).items()}
    return seen


async def _count(servers: Servers, history: History) -> Quiet:
    before = _sent(await _statuses(servers))
    await asyncio.sleep(IDLE_S)
    after = _sent(await _statuses(servers))
    idle = sum(after.values()) - sum(before.values())
    updates = []
    for number, name in enumerate(servers.names):
        report = (b"at-rest", b"%d" % (1_800_000_000 + number), b"+1.0-1.0")
        history.report(*report)
        conversation = await dial(name, servers, history)
        if conversation is None:
            history.breach("answers", f"{name} took no connection at rest")
            continue
        conversation.say(iamat(*report))
        await conversation.finish()
        await asyncio.sleep(FLOOD_S)
        before, after = after, _sent(await _statuses(servers))
        updates.append({each: after[each] - before.get(each, 0) for each in after})
    return Quiet(idle, tuple(updates))


async def _look(servers: Servers, history: History) -> Holdings:
    """Ask every server for every client."""
    shown = await asyncio.gather(*(look(name, servers, history) for name in servers.names))
    return dict(zip(servers.names, shown, strict=True))


async def _statuses(servers: Servers) -> dict[str, Status]:
    return {name: status for name, status in (await servers.statuses()).items() if status is not None}


async def _wait(servers: Servers, history: History, is_so: Callable[[Status], bool], complaint: str) -> None:
    deadline_s = history.now() + CONVERGE_S
    while history.now() < deadline_s:
        statuses = await servers.statuses()
        if all(status is not None and is_so(status) for status in statuses.values()):
            return
        await asyncio.sleep(LOOK_S)
    words = "; ".join(f"{name}: {_link_words(status)}" for name, status in statuses.items())
    history.breach("converges", f"after {CONVERGE_S:g} s {complaint}: {words}")


def _linked(status: Status) -> bool:
    return all(link["state"] == "up" for link in status["neighbors"])


def _in_sync(status: Status) -> bool:
    return all(link["in_sync"] for link in status["neighbors"])


def _link_words(status: Status | None) -> str:
    if status is None:
        return "says nothing"
    return ", ".join(
        f"{name} {link['state']}{' in sync' if link['in_sync'] else ''}"
        for name, link in links_in(status).items()
    )


def _sent(statuses: Mapping[str, Status]) -> dict[tuple[str, str], int]:
    return {
        (name, other): link["sent"]
        for name, status in statuses.items()
        for other, link in links_in(status).items()
    }
