"""What a server or a herd may be called.

Names travel as one word of a protocol whose words are parted by spaces, and they are names of files (logs,
control sockets) and of directories.
"""

from __future__ import annotations

from typing import Final

MAX_NAME_BYTES: Final = 64
"""Room for the name of any host in practice, and for a directory before it in the path of a Unix socket."""


def name_problem(name: str) -> str | None:  # noqa: PLR0911 -- one rule, one return
    """Return what is wrong with a name, or None."""
    if not name:
        return "a name must not be empty"
    if any(char.isspace() for char in name):
        return "a name must not contain white space: the links' protocol parts words by it"
    if not name.isprintable():
        return "a name must not contain control or invisible characters"
    if "/" in name:
        return "a name must not contain '/': it is part of file names"
    if name[0] in ".-":
        return f"a name must not begin with '{name[0]}': it is a file's name and a command's argument"
    size = len(name.encode())
    if size > MAX_NAME_BYTES:
        return f"a name is at most {MAX_NAME_BYTES} bytes of UTF-8, this one is {size}"
    return None
