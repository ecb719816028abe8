"""Errors that say whose fault it is.

`HerdError` and everything below it carries one line that a person can act on; whoever catches it may print it
as it stands. None of them ever holds a key or a secret.
"""

from __future__ import annotations


class HerdError(Exception):
    """Something that the user, the operator or a peer can mend; its text says how."""


class ConfigError(HerdError):
    """A configuration that cannot be used; `problems` holds one line for each thing that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LinkError(HerdError):
    """A neighbor that broke the link protocol; the link is closed and the text logged."""
