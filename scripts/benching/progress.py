"""What goes on, for the person who waits."""

from __future__ import annotations

import sys


def tell(text: str) -> None:
    """Show a line, apart from the results."""
    print(text, file=sys.stderr, flush=True)
