"""The flood in simulators of asyncio programs: simloop and simloom, from PyPI.

Each runs the program in `asyncio_flood`, with the latency of the plan. They are given the best setting that
their documentation offers: the garbage collector is off while they flood. Both always keep a trace in memory,
which cannot be switched off.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from benching.sim.asyncio_flood import WAYS, Hosted
from benching.sim.node import Meter, Node
from benching.sim.plan import FLOOD_S, LATENCY_S, Plan
from benching.sim.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_S: Final = 0.05
"""Virtual seconds between two looks at whether all is delivered."""
AFTER_S: Final = 1.0
"""Virtual seconds in which anything delivered too often would show."""

Finish = Callable[[dict[str, Any]], None]
"""Takes the figures and ends the process: nothing is torn down."""


def name(number: int) -> str:
    """Return a host's name."""
    return f"host{number}"


def hosted(plan: Plan, meter: Meter, addresses: Sequence[str]) -> list[Hosted]:
    """Return every host's part of the plan."""
    dials, neighbors, injections = plan.dials(), plan.neighbors(), plan.injections()
    return [
        Hosted(
            Node(meter),
            addresses[number],
            [addresses[other] for other in dials[number]],
            [addresses[other] for other in neighbors[number]],
            injections[number],
        )
        for number in range(plan.hosts)
    ]


async def flooded(plan: Plan, stopwatch: Stopwatch) -> dict[str, Any]:
    """Wait until links are up, measure until all is delivered, and return the figures."""
    meter, loop = stopwatch.meter, asyncio.get_running_loop()
    await asyncio.sleep(FLOOD_S)
    stopwatch.start()
    gc.disable()
    while meter.delivered < meter.awaited and loop.time() < plan.latest_s:  # noqa: ASYNC110 - looks 20 times a second
        await asyncio.sleep(POLL_S)
    stopwatch.stop()
    await asyncio.sleep(AFTER_S)
    return stopwatch.figures()


def simloop(plan: Plan, way: str, finish: Finish) -> None:
    """Run the flood in simloop. An event is a step of its scheduler."""
    from simloop import SimLoop  # noqa: PLC0415 - not installed where herd is

    loop = SimLoop(plan.seed)
    loop.net.set_defaults(latency=LATENCY_S)
    stopwatch = Stopwatch(Meter(plan.deliveries), lambda: sum(event.kind == "run" for event in loop.trace))

    async def main() -> None:
        for host in hosted(plan, stopwatch.meter, [name(number) for number in range(plan.hosts)]):
            loop.net.host(host.address).create_task(WAYS[way](host))
        finish(await flooded(plan, stopwatch))

    loop.run_until_complete(main())


def simloom(plan: Plan, way: str, finish: Finish) -> None:
    """Run the flood in simloom. An event is a step of its loop."""
    from simloom import run  # noqa: PLC0415 - not installed where herd is

    async def main(world: Any) -> None:
        loop: Any = asyncio.get_running_loop()
        stopwatch = Stopwatch(
            Meter(plan.deliveries), lambda: sum(event["kind"] == "step" for event in loop.log)
        )
        world.net.set_latency(*LATENCY_S)
        addresses = [world.net.dns.register(name(number)) for number in range(plan.hosts)]
        for number, host in enumerate(hosted(plan, stopwatch.meter, addresses)):
            world.host(name(number)).spawn(partial(WAYS[way], host))
        finish(await flooded(plan, stopwatch))

    run(main, seed=plan.seed, gc_interval=0)


async def idle() -> None:
    """Live, and do nothing."""
    await asyncio.get_running_loop().create_future()


async def started(stopwatch: Stopwatch, finish: Finish) -> None:
    """Weigh hosts whose programs have begun."""
    await asyncio.sleep(FLOOD_S)
    stopwatch.start()
    stopwatch.stop()
    finish(stopwatch.figures())


def simloop_bare(hosts: int, finish: Finish) -> None:
    """Weigh hosts that run one idle task each in simloop."""
    from simloop import SimLoop  # noqa: PLC0415 - not installed where herd is

    loop = SimLoop(0)
    stopwatch = Stopwatch(Meter(0), lambda: 0)

    async def main() -> None:
        for number in range(hosts):
            loop.net.host(name(number)).create_task(idle())
        await started(stopwatch, finish)

    loop.run_until_complete(main())


def simloom_bare(hosts: int, finish: Finish) -> None:
    """Weigh hosts that run one idle task each in simloom."""
    from simloom import run  # noqa: PLC0415 - not installed where herd is

    async def main(world: Any) -> None:
        stopwatch = Stopwatch(Meter(0), lambda: 0)
        for number in range(hosts):
            world.host(name(number)).spawn(idle)
        await started(stopwatch, finish)

    run(main, seed=0, gc_interval=0)


MEASURES: Final = {
    "simloop": simloop,
    "simloom": simloom,
    "simloop bare": simloop_bare,
    "simloom bare": simloom_bare,
}
