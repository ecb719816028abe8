"""What a server or a herd may be called, and what can stand in a certificate.

Names travel as one word of a protocol whose words are parted by spaces, and they are names of files (logs,
control sockets) and of directories.
"""

from __future__ import annotations

import re
from typing import Final

AUTHORITY: Final = "ca"
"""What the files of the certificate authority are called, beside those of the servers."""

MAX_NAME_BYTES: Final = 64
"""Room for the name of any host in practice, and for a directory before it in the path of a Unix socket."""

_MAX_DNS_BYTES: Final = 253
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


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


def certificate_name_problem(name: str) -> str | None:
    """Return what keeps a name from being a DNS name in a certificate, to follow the name, or None."""
    if len(name) > _MAX_DNS_BYTES:
        return f"is longer than {_MAX_DNS_BYTES} characters"
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return (
            "is not made of letters, digits and hyphens, in words of 63 at most that dots part "
            "and no hyphen begins or ends"
        )
    if labels[-1].isdigit():
        return "would be taken for an address, as its last word is a number"
    return None
