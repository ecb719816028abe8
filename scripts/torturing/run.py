"""One run: a herd of processes, its users, strangers and faults; then rest, and the judgement.

Users and strangers go on for as long as faults do. Then all faults end, every connection is brought to its
end, and the herd must become one again.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from herd.config.load import load_config
from herd.config.model import Durability, Links, Logging, Places
from herd.core.errors import HerdError
from herd.core.limits import Limits
from herd.testing.processes import ProcessHerd
from herd.testing.proxy import LinkProxies
from torturing import invariants
from torturing.clients import READERS, WRITERS, Reader, Writer
from torturing.faults import Faults
from torturing.history import INVARIANTS, Breach, History
from torturing.invariants import Peaks
from torturing.plan import draw
from torturing.rest import Rest, rest
from torturing.servers import NotUpError, Servers
from torturing.strangers import STRANGERS, Stranger

if TYPE_CHECKING:
    from herd.config.model import Config

LIMITS: Final = Limits(
    heartbeat_s=0.5,
    link_silence_s=2.0,
    handshake_timeout_s=1.5,
    reconnect_min_s=0.05,
    reconnect_max_s=0.5,
    promise_timeout_s=2.0,
    shutdown_s=1.0,
)
"""What differs from a real herd: all that waits for a neighbor waits less, so that a minute holds more."""

NOBODY: Final = "http://127.0.0.1:9"
"""A places provider that takes no memory and is never asked, as nobody wants to know more than 0 places."""

GRACE_S: Final = 180.0
"""What all the waiting may take that is bounded singly, from the end of the faults to that of the run."""

ERROR_WORDS: Final = ("Traceback (most recent call last)", "Unhandled", "CRITICAL")

_SECRET: Final = "HERD_TORTURE_SECRET"  # noqa: S105 - where the secret is
_SAMPLE_S: Final = 0.5
_TELL_S: Final = 5.0
_LOG_BYTES: Final = 1_000_000_000


def config_of(durability: Durability) -> Config:
    """Return the five servers of the specification, with a secret and with short waits."""
    return evolve(
        load_config(),
        durability=durability,
        places=Places(provider="overpass", options={"base_url": NOBODY}),
        limits=LIMITS,
        links=Links(secret_env=_SECRET),
        logging=Logging(rotate_bytes=_LOG_BYTES),
    )


@define
class Run:
    """A run and what came of it. `say` gets a line of progress now and then."""

    seed: int
    durability: Durability
    seconds: float
    say: Callable[[str], None]
    history: History = field(init=False)
    faults: list[tuple[float, str]] = field(factory=list)
    lives: int = 0
    peaks: Peaks = field(factory=Peaks)
    rest: Rest = field(factory=Rest)
    breaches: dict[str, list[Breach]] = field(factory=dict)
    kept: Path | None = None
    """Where the files of a herd that failed are."""

    async def __call__(self) -> None:
        """Run, and judge."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self.history = History(lambda: loop.time() - began_s)
        config = config_of(self.durability)
        herd: ProcessHerd
        proxies = LinkProxies(lambda name: herd.config.server(name).links.listen)
        dialed = {name: await proxies.listen(name) for name in config.names}
        herd = ProcessHerd(config, dial=dialed, environ={_SECRET: f"{self.seed:032x}"})
        await asyncio.to_thread(herd.__enter__)
        try:
            await self._live(Servers(herd, self.history), proxies)
            self._look_for_errors(herd)
            await self._stop(herd)
            self._judge()
            if any(self.breaches.values()):
                self._keep(herd.directory)
        finally:
            await proxies.close()
            herd.kill(*herd.running)  # where the run was broken off
            herd.__exit__(None, None, None)

    async def _live(self, servers: Servers, proxies: LinkProxies) -> None:
        """Torture the herd, then let it rest; what goes wrong there is a breach, not an end."""
        faults = Faults(servers, proxies, self.durability, self.history, self.faults)
        try:
            async with asyncio.timeout(self.seconds + GRACE_S):
                await self._torture(servers, proxies, faults)
                self.rest = await rest(servers, self.history)
        except TimeoutError:
            self.history.breach("no errors", f"the run was not over {GRACE_S:g} s after the last fault")
        except (HerdError, NotUpError) as error:
            self.history.breach("no errors", str(error))
        finally:
            servers.resume()
            self.lives = servers.life_count

    async def _torture(self, servers: Servers, proxies: LinkProxies, faults: Faults) -> None:
        actors = self._actors(servers, proxies)
        tasks = [asyncio.create_task(actor.run()) for actor in actors]
        tasks += [asyncio.create_task(self._sample(servers)), asyncio.create_task(self._tell())]
        plan = draw(self.seed, servers.config, self.durability, self.seconds)
        try:
            await faults.run(plan, self.seconds)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        await asyncio.gather(*(actor.finish() for actor in actors))

    def _actors(self, servers: Servers, proxies: LinkProxies) -> list[Writer | Reader | Stranger]:
        def source(of: str) -> random.Random:
            return random.Random(f"{self.seed} {self.durability} {of}")  # noqa: S311 - no secret

        return [
            *(Writer(each, servers, self.history, source(f"writer {each}")) for each in range(WRITERS)),
            *(Reader(servers, self.history, source(f"reader {each}")) for each in range(READERS)),
            *(
                Stranger(servers, self.history, source(f"stranger {each}"), proxies)
                for each in range(STRANGERS)
            ),
        ]

    async def _sample(self, servers: Servers) -> None:
        """Look at outboxes and memory, over and over."""
        while True:
            statuses = await servers.statuses()
            memory = servers.memory_bytes()
            for name, status in statuses.items():
                life = servers.life(name)
                if status is not None:
                    self.peaks.take_status(status)
                    if life is not None and name in memory:
                        self.peaks.weigh(life, memory[name])
            await asyncio.sleep(_SAMPLE_S)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(_TELL_S)
            counts = ", ".join(f"{count:,} {what}" for what, count in self.history.counts.items())
            fault = self.faults[-1][1] if self.faults else "none"
            self.say(f"{self.history.now():5.0f} s  {self.durability}: {counts}; last fault: {fault}")

    async def _stop(self, herd: ProcessHerd) -> None:
        try:
            await asyncio.to_thread(herd.stop, *herd.running)
        except HerdError as error:
            self.history.breach("no errors", str(error))

    def _look_for_errors(self, herd: ProcessHerd) -> None:
        for name in herd.config.names:
            for line in herd.output(name).splitlines():
                if any(word in line for word in ERROR_WORDS):
                    self.history.breach("no errors", f"{name} printed: {line}")

    def _judge(self) -> None:
        history, seen = self.history, self.rest
        breaches = [
            *history.breaches,
            *invariants.converges(seen.holdings),
            *invariants.never_goes_back(history, self.durability),
            *invariants.promises_kept(history, seen.holdings, self.durability),
            *invariants.no_strangers(history, seen.holdings, seen.records),
            *invariants.terminates(seen.quiet),
            *invariants.bounded(self.peaks),
        ]
        self.breaches = {name: [each for each in breaches if each.invariant == name] for name in INVARIANTS}

    def _keep(self, directory: Path) -> None:
        self.kept = Path(tempfile.mkdtemp(prefix="herd-tortured-"))
        shutil.copytree(directory, self.kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
