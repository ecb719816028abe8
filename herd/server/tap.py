"""`twistd herd` and `twist herd`: options in, a service out.

Besides the command line this is the only place that knows the global reactor, the real clock and real
randomness.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import os
import random
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from twisted.application.service import IService, Service
from twisted.internet.error import ReactorNotRunning
from twisted.python import usage
from zope.interface import implementer

from herd.config.load import load_config
from herd.core.errors import ConfigError, HerdError
from herd.places.finder import open_finder
from herd.places.interfaces import Surroundings
from herd.server.build import build_node
from herd.server.notify import ServiceManager
from herd.server.turns import turn_ends
from herd.server.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet import defer

    from herd.config.model import Config, Server
    from herd.server.node import Node


_TWISTD_PID_FILE: Final = "twistd.pid"
"""Where twistd writes its pid unless it is told otherwise."""


class CannotStart(SystemExit, Exception):  # noqa: N818 - it is an exit
    """Exit status 1, with no traceback.

    As an `Exception` too it makes a daemonizing twistd remove its pid file and tell the waiting parent.
    """


def _exit(problem: object) -> NoReturn:
    """End the process with a line on standard error, or in the log of a process that has become a daemon."""
    text = "\n".join(f"herd: {line}" for line in str(problem).splitlines())
    is_daemon = os.path.samestat(os.fstat(2), Path(os.devnull).stat())
    print(text, file=sys.stderr if is_daemon else sys.__stderr__)
    exit_ = CannotStart(text)
    exit_.code = 1
    raise exit_


class Options(usage.Options):
    """Options of one server."""

    synopsis = "[options]"
    longdesc = (
        "Run one server of a herd. Without --config it is one of the five servers of the specification on "
        "loopback (Alford, Ball, Hamilton, Holiday, Welsh). Example: twistd -n herd --name Alford"
    )
    optParameters = (
        ("name", None, None, "Name of the server to run, as in the configuration."),
        ("config", None, None, "The herd's configuration, a TOML file. `herd check FILE` checks it."),
    )
    compData = usage.Completions(optActions={"config": usage.CompleteFiles("*.toml")})

    def postOptions(self) -> None:
        """Read the configuration; anything wrong with it, or with the name, ends the process."""
        # Absolute, because a daemon leaves the directory that it was started in.
        self.config_file = Path(self["config"]).absolute() if self["config"] else None
        try:
            self.config = load_config(self.config_file)
        except HerdError as error:
            _exit(error)
        self["name"] = _check_name(self["name"], self.config)
        # In the foreground nobody needs a pid file: servers may share a directory, or run in a read-only one.
        parent = getattr(self, "parent", None) or {}
        if parent.get("nodaemon") and parent.get("pidfile") == _TWISTD_PID_FILE:
            parent["pidfile"] = ""
        elif parent.get("nodaemon") == 0:
            _refuse_taken_ports(self.config.server(self["name"]))


def _check_name(name: str | None, config: Config) -> str:
    names = ", ".join(config.names)
    if name is None:
        _exit(f"which server? Say --name with one of: {names}")
    if name not in config.names:
        close = difflib.get_close_matches(name, config.names, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        _exit(f"there is no server {name!r} in {config.source}{hint} It has: {names}")
    return name


def _refuse_taken_ports(server: Server) -> None:
    """End a process that could not listen before it becomes a daemon, which has nowhere to say so."""
    for endpoint in (server.links, server.clients):
        address = endpoint.listen
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address.host, address.port))
            except OSError as error:
                _exit(f"{server.name} cannot listen on {address}: {error.strerror}")


@implementer(IService)
class HerdService(Service):
    """A node under twistd: errors end the process, signals stop it with exit status 0 or have it reload."""

    def __init__(self, node: Node, reactor: Any, manager: ServiceManager) -> None:
        self.node = node
        self._reactor = reactor
        self._manager = manager

    def privilegedStartService(self) -> None:
        """Listen, or end the process with one line."""
        try:
            self.node.privilegedStartService()
        except HerdError as error:
            _exit(error)

    def startService(self) -> None:
        """Start the node once it listens."""
        self.privilegedStartService()
        Service.startService(self)
        self.node.startService()
        self._reactor.addSystemEventTrigger("after", "startup", self._take_signals)
        self._reactor.callWhenRunning(self._manager.ready)
        # What a start leaves behind stays for good: a full collection need not walk it, 60 ms each time.
        gc.collect()
        gc.freeze()

    def stopService(self) -> defer.Deferred[None]:
        """Stop the node."""
        Service.stopService(self)
        self._manager.stopping()
        return self.node.stopService()

    def _take_signals(self) -> None:
        # Twisted's own handlers end the process by the signal itself, after an orderly stop too.
        for number, then in (
            (signal.SIGTERM, self._stop),
            (signal.SIGINT, self._stop),
            (signal.SIGHUP, self._reload),
        ):
            signal.signal(number, partial(self._soon, then))

    def _soon(self, then: Callable[[], None], *_: object) -> None:
        self._reactor.callFromThread(then)

    def _stop(self) -> None:
        with contextlib.suppress(ReactorNotRunning):
            self._reactor.stop()

    def _reload(self) -> None:
        self._manager.reloading()
        with contextlib.suppress(HerdError):  # the node has said it
            self.node.reload()
        self._manager.ready()


def makeService(options: Options) -> HerdService:
    """Build the service of one server."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    _go_by_a_steady_clock(reactor)
    config, name = options.config, options["name"]
    environ = dict(os.environ)
    source = random.Random()  # noqa: S311 - for jitter and nonces, no secrets
    world = World(reactor, time.time_ns, source, environ, turn_ends(reactor))
    surroundings = Surroundings(
        reactor=reactor,
        random=world.random,
        environ=environ,
        in_flight=config.limits.places_in_flight,
    )

    def read_again() -> Config:
        return load_config_with(name, options.config_file)

    try:
        finder = open_finder(
            config.places.provider, config.places.options, surroundings, config.limits.places_timeout_s
        )
        node = build_node(config, name, world, finder, read_again)
    except HerdError as error:
        _exit(error)
    return HerdService(node, reactor, ServiceManager(environ, reactor))


def _go_by_a_steady_clock(reactor: Any) -> None:
    """Have all timers, paces and time limits go by the monotonic clock.

    Twisted's reactors go by the wall clock. When that is set back, by an operator or by NTP, no timer fires
    for as long: heartbeats cease, and clients wait. Timers that stand already would be due at a wrong time,
    so nothing is changed then; there are none when twistd makes its services.
    """
    if not reactor.getDelayedCalls():
        reactor.seconds = time.monotonic


def load_config_with(name: str, file: Path | None) -> Config:
    """Read the configuration; a `ConfigError` if it is wrong or has no server called `name`."""
    config = load_config(file)
    if name not in config.names:
        raise ConfigError([f"{config.source} has no server {name} any more"])
    return config
