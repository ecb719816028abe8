"""Telling systemd that the server is ready, alive, or stopping (`sd_notify`, see its manual page).

The watchdog is fed from the reactor: a reactor that is stuck feeds nobody, and systemd restarts the server.
Without systemd none of this does anything.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.interfaces import IDelayedCall


class ServiceManager:
    """The service manager that started this process, as its environment names it; perhaps none."""

    def __init__(self, environ: Mapping[str, str], reactor: Any) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog_s = _watchdog_s(environ)
        self._reactor = reactor
        self._feeding: IDelayedCall | None = None

    def ready(self) -> None:
        """Say that the server listens, and begin to feed the watchdog."""
        self._say("READY=1")
        if self._address and self._watchdog_s:
            self._feed()

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` says when that is done."""
        self._say("RELOADING=1")

    def stopping(self) -> None:
        """Say that the server is on its way down."""
        self._say("STOPPING=1")
        if self._feeding is not None and self._feeding.active():
            self._feeding.cancel()

    def _feed(self) -> None:
        if self._feeding is not None and self._feeding.active():
            self._feeding.cancel()
        self._say("WATCHDOG=1")
        self._feeding = self._reactor.callLater(self._watchdog_s / 2, self._feed)

    def _say(self, message: str) -> None:
        if not self._address:
            return
        # A manager that does not listen is no reason to stop working.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - its only parameter
            sender.sendto(message.encode("ascii"), self._address)


def _address(text: str) -> str:
    """Return the address of the socket: a path, or a name in the abstract namespace, which `@` begins."""
    return "\0" + text[1:] if text.startswith("@") else text


def _watchdog_s(environ: Mapping[str, str]) -> float:
    """Return how often systemd wants to hear from this process, 0 for never."""
    if environ.get("WATCHDOG_PID") not in {None, str(os.getpid())}:
        return 0.0
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / 1_000_000 if text.isascii() and text.isdigit() else 0.0
