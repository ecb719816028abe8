"""A reactor's life: what runs before it starts, when it runs, and in which order it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore
from zope.interface.verify import verifyObject

from tests.sim.conformance.ground import HOME, port_number
from tests.sim.conformance.peers import Peer, Single
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


@conforms(program=["before", "running", "stopped", "behind"])
def test_a_program_goes_on_behind_its_reactor(ground: Ground) -> None:
    def run() -> None:
        ground.note("program", "running")
        ground.reactor.stop()
        ground.note("program", "stopped")

    ground.note("program", "before")
    ground.reactor.callWhenRunning(run)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["not running", "running", "running", "running", "not running"])
def test_a_reactor_tells_whether_it_runs(ground: Ground) -> None:
    reactor = ground.reactor

    def look() -> None:
        ground.note("program", "running" if reactor.running else "not running")

    def stop() -> None:
        look()
        reactor.stop()
        look()

    look()
    reactor.callWhenRunning(look)
    reactor.callLater(0, stop)
    ground.run()
    look()


@conforms(program=["first", "second", "timer", "third", "raises TypeError"])
def test_calls_when_running_come_in_order_and_before_timers(ground: Ground) -> None:
    reactor = ground.reactor
    reactor.callLater(0, ground.note, "program", "timer")
    reactor.callWhenRunning(ground.note, "program", "first")
    reactor.callWhenRunning(ground.note, "program", "second")

    def later() -> None:
        reactor.callWhenRunning(ground.note, "program", "third")
        ground.raises("program", reactor.callWhenRunning, None)
        reactor.stop()

    reactor.callLater(0.001, later)
    ground.run()


@conforms(running=["at once", "after"])
async def test_a_call_when_running_comes_at_once_in_a_reactor_that_runs(ground: Ground) -> None:
    ground.reactor.callWhenRunning(ground.note, "running", "at once")
    ground.note("running", "after")


@conforms(program=["before 1", "before 2", "during 1", "during 2", "after 1", "after 2", "behind"])
def test_the_phases_of_a_shutdown(ground: Ground) -> None:
    reactor = ground.reactor
    for phase in ("after", "during", "before"):
        for number in (1, 2):
            reactor.addSystemEventTrigger(phase, "shutdown", ground.note, "program", f"{phase} {number}")
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["before startup", "during startup", "after startup", "running", "timer"])
def test_the_phases_of_a_startup(ground: Ground) -> None:
    reactor = ground.reactor
    for phase in ("after", "during", "before"):
        reactor.addSystemEventTrigger(phase, "startup", ground.note, "program", f"{phase} startup")
    reactor.callWhenRunning(ground.note, "program", "running")
    reactor.callLater(0, ground.note, "program", "timer")
    reactor.callLater(0.001, reactor.stop)
    ground.run()


@conforms(program=["before", "fired", "during", "after"])
def test_deferreds_of_before_put_off_the_rest_and_those_of_during_nothing(ground: Ground) -> None:
    reactor = ground.reactor

    def slowly(phase: str) -> Deferred[None]:
        ground.note("program", phase)
        done: Deferred[None] = Deferred()
        done.addCallback(lambda _: ground.note("program", "fired"))
        reactor.callLater(0.002, done.callback, None)
        return done

    reactor.addSystemEventTrigger("before", "shutdown", slowly, "before")
    reactor.addSystemEventTrigger("during", "shutdown", slowly, "during")
    reactor.addSystemEventTrigger("after", "shutdown", ground.note, "program", "after")
    reactor.callWhenRunning(reactor.stop)
    ground.run()


@conforms(program=["during", "after", "behind"])
def test_what_comes_after_does_not_wait(ground: Ground) -> None:
    reactor = ground.reactor
    never: Deferred[None] = Deferred()

    def wait() -> Deferred[None]:
        ground.note("program", "after")
        return never

    reactor.addSystemEventTrigger("during", "shutdown", ground.note, "program", "during")
    reactor.addSystemEventTrigger("after", "shutdown", wait)
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["timer", "shutdown", "behind"])
def test_timers_come_while_a_shutdown_waits(ground: Ground) -> None:
    reactor = ground.reactor
    done: Deferred[None] = Deferred()
    reactor.addSystemEventTrigger("before", "shutdown", lambda: done)
    reactor.addSystemEventTrigger("during", "shutdown", ground.note, "program", "shutdown")
    reactor.callWhenRunning(reactor.stop)
    reactor.callLater(0.002, ground.note, "program", "timer")
    reactor.callLater(0.004, done.callback, None)
    reactor.callLater(60, ground.note, "program", "never")
    ground.run()
    ground.note("program", "behind")


@conforms(program=["kept", "raises ValueError", "raises TypeError"])
def test_a_trigger_is_taken_back(ground: Ground) -> None:
    reactor = ground.reactor
    gone = reactor.addSystemEventTrigger("during", "shutdown", ground.note, "program", "gone")
    reactor.addSystemEventTrigger("during", "shutdown", ground.note, "program", "kept")
    reactor.removeSystemEventTrigger(gone)
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.raises("program", reactor.removeSystemEventTrigger, gone)
    ground.raises("program", reactor.removeSystemEventTrigger, None)


@conforms(program=["raises KeyError", "behind"])
def test_a_phase_that_does_not_exist(ground: Ground) -> None:
    reactor = ground.reactor
    ground.raises("program", reactor.addSystemEventTrigger, "amid", "shutdown", print)
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["before", "during", "after", "behind"], log=["ZeroDivisionError", "ZeroDivisionError"])
def test_an_error_in_a_trigger_is_logged_and_the_rest_comes(ground: Ground) -> None:
    reactor = ground.reactor

    def stumble() -> None:
        raise ZeroDivisionError

    for phase in ("before", "during"):
        reactor.addSystemEventTrigger(phase, "shutdown", stumble)
    for phase in ("before", "during", "after"):
        reactor.addSystemEventTrigger(phase, "shutdown", ground.note, "program", phase)
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["an event of one's own", "again"])
def test_events_have_any_name(ground: Ground) -> None:
    reactor = ground.reactor
    reactor.addSystemEventTrigger("during", "harvest", ground.note, "program", "an event of one's own")
    reactor.fireSystemEvent("harvest")
    reactor.fireSystemEvent("harvest")
    reactor.addSystemEventTrigger("before", "harvest", ground.note, "program", "again")
    reactor.fireSystemEvent("harvest")
    reactor.callWhenRunning(reactor.stop)
    ground.run()


@conforms(program=["returns None", "raises ReactorNotRunning", "behind"])
def test_a_reactor_stops_once(ground: Ground) -> None:
    reactor = ground.reactor

    def run() -> None:
        ground.raises("program", reactor.stop)
        ground.raises("program", reactor.stop)

    reactor.callWhenRunning(run)
    ground.run()
    ground.note("program", "behind")


@conforms(program=["raises ReactorNotRunning", "raises ReactorNotRunning", "raises ReactorNotRestartable"])
def test_a_reactor_that_does_not_run_cannot_stop_and_none_starts_twice(ground: Ground) -> None:
    reactor = ground.reactor
    ground.raises("program", reactor.stop)
    reactor.callWhenRunning(reactor.stop)
    ground.run()
    ground.raises("program", reactor.stop)
    ground.raises("program", ground.run)


@conforms(program=["ReactorAlreadyRunning"])
def test_a_reactor_that_runs_does_not_run_again(ground: Ground) -> None:
    from twisted.internet.error import ReactorAlreadyRunning  # noqa: PLC0415 - the case's own

    reactor = ground.reactor

    def run() -> None:
        try:
            ground.run()
        except ReactorAlreadyRunning as error:
            ground.note("program", type(error).__name__)
        reactor.stop()

    reactor.callWhenRunning(run)
    ground.run()


@conforms(program=["stopping", "same turn", "shutdown", "behind"])
def test_a_stop_takes_effect_after_the_turn(ground: Ground) -> None:
    reactor = ground.reactor

    def stop() -> None:
        ground.note("program", "stopping")
        reactor.stop()

    reactor.callLater(0, stop)
    reactor.callLater(0, ground.note, "program", "same turn")
    reactor.addSystemEventTrigger("before", "shutdown", ground.note, "program", "shutdown")
    ground.run()
    ground.note("program", "behind")


@conforms(program=["crashing", "same turn", "behind"])
def test_a_crash_fires_no_shutdown(ground: Ground) -> None:
    reactor = ground.reactor

    def crash() -> None:
        ground.note("program", "crashing")
        reactor.crash()

    reactor.addSystemEventTrigger("during", "shutdown", ground.note, "program", "shutdown")
    reactor.callLater(0, crash)
    reactor.callLater(0, ground.note, "program", "same turn")
    reactor.callLater(60, ground.note, "program", "never")
    ground.run()
    ground.note("program", "behind")


@conforms(
    client=["made", "lost ConnectionLost"],
    server=["made", "lost ConnectionLost"],
    program=["before shutdown", "behind"],
)
def test_connections_are_lost_when_a_reactor_stops(ground: Ground) -> None:
    reactor = ground.reactor
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = reactor.listenTCP(0, Single(server), interface=HOME)
    reactor.connectTCP(HOME, port_number(port), Single(client))
    reactor.addSystemEventTrigger("before", "shutdown", ground.note, "program", "before shutdown")
    ground.until(lambda: server.is_made and client.is_made).addCallback(lambda _: reactor.stop())
    ground.run()
    ground.note("program", "behind")


@conforms(client=["made", b"last words", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
def test_a_shutdown_waits_until_a_connection_is_closed(ground: Ground) -> None:
    reactor = ground.reactor
    closed: Deferred[None] = Deferred()

    class Client(Peer):
        def connectionLost(self, reason: Any = None) -> None:
            super().connectionLost(reason)
            closed.callback(None)

    server, client = Peer(ground, "server"), Client(ground, "client")
    port = reactor.listenTCP(0, Single(server), interface=HOME)
    reactor.connectTCP(HOME, port_number(port), Single(client))

    def close() -> Deferred[None]:
        server.transport.write(b"last words")
        server.transport.loseConnection()
        return closed

    reactor.addSystemEventTrigger("before", "shutdown", close)
    ground.until(lambda: server.is_made and client.is_made).addCallback(lambda _: reactor.stop())
    ground.run()


@conforms(program=["IReactorCore", "a trigger"])
def test_the_interface_of_a_core(ground: Ground) -> None:
    reactor = ground.reactor
    if verifyObject(IReactorCore, reactor):
        ground.note("program", "IReactorCore")
    reactor.callWhenRunning(reactor.stop)
    trigger = reactor.addSystemEventTrigger("during", "shutdown", print)
    ground.note("program", "a trigger" if trigger is not None else "no trigger")
    reactor.removeSystemEventTrigger(trigger)
    ground.run()
