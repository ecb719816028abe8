"""Timers: their order, what can be done to them, and what runs on them."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from zope.interface.verify import verifyObject

from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


@conforms(timer=["1 ms", "2 ms", "3 ms"])
async def test_the_earlier_comes_first(ground: Ground) -> None:
    for delay_ms in (3, 1, 2):
        ground.reactor.callLater(delay_ms / 1000, ground.note, "timer", f"{delay_ms} ms")
    await ground.until_noted("timer", 3)


@conforms(timer=["now", "first", "second", "third"])
async def test_calls_at_once_come_in_the_order_in_which_they_were_asked_for(ground: Ground) -> None:
    for name in ("first", "second", "third"):
        ground.reactor.callLater(0, ground.note, "timer", name)
    ground.note("timer", "now")
    await ground.until_noted("timer", 4)


@conforms(timer=["parent", "sibling", "child"])
async def test_a_call_at_once_from_a_call_waits_for_its_siblings(ground: Ground) -> None:
    def parent() -> None:
        ground.note("timer", "parent")
        ground.reactor.callLater(0, ground.note, "timer", "child")

    ground.reactor.callLater(0, parent)
    ground.reactor.callLater(0, ground.note, "timer", "sibling")
    await ground.until_noted("timer", 3)


@conforms(timer=["1 2 three=3"])
async def test_arguments_are_handed_on(ground: Ground) -> None:
    def called(one: int, two: int, *, three: int) -> None:
        ground.note("timer", f"{one} {two} three={three}")

    ground.reactor.callLater(0, called, 1, 2, three=3)
    await ground.until_noted("timer", 1)


@conforms(
    timer=[
        "active True",
        "active False",
        "raises AlreadyCancelled",
        "raises AlreadyCancelled",
        "raises AlreadyCancelled",
        "end",
    ]
)
async def test_a_cancelled_call_never_comes(ground: Ground) -> None:
    call = ground.reactor.callLater(0.001, ground.note, "timer", "came")
    ground.note("timer", "active", bool(call.active()))
    call.cancel()
    ground.note("timer", "active", bool(call.active()))
    ground.raises("timer", call.cancel)
    ground.raises("timer", call.reset, 1)
    ground.raises("timer", call.delay, 1)
    await ground.after(0.003)
    ground.note("timer", "end")


@conforms(
    timer=["came", "active False", "raises AlreadyCalled", "raises AlreadyCalled", "raises AlreadyCalled"]
)
async def test_a_call_that_came_cannot_be_changed(ground: Ground) -> None:
    call = ground.reactor.callLater(0, ground.note, "timer", "came")
    await ground.until_noted("timer", 1)
    ground.note("timer", "active", bool(call.active()))
    ground.raises("timer", call.cancel)
    ground.raises("timer", call.reset, 1)
    ground.raises("timer", call.delay, 1)


@conforms(timer=["active False", "raises AlreadyCalled"])
async def test_a_call_is_over_when_it_runs(ground: Ground) -> None:
    def run() -> None:
        ground.note("timer", "active", bool(call.active()))
        ground.raises("timer", call.cancel)

    call = ground.reactor.callLater(0, run)
    await ground.until_noted("timer", 2)


@conforms(timer=["second", "first"])
async def test_a_call_is_reset_to_later(ground: Ground) -> None:
    first = ground.reactor.callLater(0.001, ground.note, "timer", "first")
    ground.reactor.callLater(0.002, ground.note, "timer", "second")
    first.reset(0.003)
    await ground.until_noted("timer", 2)


@conforms(timer=["second", "first"])
async def test_a_call_is_reset_to_earlier(ground: Ground) -> None:
    ground.reactor.callLater(0.003, ground.note, "timer", "first")
    second = ground.reactor.callLater(30, ground.note, "timer", "second")
    second.reset(0.001)
    await ground.until_noted("timer", 2)


@conforms(timer=["second", "first", "third"])
async def test_a_call_is_put_off(ground: Ground) -> None:
    first = ground.reactor.callLater(0.001, ground.note, "timer", "first")
    ground.reactor.callLater(0.003, ground.note, "timer", "second")
    third = ground.reactor.callLater(0.010, ground.note, "timer", "third")
    first.delay(0.004)
    third.delay(-0.003)
    await ground.until_noted("timer", 3)


@conforms(timer=["in 5 s", "in 8 s", "in 2 s"])
async def test_a_call_tells_when_it_is_due(ground: Ground) -> None:
    start_s = ground.reactor.seconds()
    call = ground.reactor.callLater(5, ground.note, "timer", "came")
    ground.note("timer", f"in {call.getTime() - start_s:.0f} s")
    call.delay(3)
    ground.note("timer", f"in {call.getTime() - start_s:.0f} s")
    call.reset(2)
    ground.note("timer", f"in {call.getTime() - start_s:.0f} s")
    call.cancel()


@conforms(timer=["raises AssertionError"])
async def test_what_was_before_cannot_be_called(ground: Ground) -> None:
    ground.raises("timer", ground.reactor.callLater, -0.001, print)


@conforms(timer=["there", "there", "gone", "gone"])
async def test_the_list_of_calls(ground: Ground) -> None:
    def look(call: object) -> None:
        ground.note("timer", "there" if call in ground.reactor.getDelayedCalls() else "gone")

    kept = ground.reactor.callLater(0.001, lambda: None)
    cancelled = ground.reactor.callLater(60, print)
    look(kept)
    look(cancelled)
    cancelled.cancel()
    look(cancelled)
    await ground.after(0.003)
    look(kept)


@conforms(timer=["later", "not before"])
async def test_time_passes_and_no_call_comes_early(ground: Ground) -> None:
    start_s = ground.reactor.seconds()
    await ground.after(0.003)
    passed_s = ground.reactor.seconds() - start_s
    ground.note("timer", "later" if passed_s > 0 else "not later")
    ground.note("timer", "not before" if passed_s >= 0.003 else f"before: {passed_s}")


@conforms(timer=["IReactorTime", "IDelayedCall"])
async def test_the_interfaces_of_time(ground: Ground) -> None:
    if verifyObject(IReactorTime, ground.reactor):
        ground.note("timer", "IReactorTime")
    call = ground.reactor.callLater(60, print)
    if verifyObject(IDelayedCall, call):
        ground.note("timer", "IDelayedCall")
    call.cancel()


@conforms(loop=["beat", "beat", "beat", "stopped", "fires LoopingCall"])
async def test_a_loop_beats_until_it_is_stopped(ground: Ground) -> None:
    loop = LoopingCall(ground.note, "loop", "beat")
    loop.clock = ground.reactor
    done = loop.start(0.001)
    await ground.until_noted("loop", 3)
    loop.stop()
    ground.note("loop", "stopped")
    await ground.outcome("loop", done)


@conforms(loop=["beat", "fails ZeroDivisionError"])
async def test_a_loop_ends_with_an_error(ground: Ground) -> None:
    def beat() -> None:
        ground.note("loop", "beat")
        raise ZeroDivisionError

    loop = LoopingCall(beat)
    loop.clock = ground.reactor
    await ground.outcome("loop", loop.start(0.001))


@conforms(deferred=["one", "fires str"], cancelled=["fails CancelledError"])
async def test_something_is_done_later(ground: Ground) -> None:
    def act(word: str) -> str:
        ground.note("deferred", word)
        return word

    await ground.outcome("deferred", deferLater(ground.reactor, 0.001, act, "one"))
    cancelled = deferLater(ground.reactor, 60, act, "two")
    cancelled.cancel()
    await ground.outcome("cancelled", cancelled)


@conforms(slow=["cancelled", "fails TimeoutError"], quick=["fires str"])
async def test_a_deferred_has_its_time(ground: Ground) -> None:
    slow: Deferred[str] = Deferred(lambda _: ground.note("slow", "cancelled"))
    await ground.outcome("slow", slow.addTimeout(0.002, ground.reactor))
    quick: Deferred[str] = Deferred()
    quick.addTimeout(60, ground.reactor)
    ground.reactor.callLater(0.001, quick.callback, "quick")
    await ground.outcome("quick", quick)


@conforms(
    timer=["waits 1000 s", "waits 1000 s", "waits 1000 s", "waits 1000 s", "waits 1000 s"],
    delayed=5 * ["waits 1000 s"],
    reset=5 * ["waits 1000 s"],
)
async def test_a_call_may_wait_for_ever(ground: Ground) -> None:
    for delay_s in (math.inf, 8e9, 1e18, sys.maxsize, 10**30):
        calls = {who: ground.reactor.callLater(60, print) for who in ("delayed", "reset")}
        calls["delayed"].delay(delay_s)
        calls["reset"].reset(delay_s)
        for who, call in {"timer": ground.reactor.callLater(delay_s, print), **calls}.items():
            is_long = call.getTime() > ground.reactor.seconds() + 1000
            ground.note(who, "waits 1000 s" if call.active() and is_long else "does not")
            call.cancel()


@conforms(timer=["moved back", "came"])
async def test_a_call_that_waits_for_ever_can_be_had_sooner(ground: Ground) -> None:
    call = ground.reactor.callLater(math.inf, ground.note, "timer", "came")
    call.reset(0.001)
    ground.note("timer", "moved back")
    await ground.until_noted("timer", 2)


def listed(*arguments: object, **options: object) -> None:
    """Be a function that has a name."""


@conforms(
    waiting=["True (1, 'two') {'three': 3}", "called 0 cancelled 0", "told"],
    cancelled=["called 0 cancelled 1", "has func False"],
    called=["called 1 cancelled 0"],
    order=["True False True", "time True"],
)
async def test_what_a_call_tells_of_itself(ground: Ground) -> None:
    call: Any = ground.reactor.callLater(5, listed, 1, "two", three=3)
    ground.note("waiting", call.func is listed, call.args, call.kw)
    ground.note("waiting", "called", call.called, "cancelled", call.cancelled)
    told = repr(call)
    is_told = told.startswith("<DelayedCall 0x") and told.endswith(
        " called=0 cancelled=0 listed(1, 'two', three=3)>"
    )
    ground.note("waiting", "told" if is_told else told)
    later: Any = ground.reactor.callLater(6, listed)
    ground.note("order", call < later, later < call, call <= later)
    ground.note("order", "time", call.time == call.getTime() and 4 < call.time - call.seconds() < 6)
    for each in (call, later):
        each.cancel()
    ground.note("cancelled", "called", call.called, "cancelled", call.cancelled)
    ground.note("cancelled", "has func", hasattr(call, "func"))
    over: Any = ground.reactor.callLater(0, listed)
    await ground.after(0.001)
    ground.note("called", "called", over.called, "cancelled", over.cancelled)
