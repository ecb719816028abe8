"""The plan of faults, carried out, with a log of what was done and when."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import ExitStack, asynccontextmanager, closing
from typing import TYPE_CHECKING, Final

from attrs import define, field

from herd.config.model import Durability
from herd.testing.proxy import LinkProxies, Weather
from torturing.conversation import look
from torturing.history import History
from torturing.plan import links_of
from torturing.servers import LOOK_S, Servers, links_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from torturing.plan import LinkFault, Plan, ProcessFault

LOCK_S: Final = 10.0
"""How long a server's own commits may keep its journal from being locked."""

SYNC_S: Final = 20.0
"""How long a death waits until every server has passed on what it knows."""


@define
class Faults:
    """What breaks a herd."""

    servers: Servers
    proxies: LinkProxies
    durability: Durability
    history: History
    log: list[tuple[float, str]] = field(factory=list)

    def now(self) -> float:
        """Return the time of the run."""
        return self.history.now()

    async def run(self, plan: Plan, seconds: float) -> None:
        """Carry out a plan for so long; what was begun is brought to its end."""
        began_s = self.now()
        weather = [asyncio.create_task(self._weather(fault, began_s)) for fault in plan.links]
        try:
            await self._processes(plan.processes, began_s + seconds)
        finally:
            for task in weather:
                task.cancel()
            await asyncio.gather(*weather, return_exceptions=True)
            self._note("calm")
            for each in links_of(self.servers.config):
                self.proxies.set(each, Weather.FAIR)

    async def _weather(self, fault: LinkFault, began_s: float) -> None:
        await asyncio.sleep(began_s + fault.at_s - self.now())
        self._note(str(fault))
        self.proxies.set(fault.link, fault.weather)
        await asyncio.sleep(fault.for_s)
        self.proxies.set(fault.link, Weather.FAIR)

    async def _processes(self, faults: tuple[ProcessFault, ...], until_s: float) -> None:
        for fault in faults:
            await asyncio.sleep(min(fault.after_s, until_s - self.now()))
            for names in [[name] for name in fault.servers] if fault.kind == "roll" else [fault.servers]:
                if self.now() >= until_s:
                    return
                await self._happen(fault, names, until_s)

    async def _happen(self, fault: ProcessFault, names: Sequence[str], until_s: float) -> None:
        if self.durability != "disk" and fault.is_deadly and not await self._all_is_elsewhere(until_s):
            self._note(f"no {fault}: servers were not in sync in time")
            return
        if fault.kind == "pause":
            self._note(f"pause {', '.join(names)}")
            self.servers.pause(*names)
            await asyncio.sleep(fault.for_s)
            self.servers.resume()
            self._note(f"resume {', '.join(names)}")
            return
        if fault.prelude_s:
            async with self._no_promises(names):
                self._note(f"no promises from {', '.join(names)}")
                await asyncio.sleep(fault.prelude_s)
                await self.servers.kill(*names)
        else:
            await (self.servers.kill if fault.kind == "kill" else self.servers.stop)(*names)
        self._note(f"{fault.kind} {', '.join(names)}")
        await asyncio.sleep(fault.for_s)
        self._note(f"start {', '.join(names)}")
        if self.durability == "disk":
            await self._start_alone(names)
        else:
            await self.servers.start(*names)
        self._note(f"up {', '.join(names)}")

    @asynccontextmanager
    async def _no_promises(self, names: Sequence[str]) -> AsyncIterator[None]:
        """Hold up the journals of servers, or cut their links."""
        with ExitStack() as held:
            for name in names:
                if self.durability == "disk":
                    path = self.servers.config.journal_file(name)
                    held.enter_context(closing(await asyncio.to_thread(_locked, path)))
                else:
                    self.proxies.isolate(name)
                    held.callback(self.proxies.rejoin, name)
            yield

    async def _start_alone(self, names: Sequence[str]) -> None:
        """Start servers without links until each has shown what it kept by itself."""
        for name in names:
            self.proxies.isolate(name)
        try:
            await self.servers.start(*names)
            await asyncio.gather(*(look(name, self.servers, self.history) for name in names))
        finally:
            for name in names:
                self.proxies.rejoin(name)

    async def _all_is_elsewhere(self, until_s: float) -> bool:
        """Wait until each server has seen, from now on, each neighbor to have all that it has itself.

        Not all at one moment: what a server alone knew because the last victim had told it, it has passed on
        by then, and all that was answered later is on two servers anyway.
        """
        missing = {
            (server.name, other): None for server in self.servers.config.servers for other in server.neighbors
        }
        deadline_s = min(until_s, self.now() + SYNC_S)
        while self.now() < deadline_s:
            for name, status in (await self.servers.statuses()).items():
                for other, link in links_in(status).items():
                    if link["in_sync"]:
                        missing.pop((name, other), None)
            if not missing:
                return True
            await asyncio.sleep(LOOK_S)
        return False

    def _note(self, text: str) -> None:
        self.log.append((self.now(), text))


def _locked(path: Path) -> sqlite3.Connection:
    """Return a connection that keeps all others from writing the database until it is closed."""
    database = sqlite3.connect(path, LOCK_S, isolation_level=None, check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")
    return database
