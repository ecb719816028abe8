"""The herd of real processes that the load test starts for itself."""

from __future__ import annotations

import signal

from loading.herds import OBSERVER

from herd.testing.processes import ProcessHerd


class OwnHerd(ProcessHerd):
    """A herd of real processes, without the server that an observer plays; Ctrl-C does not stop it."""

    def start(self, *names: str) -> None:
        """Start servers."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is ignored here is ignored there
        try:
            super().start(*(name for name in names if name != OBSERVER))
        finally:
            signal.signal(signal.SIGINT, before)

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of all servers."""
        return tuple(self.pid(name) for name in self.running)
