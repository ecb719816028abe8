"""The checker of walks over sets: what it finds, what it lets pass, and how it knows a set."""

from __future__ import annotations

import pytest

from tests.house.finding import Source
from tests.house.sets import walks

A_SET = "names = {'a', 'b'}\n"


def found(text: str, *others: str) -> list[str]:
    known = [Source.of(f"herd/core/other{number}.py", other) for number, other in enumerate(others)]
    return [finding.text for finding in walks([Source.of("herd/core/x.py", text)], known=known)]


@pytest.mark.parametrize(
    "walk",
    [
        "for name in names: print(name)",
        "[name for name in names]",
        "(name for name in names)",
        "{name: 1 for name in names}",
        "sum(1 for name in names) + len([1 for a in range(3) for name in names].copy())",
        "list(names)",
        "tuple(names)",
        "next(iter(names))",
        "enumerate(names)",
        "zip(range(2), names)",
        "map(str, names)",
        "dict.fromkeys(names)",
        "', '.join(names)",
        "', '.join(name for name in names)",
        "[].extend(names)",
        "[*names]",
        "print(*names)",
        "first, second = names",
        "names.pop()",
        "min(names, key=len)",
        "max(names, key=len)",
        "f'{names}'",
        "str(names)",
        "def each():\n    yield from names",
        "async def each():\n    for name in names: await name",
        "each = lambda: list(names)",
        "class A:\n    def each(self): return list(names)",
    ],
)
def test_a_walk_is_found(walk: str) -> None:
    assert found(A_SET + walk) != []


@pytest.mark.parametrize(
    "use",
    [
        "for name in sorted(names): print(name)",
        "[name for name in sorted(names)]",
        "sorted(names, key=len)",
        "sorted(name.upper() for name in names)",
        "len(names), min(names), max(names)",
        "any(name for name in names), all(name for name in names), sum(len(name) for name in names)",
        "set(names), frozenset(names), {*names}",
        "{name.upper() for name in names}",
        "'a' in names",
        "names.add('c')",
        "names.pop",
        "both = names | {'c'}",
        "def each(names: list[str]):\n    for name in names: print(name)",
        "def each():\n    names = ['a']\n    return list(names)",
        "def each(all_names):\n    for names in all_names: print(*names)",
        "each = lambda names: list(names)",
    ],
)
def test_what_has_no_order_passes(use: str) -> None:
    assert found(A_SET + use) == []


@pytest.mark.parametrize(
    "known_as",
    [
        "names = set()",
        "names = frozenset('ab')",
        "names = {letter for letter in 'ab'}",
        "names: set[str] = make()",
        "names: 'frozenset[str] | None' = make()",
        "names: Final[AbstractSet[str]] = make()",
        "other = {'a'}\nnames = other | make()",
        "other = {'a'}\nnames = make() - other",
        "names = {}.keys() & make()",
        "names = {'a'}.union(make())",
        "names = {'a'}.copy()",
        "names = make() or set()",
        "names = {'a'} if make() else None",
        "(names := {'a'})",
        "by_place: dict[str, set[str]] = {}\nnames = by_place['x']",
        "by_place: dict[str, set[str]] = {}\nnames = by_place.get('x')",
        "by_place = defaultdict(set)\nnames = by_place['x']",
        "by_place = {'x': {'a'}}\nnames = by_place.setdefault('x', make())",
        "def make() -> set[str]: ...\nnames = make()",
        "names = cast('set[str]', make())",
        "names = later\nlater = {'a'}",
    ],
)
def test_a_set_is_known_by(known_as: str) -> None:
    assert found(known_as + "\nlist(names)") == ["list() walks over the set `names`: sort it first"]


def test_a_parameter_is_known_by_its_annotation() -> None:
    assert found("def f(*, names: set[str]): return list(names)") != []
    assert found("async def f(names: frozenset[str] | None, /): return [name for name in names]") != []


def test_an_attribute_is_known_by_its_class() -> None:
    assert (
        found("@define\nclass A:\n    names: set[str] = field()\n    def f(self): return list(self.names)")
        != []
    )
    assert found("class A:\n    names = field(factory=set)\n    def f(self): return list(self.names)") != []
    assert (
        found("class A:\n    def __init__(self): self.names = set()\n    def f(self): list(self.names)") != []
    )
    assert (
        found("class A:\n    @property\n    def names(self) -> set[str]: ...\ndef f(a): list(a.names)") != []
    )


def test_attributes_functions_and_names_are_known_across_files() -> None:
    assert found("def f(cache): return list(cache.dirty)", "class Cache:\n    dirty: set[bytes]") != []
    assert found(
        "def f(cache): return list(cache.late())", "class Cache:\n    def late(self) -> set[bytes]: ..."
    )
    assert found("from herd.core.other0 import NAMES\nlist(NAMES)", "NAMES = frozenset('ab')") != []
    assert found("from herd.core.other0 import NAMES as N\nlist(N)", "NAMES = frozenset('ab')") != []


def test_sets_in_containers_are_known_in_loops() -> None:
    held = "held: dict[str, set[str]] = {}\n"
    assert found(held + "for names in held.values():\n    list(names)") != []
    assert found(held + "for key, names in held.items():\n    list(names)") != []
    assert found(held + "[list(names) for key, names in held.items()]") != []
    assert found(held + "for key, names in held.items():\n    sorted(names)") == []


def test_a_finding_says_where_and_what() -> None:
    (finding,) = walks([Source.of("herd/core/x.py", A_SET + "for name in names:\n    pass")])
    assert str(finding) == "herd/core/x.py:2: loops over the set `names`: sort it first"
