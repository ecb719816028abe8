"""What systemd is told, and a socket that stands in for it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from twisted.internet.task import Clock

from herd.server.notify import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Systemd:
    """A datagram socket that is listened on."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0)
        self.clock = Clock()

    def heard(self) -> list[str]:
        """Return what has come since the last time."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode("ascii"))
            except BlockingIOError:
                return messages

    def manager(self, address: str, **environ: str) -> ServiceManager:
        return ServiceManager({"NOTIFY_SOCKET": address, **environ}, self.clock)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def systemd(address: str) -> Iterator[Systemd]:
    found = Systemd(address)
    yield found
    found.socket.close()


def test_systemd_hears_of_readiness_reloads_and_the_end(systemd: Systemd, address: str) -> None:
    manager = systemd.manager(address)
    assert systemd.heard() == []
    manager.ready()
    assert systemd.heard() == ["READY=1"]
    manager.reloading()
    manager.ready()
    assert [message.splitlines()[0] for message in systemd.heard()] == ["RELOADING=1", "READY=1"]
    manager.stopping()
    assert systemd.heard() == ["STOPPING=1"]
    assert systemd.clock.getDelayedCalls() == []


def test_the_watchdog_is_fed_twice_in_its_time_from_ready_to_stopping(systemd: Systemd, address: str) -> None:
    manager = systemd.manager(address, WATCHDOG_USEC="10000000", WATCHDOG_PID=str(os.getpid()))
    systemd.clock.advance(20)
    assert systemd.heard() == []
    manager.ready()
    assert systemd.heard() == ["READY=1", "WATCHDOG=1"]
    systemd.clock.advance(4.9)
    assert systemd.heard() == []
    for _ in range(3):
        systemd.clock.advance(0.1)
        assert systemd.heard() == ["WATCHDOG=1"]
        systemd.clock.advance(4.9)
    manager.reloading()
    manager.ready()
    assert len(systemd.clock.getDelayedCalls()) == 1
    systemd.heard()
    manager.stopping()
    systemd.clock.advance(100)
    assert systemd.heard() == ["STOPPING=1"]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "-5"},
    ],
)
def test_no_watchdog_is_fed_that_is_not_this_processes(
    systemd: Systemd, address: str, environ: dict[str, str]
) -> None:
    systemd.manager(address, **environ).ready()
    assert systemd.heard() == ["READY=1"]
    assert systemd.clock.getDelayedCalls() == []


def test_a_watchdog_for_nobody_in_particular_is_fed(systemd: Systemd, address: str) -> None:
    systemd.manager(address, WATCHDOG_USEC="10000000").ready()
    assert systemd.heard() == ["READY=1", "WATCHDOG=1"]


def test_a_name_in_the_abstract_namespace_begins_with_an_at_sign() -> None:
    name = f"herd test {os.getpid()}"
    systemd = Systemd(f"\0{name}")
    systemd.manager(f"@{name}").ready()
    assert systemd.heard() == ["READY=1"]
    systemd.socket.close()


def test_without_systemd_nothing_is_said_and_without_a_listener_nothing_breaks(tmp_path: Path) -> None:
    clock = Clock()
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        manager = ServiceManager(environ, clock)
        for say in (manager.ready, manager.reloading, manager.ready, manager.stopping):
            say()
    assert ServiceManager({"WATCHDOG_USEC": "1000000"}, clock).ready() is None  # type: ignore[func-returns-value]
    assert clock.getDelayedCalls() == []


def test_a_manager_that_does_not_read_stops_nobody(systemd: Systemd, address: str) -> None:
    manager = systemd.manager(address)
    for _ in range(10_000):
        manager.ready()
    assert set(systemd.heard()) == {"READY=1"}
