"""Small herds as texts, and what reading a text tells."""

from __future__ import annotations

from pathlib import Path

from herd.config.load import Reading, read_text

ENVIRON = {"HOME": "/home/ann"}

ONE = """\
name = "herd"
[servers.Alford]
clients = "tcp:127.0.0.1:12480"
links = "tcp:127.0.0.1:12580"
"""
"""A herd of one server, lines 1 to 4."""


def read(text: str) -> Reading:
    """Read the text of a file called herd.toml in /etc."""
    return read_text(text, "herd.toml", Path("/etc"), ENVIRON)


def told(text: str) -> list[str]:
    """Return all problems of such a file, as they are printed."""
    return [str(problem) for problem in read(text).problems]


def two(alford: str = '"Ball"', ball: str = '"Alford"') -> str:
    """Return two servers, whose neighbors stand on lines 5 and 9."""
    return (
        f"{ONE}neighbors = [{alford}]\n"
        '[servers.Ball]\nclients = "tcp:127.0.0.1:12481"\nlinks = "tcp:127.0.0.1:12581"\n'
        f"neighbors = [{ball}]\n"
    )


def endpoint(value: str) -> str:
    """Return a herd whose clients' endpoint, on line 3, is `value`."""
    return f'name = "herd"\n[servers.Alford]\nclients = {value}\nlinks = "tcp:127.0.0.1:12580"\n'
