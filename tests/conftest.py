"""What every test gets: no failure passes unseen; ports that nobody else takes; the same examples if asked.

Twisted tells of an error that nobody handled by logging it, when the garbage collector finds the Deferred,
and of a forgotten timer or socket not at all. So after each test the reactor comes to rest and the garbage is
collected, and whatever was logged with a failure, or is left in the reactor, fails that test. A test that
means to have an error logged asks for `flush_logged_errors` and says which.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import pytest_twisted
from attrs import Factory, define
from twisted.internet import reactor as global_reactor
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twisted.logger import LogEvent

REST_S = 1.0
"""How long the reactor gets to come to rest after a test: closing sockets takes a few turns."""

# Machines are shared: how long one example takes says nothing. Explaining which parts of a failing example do
# not matter runs it a hundred times more: a minute for a whole configuration, three on a busy machine. Then
# the limit of one test ends the process, and nobody sees the example.
PHASES = [phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain]
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True, phases=PHASES, derandomize=False)
hypothesis.settings.register_profile(
    "ci", deadline=None, print_blob=True, phases=PHASES, derandomize=True, database=None
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


reactor: Any = global_reactor


@implementer(ILogObserver)
@define
class Watch:
    """What was logged with a failure and not flushed yet."""

    failures: list[tuple[Failure, str]] = Factory(list)
    last_test: str = "collection"

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure") or event.get("failure")  # `log.err` of old has the second
        if failure is not None:
            self.failures.append((failure, event.get("log_namespace", "")))

    def flush(self, *types: type[BaseException]) -> list[Failure]:
        """Take out the failures of these types, of all types where none is given."""
        gc.collect()
        flushed = [each for each in self.failures if not types or each[0].check(*types)]
        self.failures = [each for each in self.failures if each not in flushed]
        return [failure for failure, _ in flushed]

    def complain(self, when: str, left: Iterable[str] = ()) -> None:
        """Fail if anything was logged, or is left in the reactor."""
        failures, self.failures = self.failures, []
        texts = [f"logged by {namespace}: {failure.getTraceback()}" for failure, namespace in failures]
        texts += [f"left in the reactor: {each}" for each in left]
        if texts:
            pytest.fail(f"{when}:\n" + "\n".join(texts), pytrace=False)


WATCH = Watch()


def pytest_configure(config: pytest.Config) -> None:
    """Log to the watch alone; warnings stay with pytest. Make the tests' own mark known."""
    config.addinivalue_line("markers", "grounds(*names): where a test is played, `simulated` or `real`.")
    shown = warnings.showwarning
    globalLogBeginner.beginLoggingTo([WATCH], discardBuffer=True, redirectStandardIO=False)
    warnings.showwarning = shown


def collect_garbage() -> None:
    """Collect what came up since the last time; what lives on is left out later, to take a millisecond."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def nothing_passes_unseen_at_the_end() -> Iterator[None]:
    """Start the reactor, so that its own sockets are there; fail the last test for what comes after it."""
    pytest_twisted.blockon(deferLater(reactor, 0))
    collect_garbage()
    yield
    gc.unfreeze()
    gc.collect()
    WATCH.complain("after all tests")


@pytest.fixture(autouse=True)
def nothing_passes_unseen(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logged a failure, lost one in a Deferred, or left something in the reactor."""
    WATCH.complain(f"after {WATCH.last_test}")
    before = in_reactor()
    yield
    left = come_to_rest(before)
    # Other fixtures are finished by now, and their values must not keep a Deferred alive into the next test.
    request.node.funcargs.clear()
    collect_garbage()
    WATCH.last_test = request.node.nodeid
    WATCH.complain("in this test", left)


def in_reactor() -> list[Any]:
    """Return the timers and sockets that the reactor has."""
    return [*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()]


def come_to_rest(before: list[Any]) -> list[str]:
    """Run the reactor until it has only what it had before; name what stays, and cancel its timers."""

    def added() -> list[Any]:
        return [each for each in in_reactor() if each not in before]

    started = reactor.seconds()
    while added() and reactor.seconds() - started < REST_S:
        pytest_twisted.blockon(deferLater(reactor, 0.001))
    left = added()
    names = [str(each) for each in left]
    for each in left:
        if hasattr(each, "cancel"):
            each.cancel()
    return names


@pytest.fixture
def flush_logged_errors() -> Callable[..., list[Failure]]:
    """Return a function that takes out the logged failures of some types, and returns them."""
    return WATCH.flush


@pytest.fixture
def free_ports() -> Iterator[Callable[[int], list[int]]]:
    """Return a function that finds so many TCP ports on 127.0.0.1, different ones at each call.

    On Linux a bound socket that does not listen holds each of them until the test ends: the system then gives
    it to nobody, and a server that sets SO_REUSEADDR, as Twisted's do, can still listen on it.
    """
    with ExitStack() as held:

        def find(count: int) -> list[int]:
            ports = []
            with ExitStack() as found:
                for _ in range(count):
                    holder = found.enter_context(socket.socket())
                    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    holder.bind(("127.0.0.1", 0))
                    ports.append(holder.getsockname()[1])
                if sys.platform == "linux":
                    held.push(found.pop_all())
            return ports

        yield find
