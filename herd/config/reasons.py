"""The reason of each setting: the docstring under its field, read from the class's own source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def reasons(cls: type) -> dict[str, str]:
    """Return, for each field of an attrs class that has a docstring under it, that text on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, after in pairwise(body.body):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
