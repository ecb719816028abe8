"""Names that were bound before the pins came are found."""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.pins.pin import PLACED
from herd.sim.engine.pins.replace import Replacement
from tests.house.finding import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def real() -> Any:
    return next(original for original, pin in PLACED.items() if pin is time.time)


@pytest.fixture
def module(real: Any) -> Iterator[ModuleType]:
    """A module that bound the real clock in every place where one can."""
    module = ModuleType("early")
    vars(module)["now"] = real
    source = """if True:
        def default(clock=now): return clock
        def keyword(*, clock=now, other=3): return clock
        def enclosing(clock):
            def inner(): return clock
            return inner
        enclosed = enclosing(now)
        class Platform:
            seconds = staticmethod(now)
            clock = now
            def method(self, clock=now): return clock
            def plain(self): return now
        class Odd:
            __class__ = property(lambda self: 1 / 0)
            def __hash__(self): raise RuntimeError("was asked")
            def __eq__(self, other): raise RuntimeError("was asked")
        odd = Odd()
    """
    exec(source, vars(module))
    sys.modules["early"] = module
    yield module
    del sys.modules["early"]


def bound(module: Any) -> dict[str, Any]:
    return {
        "name": module.now,
        "default": module.default(),
        "keyword": module.keyword(),
        "closure": module.enclosed(),
        "static": module.Platform.__dict__["seconds"],
        "attribute": module.Platform.__dict__["clock"],
        "method": module.Platform().method(),
        "global": module.Platform().plain(),
    }


@pytest.mark.usefixtures("simulation")
def test_a_name_is_found_wherever_it_is_bound(module: ModuleType) -> None:
    Replacement(PLACED).everywhere()
    assert bound(module) == dict.fromkeys(bound(module), time.time)


@pytest.mark.usefixtures("simulation")
def test_what_is_not_pinned_stays(module: ModuleType) -> None:
    before = dict(vars(module), len=len, partial=functools.partial(print, 1))
    vars(module).update(before)
    Replacement({}).everywhere()
    assert vars(module) == before


def test_twisted_is_found_when_it_was_there_first() -> None:
    program = """if True:
        import gc, time, random, os, types
        import twisted.application._client_service as service, twisted.internet.base as base
        import twisted.names.dns as dns, twisted.python.runtime as runtime, twisted.logger._logger as logger
        import twisted.web.server as web, twisted.web.http as http, logging
        from twisted.application.internet import backoffPolicy
        from herd.sim.engine import current, pins
        from herd.sim.engine.simulation import Simulation
        from herd.sim.engine.process import Process
        from tests.sim.engine.pins.hosting import Idle
        pins.install()

        def look():
            process = Process(Simulation(3).host("web"), Idle(), {}, None)
            current.process = process
            try:
                return [
                    runtime.seconds(), runtime.platform.seconds(), base.ReactorBase.seconds(), logger.time(),
                    http.time(), logging.Formatter().formatTime(logging.makeLogRecord({"created": 0.5})),
                    service._goodEnoughRandom(), service._defaultPolicy(3), backoffPolicy()(3),
                    dns.randomSource(), web.Site._entropy(4), random._urandom(3),
                    base.DelayedCall.__init__.__defaults__[0](),
                ]
            finally:
                current.process = None

        assert look() == look(), look()
        assert look()[:2] == [1767225600.0] * 2
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, env={"TZ": "Asia/Tokyo"})


@pytest.mark.usefixtures("simulation")
def test_a_walk_takes_a_moment() -> None:
    """30 ms on an idle machine."""
    began = time.process_time()
    Replacement(PLACED).everywhere()
    assert time.process_time() - began < 1.0
