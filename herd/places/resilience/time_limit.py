"""A time limit that holds whatever the other side does.

Twisted's own `addTimeout` cancels, and then waits for the cancelled work to end. Code that handles a
cancellation slowly, or never, would then hold its caller up; here the caller is told first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import Deferred

from herd.places.failures import TimedOut

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")


def within(clock: IReactorTime, seconds: float, work: Deferred[T]) -> Deferred[T]:
    """Return a Deferred with the outcome of `work`, or a `TimedOut` failure after `seconds`.

    Work that is done already costs no timer and no turn of the reactor. Work that is too late is cancelled,
    and whatever becomes of it then is dropped. Cancelling the returned Deferred cancels the work.
    """
    timer: Any = None

    def cancel(_outcome: Deferred[T]) -> None:
        if timer.active():
            timer.cancel()
        work.cancel()

    outcome: Deferred[T] = Deferred(cancel)

    def done(result: Any) -> None:
        if timer is not None and timer.active():
            timer.cancel()
        if not outcome.called:
            outcome.callback(result)

    def late() -> None:
        outcome.errback(TimedOut(seconds))
        work.cancel()

    work.addBoth(done)
    if not outcome.called:
        timer = clock.callLater(seconds, late)
    return outcome
