"""Lines of keys in TOML texts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from herd.config.dump import dump_config
from herd.config.locate import line_of, lines_of
from tests.config.strategies import configs

if TYPE_CHECKING:
    from herd.config.problem import DocumentPath

ROOT = Path(__file__).parents[2]

EVERYTHING = '''
name = "x = 1 # no comment"   # a = 2
a.b . "c d".'e\\' = [1,
 2, # hi ] , {
 """x
]""", {q = 1, "r s".t = [
3]}, [ ],

"""end"""",
]
[ servers . "a b" ]
k = \'\'\'
''\'\'\'
m = 'it"s'
n = 1979-05-27 07:32:00
[[x.y]]
z = 1
[[x.y]]
z = { }
w = {inner = {deep = "}"}, last = 'x'}
[x.y.w2]
v = -inf
  [e]  # the end
f = """\\
   \\"""
"""'''

EXPECTED: list[tuple[DocumentPath, int]] = [
    (("name",), 2),
    (("a",), 3),
    (("a", "b"), 3),
    (("a", "b", "c d"), 3),
    (("a", "b", "c d", "e\\"), 3),
    (("a", "b", "c d", "e\\", 0), 3),
    (("a", "b", "c d", "e\\", 1), 4),
    (("a", "b", "c d", "e\\", 2), 5),
    (("a", "b", "c d", "e\\", 3), 6),
    (("a", "b", "c d", "e\\", 3, "q"), 6),
    (("a", "b", "c d", "e\\", 3, "r s"), 6),
    (("a", "b", "c d", "e\\", 3, "r s", "t"), 6),
    (("a", "b", "c d", "e\\", 3, "r s", "t", 0), 7),
    (("a", "b", "c d", "e\\", 4), 7),
    (("a", "b", "c d", "e\\", 5), 9),
    (("servers",), 11),
    (("servers", "a b"), 11),
    (("servers", "a b", "k"), 12),
    (("servers", "a b", "m"), 14),
    (("servers", "a b", "n"), 15),
    (("x",), 16),
    (("x", "y"), 16),
    (("x", "y", 0), 16),
    (("x", "y", 0, "z"), 17),
    (("x", "y", 1), 18),
    (("x", "y", 1, "z"), 19),
    (("x", "y", 1, "w"), 20),
    (("x", "y", 1, "w", "inner"), 20),
    (("x", "y", 1, "w", "inner", "deep"), 20),
    (("x", "y", 1, "w", "last"), 20),
    (("x", "y", 1, "w2"), 21),
    (("x", "y", 1, "w2", "v"), 22),
    (("e",), 23),
    (("e", "f"), 24),
]


def paths_of(value: Any, base: DocumentPath = ()) -> list[DocumentPath]:
    """Return the path of everything in a document."""
    found: list[DocumentPath] = [base] if base else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += paths_of(each, (*base, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += paths_of(each, (*base, index))
    return found


def test_every_kind_of_key_and_value() -> None:
    assert list(lines_of(EVERYTHING).items()) == EXPECTED


def test_it_finds_what_tomllib_finds() -> None:
    assert sorted(lines_of(EVERYTHING), key=str) == sorted(paths_of(tomllib.loads(EVERYTHING)), key=str)


@settings(max_examples=25)
@given(configs())
def test_it_finds_what_tomllib_finds_in_any_configuration(config: Any) -> None:
    text = dump_config(config, with_defaults=True)
    assert sorted(lines_of(text), key=str) == sorted(paths_of(tomllib.loads(text)), key=str)


def test_keys_are_on_the_line_where_they_stand() -> None:
    text = (ROOT / "conf/grid-25.toml").read_text()
    rows = text.splitlines()
    for path, line in lines_of(text).items():
        if isinstance(path[-1], str):
            assert path[-1] in rows[line - 1]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("e", "f"), 24),
        (("e", "missing", 3), 23),
        (("missing",), None),
        ((), None),
    ],
)
def test_what_is_missing_is_looked_for_where_it_would_be(path: DocumentPath, line: int | None) -> None:
    assert line_of(path, lines_of(EVERYTHING)) == line


def test_ends_of_lines_of_windows() -> None:
    assert lines_of('a = 1\r\nb = [\r\n2\r\n]\r\nc = "x"\r\n') == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("c",): 5,
    }
