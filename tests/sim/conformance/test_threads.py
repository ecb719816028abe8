"""Threads: what is handed to them and what they hand back, to the reactor and to Deferreds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorFromThreads, IReactorInThreads, IReactorThreads
from twisted.internet.threads import deferToThreadPool
from zope.interface.verify import verifyObject

from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from twisted.internet.defer import Deferred

    from tests.sim.conformance.ground import Ground


def in_thread(ground: Ground, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    return deferToThreadPool(ground.reactor, ground.reactor.getThreadPool(), function, *arguments)


@conforms(thread=["asked", "fires int"], result=["12"])
async def test_a_result_comes_back_from_a_thread(ground: Ground) -> None:
    working = in_thread(ground, pow, 12, 1)
    ground.note("thread", "asked")
    ground.note("result", str(await ground.outcome("thread", working)))


@conforms(thread=["fails ZeroDivisionError"])
async def test_a_failure_comes_back_from_a_thread(ground: Ground) -> None:
    await ground.outcome("thread", in_thread(ground, divmod, 1, 0))


@conforms(call=["now", "first", "second", "third"])
async def test_calls_from_threads_come_in_their_order_and_later(ground: Ground) -> None:
    for name in ("first", "second", "third"):
        ground.reactor.callFromThread(ground.note, "call", name)
    ground.note("call", "now")
    await ground.until_noted("call", 4)


@conforms(call=["parent", "sibling", "child"])
async def test_a_call_from_a_call_waits_for_its_siblings(ground: Ground) -> None:
    def parent() -> None:
        ground.note("call", "parent")
        ground.reactor.callFromThread(ground.note, "call", "child")

    ground.reactor.callFromThread(parent)
    ground.reactor.callFromThread(ground.note, "call", "sibling")
    await ground.until_noted("call", 3)


@conforms(call=["from a thread"])
async def test_a_thread_calls_the_reactor(ground: Ground) -> None:
    note = partial(ground.reactor.callFromThread, ground.note, "call", "from a thread")
    ground.reactor.callInThread(note)
    await ground.until_noted("call", 1)


@conforms(work=["0", "1", "2", "3", "4", "done"])
async def test_much_work_is_done_in_whatever_order(ground: Ground) -> None:
    done: list[str] = []

    def keep(text: str) -> None:
        done.append(text)
        ground.changed()

    for number in range(5):
        in_thread(ground, str, number).addCallback(keep)
    await ground.until(lambda: len(done) == 5)
    for text in sorted(done):
        ground.note("work", text)
    ground.note("work", "done")


@conforms(work=["timer", "again", "thread"])
async def test_a_thread_may_be_asked_from_a_timer(ground: Ground) -> None:
    def ask() -> None:
        ground.note("work", "timer")
        in_thread(ground, lambda: None).addCallback(lambda _: ground.note("work", "thread"))
        ground.note("work", "again")

    ground.reactor.callLater(0.001, ask)
    await ground.until_noted("work", 3)


@conforms(log=["ZeroDivisionError"], call=["next"])
async def test_an_error_in_a_thread_that_nobody_waits_for_is_logged(ground: Ground) -> None:
    ground.reactor.callInThread(divmod, 1, 0)
    await ground.until_noted("log", 1)
    ground.reactor.callInThread(ground.reactor.callFromThread, ground.note, "call", "next")
    await ground.until_noted("call", 1)


@conforms(call=["True b'success'", "False ZeroDivisionError"])
async def test_a_pool_tells_how_it_went(ground: Ground) -> None:
    pool = ground.reactor.getThreadPool()

    def tell(success: bool, result: Any) -> None:
        told = result if success else result.type.__name__
        ground.reactor.callFromThread(ground.note, "call", success, told)

    pool.callInThreadWithCallback(tell, bytes, b"success")
    await ground.until_noted("call", 1)
    pool.callInThreadWithCallback(tell, divmod, 1, 0)
    await ground.until_noted("call", 2)


@conforms(interfaces=["IReactorFromThreads", "IReactorInThreads", "IReactorThreads"])
async def test_the_interfaces_of_threads(ground: Ground) -> None:
    ground.reactor.suggestThreadPoolSize(10)
    for interface in (IReactorFromThreads, IReactorInThreads, IReactorThreads):
        if verifyObject(interface, ground.reactor):
            ground.note("interfaces", interface.__name__)
