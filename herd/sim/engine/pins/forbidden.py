"""What no simulation can answer: sockets, threads, subprocesses, waiting, and changes of the real process."""

from __future__ import annotations

import _posixsubprocess
import _thread
import asyncio
import concurrent.futures
import multiprocessing.process
import os
import resource
import select
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins.escapes import forbid
from herd.sim.engine.pins.pin import place, place_method, place_new

if TYPE_CHECKING:
    from types import ModuleType

_CONNECT: Final = "use the reactor: connectTCP, listenTCP, or an endpoint"
_RESOLVE: Final = "use twisted.names, reactor.resolve or an endpoint for host names"
_BLOCK: Final = "a reactor program must not block: use twisted.internet.task.deferLater"
_WAIT: Final = "a reactor waits for you: use callLater, or protocols"
_THREAD: Final = "use twisted.internet.threads.deferToThread"
_RUN: Final = "a host runs no other program: start it on the simulated host (Host.start)"
_REAL: Final = "it would change the process that runs the simulation"
_TIMER: Final = "use reactor.callLater"

TABLE: Final[dict[ModuleType, dict[str, str]]] = {
    socket: {
        _CONNECT: "create_connection create_server socketpair fromfd",
        _RESOLVE: "getaddrinfo gethostbyname gethostbyname_ex gethostbyaddr getnameinfo",
        _REAL: "sethostname setdefaulttimeout",
        "a host has one address, Host.address": "if_nameindex if_nametoindex if_indextoname",
    },
    select: {_WAIT: "select poll epoll kqueue devpoll"},
    time: {
        _REAL: "clock_settime clock_settime_ns pthread_getcpuclockid",
    },
    _thread: {_THREAD: "start_new_thread start_new start_joinable_thread", _REAL: "interrupt_main"},
    _posixsubprocess: {_RUN: "fork_exec"},
    os: {
        _RUN: "fork forkpty posix_spawn posix_spawnp system popen execl execle execlp execlpe execv execve "
        "execvp execvpe spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe wait wait3 wait4 "
        "waitid waitpid pidfd_open openpty login_tty posix_openpt",
        _REAL: "abort killpg nice setpriority setuid setgid seteuid setegid setreuid setregid setresuid "
        "setresgid setgroups initgroups setsid setpgid setpgrp chroot unshare setns sched_setaffinity "
        "sched_setparam sched_setscheduler tcsetpgrp register_at_fork closerange",
        _TIMER: "timerfd_create",
        _WAIT: "eventfd pipe pipe2",
        "a hosted program has no terminal": "getlogin",
    },
    resource: {_REAL: "setrlimit prlimit"},
    signal: {
        _TIMER: "alarm setitimer",
        _WAIT: "pause sigwait sigwaitinfo sigtimedwait",
        _REAL: "pthread_kill pthread_sigmask pidfd_send_signal",
    },
}
"""By module and advice, the names of functions; a system that has not all of them has the rest pinned."""


def pin() -> None:
    """Make all of these escapes."""
    for module, advices in TABLE.items():
        for advice, names in advices.items():
            for name in names.split():
                place(module, name, forbid(f"{module.__name__}.{name}", advice))
    place_method(threading.Thread, "start", forbid("threading.Thread.start", _THREAD))
    place_method(multiprocessing.process.BaseProcess, "start", forbid("multiprocessing.Process.start", _RUN))
    classes: dict[str, tuple[Any, str]] = {
        "subprocess.Popen": (subprocess.Popen, _RUN),
        "concurrent.futures.Executor": (concurrent.futures.Executor, _THREAD),
        "asyncio event loop": (asyncio.BaseEventLoop, "the event loop of a hosted program is the reactor"),
    }
    for name, (owner, advice) in classes.items():
        place_new(owner, forbid(name, advice))
