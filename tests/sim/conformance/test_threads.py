"""Threads: what is handed to them and what they hand back, to the reactor and to Deferreds."""

from __future__ import annotations

import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads, IReactorInThreads, IReactorThreads
from twisted.internet.task import deferLater
from twisted.internet.threads import blockingCallFromThread, deferToThreadPool
from twisted.python.threadable import isInIOThread
from twisted.python.threadpool import ThreadPool
from zope.interface.verify import verifyObject

from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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


@conforms(work=["begun", "timer", "slept"], thread=["fires NoneType"])
async def test_work_in_a_thread_may_sleep(ground: Ground) -> None:
    def work() -> None:
        ground.reactor.callFromThread(ground.note, "work", "begun")
        time.sleep(0.05)
        ground.reactor.callFromThread(ground.note, "work", "slept")

    working = in_thread(ground, work)
    await ground.until_noted("work", 1)
    ground.reactor.callLater(0.01, ground.note, "work", "timer")
    await ground.outcome("thread", working)


@conforms(call=["in the reactor", "fired"], thread=["fires str", "fails ZeroDivisionError", "fails KeyError"])
async def test_a_thread_waits_for_a_call_in_the_reactor(ground: Ground) -> None:
    def later() -> Deferred[str]:
        ground.note("call", "in the reactor")
        return deferLater(ground.reactor, 0.01, str, "fired")

    def ask(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        return in_thread(ground, blockingCallFromThread, ground.reactor, function, *arguments)

    ground.note("call", await ground.outcome("thread", ask(later)))
    await ground.outcome("thread", ask(divmod, 1, 0))
    await ground.outcome("thread", ask(fail, KeyError()))


@conforms(work=["first", "second", "Empty"])
async def test_a_thread_waits_for_what_a_queue_is_given(ground: Ground) -> None:
    given: queue.Queue[str] = queue.Queue(maxsize=1)

    def take() -> None:
        for timeout in (None, 10.0):
            ground.reactor.callFromThread(ground.note, "work", given.get(timeout=timeout))
        try:
            given.get(timeout=0.01)
        except queue.Empty:
            ground.reactor.callFromThread(ground.note, "work", "Empty")

    def give() -> None:
        given.put("first")
        given.put("second")  # it waits until there is room

    in_thread(ground, take)
    in_thread(ground, give)
    await ground.until_noted("work", 3)


@conforms(work=["False", "True"])
async def test_a_thread_waits_for_an_event_or_until_it_is_late(ground: Ground) -> None:
    event = threading.Event()

    def work() -> None:
        ground.reactor.callFromThread(ground.note, "work", event.wait(0.01))
        ground.reactor.callFromThread(ground.note, "work", event.wait())

    in_thread(ground, work)
    await ground.until_noted("work", 1)
    event.set()
    await ground.until_noted("work", 2)


@conforms(work=["first in", "first out", "second in", "second out"])
async def test_a_lock_lets_in_one_thread_after_the_other(ground: Ground) -> None:
    lock = threading.RLock()

    def work(name: str) -> None:
        with lock, lock:
            ground.reactor.callFromThread(ground.note, "work", name, "in")
            time.sleep(0.02)
            ground.reactor.callFromThread(ground.note, "work", name, "out")

    in_thread(ground, work, "first")
    await ground.until_noted("work", 1)
    in_thread(ground, work, "second")
    await ground.until_noted("work", 4)


@conforms(work=["one begins", "one ends", "two begins", "two ends"])
async def test_a_pool_of_one_does_one_thing_after_the_other(ground: Ground) -> None:
    pool = ThreadPool(1, 1, "own")

    def work(name: str) -> None:
        ground.reactor.callFromThread(ground.note, "work", name, "begins")
        time.sleep(0.01)
        ground.reactor.callFromThread(ground.note, "work", name, "ends")

    for name in ("one", "two"):
        pool.callInThread(work, name)
    pool.start()
    ground.at_the_end(pool.stop)
    await ground.until_noted("work", 4)


@conforms(who=["io True", "main True", "io False", "main False", "own False", "set False"])
async def test_a_thread_is_not_the_reactors(ground: Ground) -> None:
    ident, local = threading.get_ident(), threading.local()
    local.is_set = True

    def who() -> tuple[bool, bool, bool, bool]:
        thread = threading.current_thread()
        is_own = thread.ident == ident or threading.get_ident() == ident
        return isInIOThread(), thread is threading.main_thread(), is_own, hasattr(local, "is_set")

    is_io, is_main, _, _ = who()
    ground.note("who", "io", is_io)
    ground.note("who", "main", is_main)
    for name, is_so in zip(("io", "main", "own", "set"), await in_thread(ground, who), strict=True):
        ground.note("who", name, is_so)
