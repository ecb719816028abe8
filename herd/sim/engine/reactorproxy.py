"""What `from twisted.internet import reactor` gives in an interpreter that hosts simulations.

Programs take the global reactor at import and keep it, whole (`from twisted.internet import reactor`) or in
parts (`later = reactor.callLater`). Many hosts share one interpreter, so what they keep must ask at each call
whose turn it is. `GlobalReactor` has Twisted's methods as real methods, with Twisted's own names for the
arguments: each hands its call to the reactor of the process that is running, and outside of any simulated
process to the real reactor.

The interfaces that it provides are those of the reactor behind it at that moment: zope.interface asks an
object for `__providedBy__`, and a property answers.
"""

# The names, the order and the defaults of Twisted's own methods, and no more types than they have.
# ruff: noqa: A002, FBT001, FBT002, PLR0913, PLR0917

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from zope.interface import providedBy

from herd.sim.engine import current
from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import hosted
from herd.sim.engine.pins.real import get_ident

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType({})
_RUN: Final = "a host runs no other program: start it on the simulated host (Host.start)"
REAL_WORLD: Final = type("RealWorld", (), {})()
_replaced: Final[dict[str, WeakKeyDictionary[Any, Callable[..., Any]]]] = {}
"""By name, and by the process, or the real world, that has replaced it: a method of the global reactor."""
_set_class: Final = vars(object)["__class__"].__set__
_OWN: Final = frozenset({"real", "make_real"})


class GlobalReactor:
    """Stands for the reactor of whoever is running.

    `real` is the real reactor, or None until somebody outside of a simulated process needs it: then
    `make_real()` must install one, that is set `real`.
    """

    __name__ = "twisted.internet.reactor"
    real: Any
    make_real: Callable[[], object]

    def __init__(self, real: Any, make_real: Callable[[], object]) -> None:
        self.real = real
        self.make_real = make_real

    @property
    def behind(self) -> Any:
        """The reactor that stands behind this one now."""
        process = hosted()
        if process is not None:
            return process.reactor
        if self.real is None:
            self.make_real()
        return self.real

    def _method(self, name: str) -> Callable[..., Any]:
        """Return a method that not every reactor has."""
        behind = self.behind
        try:
            method: Callable[..., Any] = getattr(behind, name)
        except AttributeError:
            where = "in a simulation" if hosted() is not None else f"for {type(behind).__name__}"
            raise NotImplementedError(f"reactor.{name}() does not exist {where}") from None
        return method

    # What has no method here is an attribute of the reactor behind, to read and to write. Methods can be
    # replaced: in one process, or in the real world. What was there before goes on meaning Twisted's own.

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        elif name == "seconds" and value == object.__getattribute__(self, name):
            vars(self.behind).pop(name, None)  # who has replaced it puts back what was there
        elif name == "seconds":
            setattr(self.behind, name, value)  # its timers go by it
        elif not callable(vars(GlobalReactor).get(name)):
            setattr(self.behind, name, value)
        elif value == object.__getattribute__(self, name):
            self._restore(name)  # likewise
        else:
            _replaced.setdefault(name, WeakKeyDictionary())[hosted() or REAL_WORLD] = value
            _set_class(self, _ReplacedReactor)

    def __delattr__(self, name: str) -> None:
        if name in _replaced:
            self._restore(name)
        else:
            delattr(self.behind, name)

    def _restore(self, name: str) -> None:
        by_owner = _replaced.get(name, WeakKeyDictionary())
        by_owner.pop(hosted() or REAL_WORLD, None)
        if not by_owner:
            _replaced.pop(name, None)
        if not _replaced:
            _set_class(self, GlobalReactor)

    def __repr__(self) -> str:
        return f"<the global reactor, now {self.behind!r}>"

    @property
    def __class__(self) -> type:
        # isinstance(reactor, EPollReactor), as pytest-twisted asks.
        return type(self.behind)

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise TypeError(f"the global reactor cannot become a {value.__name__}")

    @property
    def __providedBy__(self) -> Any:
        return providedBy(self.behind)

    @property
    def __provides__(self) -> Any:
        return self.behind.__provides__

    # IReactorTime

    def seconds(self) -> float:
        """See `IReactorTime`."""
        process = current.process
        if process is None or get_ident() != current.thread:
            real_s: float = self.behind.seconds()
            return real_s
        return process.reactor.seconds()

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kw: object) -> Any:
        """See `IReactorTime`."""
        process = current.process
        if process is None or get_ident() != current.thread:
            return self.behind.callLater(delay, callable, *args, **kw)
        return process.reactor.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Any:
        """See `IReactorTime`."""
        return self.behind.getDelayedCalls()

    # IReactorCore

    @property
    def running(self) -> bool:
        """See `IReactorCore`."""
        return self.behind.running  # type: ignore[no-any-return]

    def resolve(self, name: str, timeout: Any = (1, 3, 11, 45)) -> Any:
        """See `IReactorCore`."""
        return self.behind.resolve(name, timeout)

    def run(self, installSignalHandlers: bool = True) -> None:
        """See `IReactorCore`."""
        self.behind.run(installSignalHandlers=installSignalHandlers)

    def stop(self) -> None:
        """See `IReactorCore`."""
        self.behind.stop()

    def crash(self) -> None:
        """See `IReactorCore`."""
        self.behind.crash()

    def iterate(self, delay: float = 0.0) -> None:
        """See `IReactorCore`."""
        self._method("iterate")(delay)

    def fireSystemEvent(self, eventType: str) -> None:
        """See `IReactorCore`."""
        self.behind.fireSystemEvent(eventType)

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Any:
        """See `IReactorCore`."""
        return self.behind.addSystemEventTrigger(phase, eventType, callable, *args, **kwargs)

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """See `IReactorCore`."""
        self.behind.removeSystemEventTrigger(triggerID)

    def callWhenRunning(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """See `IReactorCore`."""
        return self.behind.callWhenRunning(callable, *args, **kwargs)

    # IReactorThreads

    def callFromThread(self, f: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """See `IReactorThreads`."""
        self.behind.callFromThread(f, *args, **kwargs)

    def callInThread(self, _callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """See `IReactorThreads`."""
        self.behind.callInThread(_callable, *args, **kwargs)

    def getThreadPool(self) -> Any:
        """See `IReactorThreads`."""
        return self._method("getThreadPool")()

    def suggestThreadPoolSize(self, size: int) -> None:
        """See `IReactorThreads`."""
        self.behind.suggestThreadPoolSize(size)

    # IReactorPluggableNameResolver, IReactorPluggableResolver

    @property
    def nameResolver(self) -> Any:
        """See `IReactorPluggableNameResolver`."""
        return self.behind.nameResolver

    def installNameResolver(self, resolver: Any) -> Any:
        """See `IReactorPluggableNameResolver`."""
        return self.behind.installNameResolver(resolver)

    def installResolver(self, resolver: Any) -> Any:
        """See `IReactorPluggableResolver`."""
        return self._method("installResolver")(resolver)

    # IReactorTCP

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """See `IReactorTCP`."""
        return self.behind.listenTCP(port, factory, backlog, interface)

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: Any = None
    ) -> Any:
        """See `IReactorTCP`."""
        return self.behind.connectTCP(host, port, factory, timeout, bindAddress)

    # IReactorSSL

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """See `IReactorSSL`."""
        return self._method("listenSSL")(port, factory, contextFactory, backlog, interface)

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> Any:
        """See `IReactorSSL`."""
        return self._method("connectSSL")(host, port, factory, contextFactory, timeout, bindAddress)

    # IReactorUDP, IReactorMulticast

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Any:
        """See `IReactorUDP`."""
        return self._method("listenUDP")(port, protocol, interface, maxPacketSize)

    def listenMulticast(
        self,
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> Any:
        """See `IReactorMulticast`."""
        return self._method("listenMulticast")(port, protocol, interface, maxPacketSize, listenMultiple)

    # IReactorUNIX, IReactorUNIXDatagram

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> Any:
        """See `IReactorUNIX`."""
        return self._method("listenUNIX")(address, factory, backlog, mode, wantPID)

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0) -> Any:
        """See `IReactorUNIX`."""
        return self._method("connectUNIX")(address, factory, timeout, checkPID)

    def listenUNIXDatagram(
        self, address: Any, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> Any:
        """See `IReactorUNIXDatagram`."""
        return self._method("listenUNIXDatagram")(address, protocol, maxPacketSize, mode)

    def connectUNIXDatagram(
        self,
        address: Any,
        protocol: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: Any = None,
    ) -> Any:
        """See `IReactorUNIXDatagram`."""
        return self._method("connectUNIXDatagram")(address, protocol, maxPacketSize, mode, bindAddress)

    # IReactorSocket

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: Any, factory: Any) -> Any:
        """See `IReactorSocket`."""
        return self._method("adoptStreamPort")(fileDescriptor, addressFamily, factory)

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: Any, factory: Any) -> Any:
        """See `IReactorSocket`."""
        return self._method("adoptStreamConnection")(fileDescriptor, addressFamily, factory)

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: Any, protocol: Any, maxPacketSize: int = 8192
    ) -> Any:
        """See `IReactorSocket`."""
        return self._method("adoptDatagramPort")(fileDescriptor, addressFamily, protocol, maxPacketSize)

    # IReactorProcess

    def spawnProcess(
        self,
        processProtocol: Any,
        executable: Any,
        args: Any = (),
        env: Any = NO_ENVIRONMENT,
        path: Any = None,
        uid: Any = None,
        gid: Any = None,
        usePTY: Any = 0,
        childFDs: Any = None,
    ) -> Any:
        """See `IReactorProcess`."""
        if hosted() is not None:
            raise escape("reactor.spawnProcess", _RUN)
        start = self._method("spawnProcess")
        env = {} if env is NO_ENVIRONMENT else env
        return start(processProtocol, executable, args, env, path, uid, gid, usePTY, childFDs)

    # IReactorFDSet

    def addReader(self, reader: Any) -> None:
        """See `IReactorFDSet`."""
        self._method("addReader")(reader)

    def addWriter(self, writer: Any) -> None:
        """See `IReactorFDSet`."""
        self._method("addWriter")(writer)

    def removeReader(self, reader: Any) -> None:
        """See `IReactorFDSet`."""
        self._method("removeReader")(reader)

    def removeWriter(self, writer: Any) -> None:
        """See `IReactorFDSet`."""
        self._method("removeWriter")(writer)

    def removeAll(self) -> Any:
        """See `IReactorFDSet`."""
        return self._method("removeAll")()

    def getReaders(self) -> Any:
        """See `IReactorFDSet`."""
        return self._method("getReaders")()

    def getWriters(self) -> Any:
        """See `IReactorFDSet`."""
        return self._method("getWriters")()


class _ReplacedReactor(GlobalReactor):
    """The global reactor, as long as somebody has replaced one of its methods for himself."""

    def __getattribute__(self, name: str) -> Any:
        by_owner = _replaced.get(name)
        if by_owner is not None:
            value = by_owner.get(hosted() or REAL_WORLD)
            if value is not None:
                return value
        return object.__getattribute__(self, name)
