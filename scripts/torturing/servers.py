"""The servers of a run: which life each is in, and how to end, pause and start them.

Processes are waited for in threads, so that clients and proxies go on in the meantime.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from herd.cli.control import standings
from torturing.history import History, Life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.config.model import Address
    from herd.testing.processes import ProcessHerd

START_S: Final = 30.0
LOOK_S: Final = 0.05
"""Between two looks at the control sockets."""

_STATUS_S: Final = 1.0

Status = dict[str, Any]


class NotUpError(Exception):
    """A server that does not come up."""


class Servers:
    """The processes of a herd that has been entered, by name."""

    def __init__(self, herd: ProcessHerd, history: History) -> None:
        self.names = herd.config.names
        self.config = herd.config
        self._herd = herd
        self._history = history
        self._lives: dict[str, Life] = {name: Life(name, 1) for name in self.names}
        self._paused: dict[str, None] = {}

    def life(self, name: str) -> Life | None:
        """Return the life that a server is in; None while it is dead or about to be."""
        life = self._lives[name]
        return None if self.is_ending(life) else life

    def is_ending(self, life: Life) -> bool:
        """Tell whether a life is over, or was told to be."""
        return life in self._history.deaths

    @property
    def alive(self) -> list[str]:
        """Return the servers that run."""
        return [name for name in self.names if self.life(name) is not None]

    def address(self, name: str) -> Address:
        """Return where clients dial a server."""
        return self.config.server(name).clients.dial

    def link_address(self, name: str) -> Address:
        """Return where a server listens for neighbors, behind its proxy."""
        return self.config.server(name).links.listen

    @property
    def life_count(self) -> int:
        """Return how many lives there have been."""
        return sum(life.number for life in self._lives.values())

    async def kill(self, *names: str) -> None:
        """End servers as `kill -9` does."""
        self._note_deaths(names)
        await asyncio.to_thread(self._herd.kill, *names)

    async def stop(self, *names: str) -> None:
        """Stop servers in order."""
        self._note_deaths(names)
        await asyncio.to_thread(self._herd.stop, *names)

    async def start(self, *names: str) -> None:
        """Start servers that are dead; return when they answer."""
        await asyncio.to_thread(self._herd.start, *names)
        for name in names:
            self._lives[name] = Life(name, self._lives[name].number + 1)
        deadline_s = self._history.now() + START_S
        while missing := [name for name, status in (await self.statuses(*names)).items() if status is None]:
            if self._history.now() > deadline_s:
                raise NotUpError(f"{', '.join(missing)} did not come up in {START_S:g} s")
            await asyncio.sleep(LOOK_S)

    def pause(self, *names: str) -> None:
        """Stop servers in their tracks."""
        for name in names:
            self._paused[name] = None
            self._herd.pause(name)

    def resume(self) -> None:
        """Let all go on that are paused."""
        for name in self._paused:
            self._herd.resume(name)
        self._paused.clear()

    async def statuses(self, *names: str) -> dict[str, Status | None]:
        """Return what servers, all unless named, say of themselves; None for one that says nothing."""
        told = await asyncio.to_thread(standings, self.config, names or self.names, _STATUS_S)
        return {each.name: None if each.status is None else dict(each.status) for each in told}

    def memory_bytes(self) -> dict[str, int]:
        """Return the resident memory of the servers that run."""
        found = {}
        for name in self.alive:
            try:
                text = Path(f"/proc/{self._herd.pid(name)}/status").read_text("ascii")
            except OSError:
                continue
            sizes = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:")]
            if sizes:  # one that has just died has none
                found[name] = int(sizes[0]) * 1024
        return found

    def _note_deaths(self, names: Iterable[str]) -> None:
        for name in names:
            self._history.deaths[self._lives[name]] = self._history.now()


def links_in(status: Status | None) -> dict[str, Status]:
    """Return what a status says of each neighbor, by name."""
    return {} if status is None else {each["name"]: each for each in status["neighbors"]}
