"""What libraries keep one of in an interpreter is each host's own, however late a program imports them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]

Outputs = dict[str, list[str]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Outputs]:
    """Run a program on two hosts, in an interpreter of its own."""

    def play(text: str, **beside: str) -> Outputs:
        for name, content in {"program": text, **beside}.items():
            (tmp_path / f"{name}.py").write_text(dedent(content))
        command = [sys.executable, "-m", "tests.sim.foreign.apart", str(tmp_path / "program.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.stderr == ""
        found: Outputs = json.loads(done.stdout)
        assert found["problems"] == []
        return found

    return play


def test_a_pool_of_connections_that_another_library_imports(play: Callable[..., Outputs]) -> None:
    found = play(
        """
        import treq  # which imports treq.api
        from twisted.internet import reactor
        from herd.sim.engine.parted import Parted
        import treq.api
        pools = []
        def look():
            pools.append(treq.api.default_pool(reactor, None, True))
            print(type(treq.api._global_pool) is Parted, len(pools), treq.api.get_global_pool() is pools[0])
        reactor.callLater(1, look)
        reactor.run()
        """
    )
    assert found["one"] == found["other"] == ["True 1 True\n"]


def test_a_resolver_after_a_module_beside_the_program(play: Callable[..., Outputs]) -> None:
    found = play(
        """
        import helper
        from twisted.names import client
        from twisted.internet import reactor
        mine = client.getResolver()
        print(client.getResolver() is mine, client.theResolver is None, client.getResolver.__doc__)
        reactor.run()
        """,
        helper="x = 1",
    )
    said = ["True True Get the resolver of the running process.\n"]
    assert found["one"] == found["other"] == said


def test_adapters_of_sessions(play: Callable[..., Outputs]) -> None:
    found = play(
        """
        import sys
        from twisted.internet import reactor
        from twisted.python.components import getAdapterFactory, registerAdapter
        from twisted.web.server import Session, Site
        from twisted.web.resource import Resource
        from zope.interface import Interface, implementer

        class ICounter(Interface):
            pass

        @implementer(ICounter)
        class Counter:
            def __init__(self, session):
                self.host = sys.argv[1]

        registerAdapter(Counter, Session, ICounter)
        session = Session(Site(Resource()), b"1", reactor)
        print(ICounter(session).host, getAdapterFactory(Session, ICounter, None) is Counter)
        try:
            registerAdapter(Counter, Session, ICounter)
        except ValueError as error:
            print("already registered" in str(error))
        reactor.run()
        """
    )
    assert found["one"] == ["one True\n", "True\n"]
    assert found["other"] == ["other True\n", "True\n"]


def test_classes_that_perspective_broker_may_send(play: Callable[..., Outputs]) -> None:
    found = play(
        """
        import sys
        from twisted.internet import defer, reactor
        from twisted.spread import jelly, pb

        class Pond(pb.Copyable, pb.RemoteCopy):
            pass

        pb.setUnjellyableForClass(Pond, Pond)

        class Root(pb.Root):
            def remote_get(self):
                return Pond()
            def remote_put(self, pond):
                return isinstance(pond, Pond)

        async def ask():
            factory = pb.PBClientFactory()
            reactor.connectTCP("127.0.0.1", 1, factory)
            root = await factory.getRootObject()
            print(isinstance(await root.callRemote("get"), Pond), await root.callRemote("put", Pond()))

        jelly.globalSecurity.allowTypes("of " + sys.argv[1])
        reactor.listenTCP(1, pb.PBServerFactory(Root()))
        reactor.callLater(1, lambda: defer.ensureDeferred(ask()))
        allowed = pb.globalSecurity.isTypeAllowed
        reactor.callLater(2, lambda: print(allowed("dict"), allowed("of one"), allowed("of other")))
        reactor.run()
        """
    )
    assert found["one"] == ["True True\n", "True True False\n"]
    assert found["other"] == ["True True\n", "True False True\n"]
