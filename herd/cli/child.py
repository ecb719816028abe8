"""One server as a child of `herd up`: `twistd`, in a session of its own, that ends when its parent does.

Usage: `python -m herd.cli.child SECONDS ARGUMENT-OF-TWISTD…`

A session of its own keeps a Ctrl-C at the terminal from reaching the server: `herd up` alone gets it, and
stops the servers. Should `herd up` be killed (`kill -9`), it can stop nobody; but then the pipe that it holds
to this process's standard input comes to its end, on every POSIX system. The server is told to stop, and is
killed if it has not after so many SECONDS.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time


def main() -> None:
    """Become `twistd`."""
    with contextlib.suppress(PermissionError):  # typed by hand in a shell, it leads a group already
        os.setsid()
    allowed_s = float(sys.argv.pop(1))
    threading.Thread(target=_end_with_parent, args=(allowed_s,), daemon=True).start()
    from twisted.scripts.twistd import run

    run()


def _end_with_parent(allowed_s: float) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(allowed_s)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
