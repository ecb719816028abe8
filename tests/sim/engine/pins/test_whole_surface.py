"""Every function through which the real world could come in is pinned, or it is said why it need not be.

A new version of Python brings new functions: each fails here until it is decided.
"""

from __future__ import annotations

import _thread
import asyncio
import atexit
import concurrent.futures
import datetime as dt
import gc
import multiprocessing.process
import os
import platform
import queue
import random
import resource
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest

from herd.sim.engine.pins import forbidden
from herd.sim.engine.pins.pin import Pin

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = pytest.mark.usefixtures("simulation")

FILES: Final = "the files of a host are real ones"
IDENTITY: Final = "whose files they are is real too, and the same at every run"
CONSTANT: Final = "a fact about the machine or the interpreter, the same at every run"
PURE: Final = "it computes from its arguments"
TYPE: Final = "a type or an error"
BORROWED: Final = "another module's, imported"
MADE_OF_PINS: Final = "it asks functions that are pinned"
NEEDS: Final = "it needs what a hosted program cannot get: a socket, a child, a terminal, a timer"
ONE_THREAD: Final = "there is one real thread, and it never waits for another"
MEMORY: Final = "it looks into memory: nothing that a program decides by"
IN_PLACE: Final = "pinned in its class, see IN_CLASSES"

HARMLESS: Final[dict[ModuleType, dict[str, str]]] = {
    time: {CONSTANT: "clock_getres get_clock_info", PURE: "strptime", TYPE: "struct_time"},
    random: {IN_PLACE: "Random", MADE_OF_PINS: "SystemRandom", PURE: "main"},
    os: {
        FILES: "DirEntry access chmod chown close copy_file_range dup dup2 fchmod fchown fdatasync "
        "fdopen fpathconf fstat fstatvfs fsync ftruncate get_blocking get_inheritable getcwd "
        "getcwdb getxattr lchown link listxattr lockf lseek lstat makedirs memfd_create "
        "mkdir mkfifo mknod pathconf posix_fadvise posix_fallocate pread preadv pwrite "
        "pwritev readv remove removedirs removexattr rename renames replace rmdir "
        "sendfile set_blocking set_inheritable setxattr splice stat statvfs symlink sync truncate "
        "unlink utime writev",
        IDENTITY: "getegid geteuid getgid getgrouplist getgroups getresgid getresuid getuid",
        CONSTANT: "confstr ctermid getpriority sched_get_priority_max "
        "sched_get_priority_min sched_getparam sched_getscheduler sched_rr_get_interval "
        "sched_yield sysconf device_encoding",
        PURE: "WCOREDUMP WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WSTOPSIG WTERMSIG "
        "fsdecode fsencode fspath major makedev minor strerror waitstatus_to_exitcode",
        TYPE: "PathLike error sched_param stat_result statvfs_result terminal_size times_result "
        "uname_result waitid_result",
        BORROWED: "GenericAlias Mapping MutableMapping",
        MADE_OF_PINS: "fwalk get_exec_path getenv getenvb walk",
        NEEDS: "eventfd_read eventfd_write grantpt ptsname unlockpt timerfd_gettime "
        "timerfd_gettime_ns timerfd_settime timerfd_settime_ns",
    },
    socket: {
        TYPE: "AddressFamily AddressInfo MsgFlag SocketKind SocketIO error gaierror herror timeout",
        BORROWED: "IntEnum IntFlag",
        PURE: "CMSG_LEN CMSG_SPACE htonl htons inet_aton inet_ntoa inet_ntop inet_pton ntohl ntohs",
        CONSTANT: "getdefaulttimeout getprotobyname getservbyname getservbyport",
        MADE_OF_PINS: "has_dualstack_ipv6",
        IN_PLACE: "socket",
        NEEDS: "close dup recv_fds send_fds",
    },
    select: {TYPE: "error"},
    signal: {
        TYPE: "Handlers ItimerError Sigmasks Signals struct_siginfo",
        PURE: "strsignal valid_signals default_int_handler",
    },
    gc: {
        MEMORY: "get_count get_debug get_freeze_count get_objects get_referents get_referrers get_stats "
        "get_threshold is_finalized is_tracked isenabled",
    },
    _thread: {
        TYPE: "RLock error" if sys.version_info >= (3, 13) else "LockType RLock error",
        ONE_THREAD: "exit exit_thread stack_size",
        "the import system asks who imports, and programs ask `threading`": "get_ident get_native_id",
        CONSTANT: "daemon_threads_allowed",
    },
    threading: {
        TYPE: "BrokenBarrierError ExceptHookArgs ThreadError WeakSet",
        MADE_OF_PINS: "Barrier BoundedSemaphore Event Semaphore Timer activeCount currentThread",
        IN_PLACE: "Condition Thread",
        ONE_THREAD: "excepthook getprofile gettrace setprofile setprofile_all_threads settrace "
        "settrace_all_threads stack_size",
    },
    queue: {
        MADE_OF_PINS: "LifoQueue PriorityQueue Queue",
        TYPE: "Empty Full ShutDown",
        PURE: "heappop heappush",
        BORROWED: "deque",
    },
    uuid: {
        TYPE: "SafeUUID UUID",
        BORROWED: "Enum bytes_ int_",
        PURE: "uuid3 uuid5",
        MADE_OF_PINS: "uuid4 main",
    },
    secrets: {
        MADE_OF_PINS: "SystemRandom choice randbelow randbits token_bytes token_hex token_urlsafe",
        PURE: "compare_digest",
    },
    tempfile: {
        MADE_OF_PINS: "NamedTemporaryFile SpooledTemporaryFile TemporaryDirectory TemporaryFile gettempdir "
        "gettempdirb mkdtemp mkstemp mktemp",
        CONSTANT: "gettempprefix gettempprefixb",
    },
    platform: {
        MADE_OF_PINS: "node platform processor machine release system version",
        CONSTANT: "architecture freedesktop_os_release java_ver libc_ver mac_ver python_branch python_build "
        "python_compiler python_implementation python_revision python_version "
        "python_version_tuple system_alias win32_edition win32_is_iot win32_ver android_ver "
        "ios_ver",
        TYPE: "uname_result AndroidVer IOSVersionInfo",
    },
    atexit: {},
    resource: {TYPE: "error struct_rusage", CONSTANT: "getpagesize"},
}
"""By module and reason: the functions and classes that are not pinned."""

IN_CLASSES: Final[dict[Any, str]] = {
    socket.socket: "__new__",
    threading.Thread: "start",
    threading.Condition: "wait",
    subprocess.Popen: "__new__",
    multiprocessing.process.BaseProcess: "start",
    concurrent.futures.Executor: "__new__",
    asyncio.BaseEventLoop: "__new__",
    random.Random: "seed",
    dt.datetime: "now utcnow fromtimestamp astimezone timestamp",
    dt.date: "fromtimestamp",
}
"""Methods that are pinned in their classes."""

OF_DATES: Final[dict[str, str]] = {
    PURE: "combine ctime date day dst fold fromisocalendar fromisoformat fromordinal hour "
    "isocalendar isoformat isoweekday max microsecond min minute month replace resolution "
    "second strftime strptime time timetuple timetz toordinal tzinfo tzname utcfromtimestamp "
    "utcoffset utctimetuple weekday year",
    MADE_OF_PINS: "today",
}

SOMEWHERE_ELSE: Final = frozenset(
    {
        "select.kqueue",
        "select.devpoll",
        "_thread.start_joinable_thread",
        "os.posix_openpt",
        "os.setns",
        "os.unshare",
        "os.timerfd_create",
    }
)
"""Names of `forbidden.TABLE` that another version or system has."""


def words(by_reason: dict[str, str]) -> list[str]:
    return [name for names in by_reason.values() for name in names.split()]


@pytest.mark.parametrize("module", HARMLESS, ids=lambda module: module.__name__)
def test_what_is_not_pinned_has_a_reason(module: ModuleType) -> None:
    public = [name for name in dir(module) if not name.startswith("_") and callable(getattr(module, name))]
    left = [name for name in public if not isinstance(getattr(module, name), Pin)]
    undecided = sorted(set(left) - set(words(HARMLESS[module])))
    assert not undecided, f"pin these of {module.__name__}, or say above why they are harmless"


@pytest.mark.parametrize("module", HARMLESS, ids=lambda module: module.__name__)
def test_what_has_a_reason_is_not_pinned(module: ModuleType) -> None:
    names = words(HARMLESS[module])
    assert [name for name in names if isinstance(getattr(module, name, None), Pin)] == []
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("owner", IN_CLASSES, ids=lambda owner: owner.__qualname__)
def test_methods_are_pinned_in_their_classes(owner: Any) -> None:
    for name in IN_CLASSES[owner].split():
        method = owner.__dict__[name]
        code = getattr(method, "__func__", method).__code__
        assert "pins" in code.co_filename, name


def test_every_method_of_a_date_is_decided() -> None:
    decided = {*words(OF_DATES), *IN_CLASSES[dt.datetime].split()}
    assert [name for name in dir(dt.datetime) if not name.startswith("_") and name not in decided] == []
    assert [name for name in dir(dt.date) if not name.startswith("_") and name not in decided] == []


def test_what_is_forbidden_exists() -> None:
    spelled = [
        f"{module.__name__}.{name}" for module, advices in forbidden.TABLE.items() for name in words(advices)
    ]
    assert sorted(spelled) == sorted(set(spelled))
    absent = {each for each in spelled if not hasattr(by_name(each), each.rpartition(".")[2])}
    assert absent <= SOMEWHERE_ELSE


def by_name(spelled: str) -> ModuleType:
    return next(module for module in forbidden.TABLE if module.__name__ == spelled.rpartition(".")[0])
