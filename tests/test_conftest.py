"""The fixtures of conftest.py, by a suite that must fail: each inner test is named after its fate."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest_twisted
from hypothesis import given, strategies
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
reactor: Any = global_reactor

SUITE = """
import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class Holder:
    pass


def test_quiet_passes():
    Logger().error("no failure in this")


def test_lost_failure_errs():
    fail(RuntimeError("lost at once"))


def test_failure_lost_in_a_cycle_errs():
    holder = Holder()
    holder.itself = holder
    holder.deferred = fail(RuntimeError("lost in a cycle"))


def test_logged_failure_errs():
    try:
        raise RuntimeError("logged")
    except RuntimeError:
        Logger().failure("oops")


def test_another_type_errs(flush_logged_errors):
    fail(ValueError("flushed"))
    fail(KeyError("not flushed"))
    assert len(flush_logged_errors(ValueError)) == 1


@pytest_twisted.ensureDeferred
async def test_lost_while_awaiting_errs():
    reactor.callLater(0, lambda: fail(RuntimeError("lost in a turn")))
    done = Deferred()
    reactor.callLater(0.001, done.callback, None)
    await done


def test_timer_errs():
    reactor.callLater(60, print, "a timer that was forgotten")


def test_after_the_timer_passes():
    assert not reactor.getDelayedCalls()


def test_open_port_errs():
    reactor.listenTCP(0, Factory(), interface="127.0.0.1")


@pytest_twisted.async_yield_fixture
async def late():
    holder = Holder()
    holder.deferred = Deferred()
    yield holder
    holder.deferred.errback(RuntimeError("lost in a fixture"))


def test_lost_by_a_fixture_errs(late):
    pass


def test_sockets_that_are_closing_passes():
    port = reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")
    port.stopListening()


@pytest.fixture(scope="module")
def looping():
    calls = []
    loop = LoopingCall(calls.append, None)
    loop.start(60, now=False)
    yield
    loop.stop()
    fail(RuntimeError("lost by a module's fixture"))


def test_timer_of_a_wider_fixture_passes(looping):
    pass


def test_last_one_errs(looping):
    pass
"""


def test_each_inner_test_gets_what_its_name_says(pytester: pytest.Pytester) -> None:
    conftest = CONFTEST.read_text(encoding="utf-8")
    pytester.makeconftest(conftest.replace("REST_S = 1.0", "REST_S = 0.1"))
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("--reactor=default", "-rE")
    names = [
        line.partition("(")[0]
        for line in SUITE.splitlines()
        if line.startswith(("def test", "async def test"))
    ]
    errors = [line.split("::")[1].split()[0] for line in result.outlines if line.startswith("ERROR test_")]
    assert errors == [name.split()[-1] for name in names if name.endswith("_errs")]
    result.assert_outcomes(passed=len(names), errors=len(errors))
    told = str(result.stdout)
    for where in ["at once", "in a cycle", "in a turn", "in a fixture", "by a module's fixture"]:
        assert f"RuntimeError: lost {where}" in told
    assert "left in the reactor: <DelayedCall" in told
    assert "a timer that was forgotten" in told
    assert "left in the reactor: <<class 'twisted.internet.tcp.Port'>" in told
    assert "KeyError: 'not flushed'" in told
    assert "ValueError" not in told


def test_flushing_returns_the_failures(flush_logged_errors: Callable[..., list[Failure]]) -> None:
    fail(ValueError("one"))
    fail(KeyError("two"))
    Logger().failure("three", Failure(ArithmeticError("three")))
    assert [str(failure.value) for failure in flush_logged_errors(KeyError)] == ["'two'"]
    assert len(flush_logged_errors()) == 2
    assert flush_logged_errors() == []


def test_free_ports_are_different_and_can_be_listened_on(free_ports: Callable[[int], list[int]]) -> None:
    ports = free_ports(20) + free_ports(20)
    assert len(set(ports)) == 40
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", ports[0]))
        server.listen()


@pytest_twisted.ensureDeferred
async def test_twisted_can_listen_on_a_free_port_again_and_again(
    free_ports: Callable[[int], list[int]],
) -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        listening = reactor.listenTCP(port, Factory(), interface="127.0.0.1")
        await listening.stopListening()


@given(strategies.integers())
@pytest_twisted.ensureDeferred
async def test_hypothesis_may_await(number: int) -> None:
    done: Deferred[int] = Deferred()
    reactor.callLater(0, done.callback, number)
    assert await done == number


def test_no_example_has_a_deadline_and_ci_has_the_same_ones_each_time() -> None:
    assert hypothesis.settings.get_profile("dev").deadline is None
    assert hypothesis.settings.get_profile("ci").deadline is None
    assert hypothesis.settings.get_profile("ci").derandomize
    assert not hypothesis.settings.get_profile("dev").derandomize
