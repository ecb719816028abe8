"""The herd as a graph, checked against what one would find by trying."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from herd.config.drawing import draw_links
from herd.config.topology import Topology, cut_links, cut_servers, links, longest_path, parts, symmetric

RING = symmetric(
    {
        "Alford": ["Hamilton", "Welsh"],
        "Ball": ["Holiday", "Welsh"],
        "Hamilton": ["Alford", "Holiday"],
        "Holiday": [],
        "Welsh": ["Alford"],
    }
)
WINTER = symmetric(
    {
        "Goloman": ["Hands", "Holiday", "Wilkes"],
        "Hands": ["Wilkes"],
        "Holiday": ["Welsh", "Wilkes"],
        "Welsh": [],
        "Wilkes": [],
    }
)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    names = "ABCDEFG"[: draw(st.integers(1, 7))]
    return symmetric({name: draw(st.sets(st.sampled_from(names))) for name in names})


def linked(
    topology: Topology, without: frozenset[str] = frozenset(), cut: tuple[str, str] | None = None
) -> set[frozenset[str]]:
    """Return all pairs that can reach each other, found by joining until nothing changes."""
    left = [name for name in topology if name not in without]
    found = {frozenset(link) for link in links(topology) if link != cut and not without & set(link)}
    while True:
        more = {
            frozenset((one, other))
            for one, other in combinations(left, 2)
            if any({frozenset((one, by)), frozenset((by, other))} <= found for by in left)
        }
        if more <= found:
            return found
        found |= more


def test_a_topology_has_both_sides_of_each_link_in_the_order_of_the_file() -> None:
    assert RING == {
        "Alford": ("Hamilton", "Welsh"),
        "Ball": ("Holiday", "Welsh"),
        "Hamilton": ("Alford", "Holiday"),
        "Holiday": ("Ball", "Hamilton"),
        "Welsh": ("Alford", "Ball"),
    }
    assert symmetric({"A": ["A", "B", "?"], "B": []}) == {"A": ("B",), "B": ("A",)}


def test_the_five_servers_of_the_specification() -> None:
    assert links(RING) == (
        ("Alford", "Hamilton"),
        ("Alford", "Welsh"),
        ("Ball", "Holiday"),
        ("Ball", "Welsh"),
        ("Hamilton", "Holiday"),
    )
    assert parts(RING) == (("Alford", "Ball", "Hamilton", "Holiday", "Welsh"),)
    assert longest_path(RING) == ("Alford", "Welsh", "Ball")
    assert cut_servers(RING) == {}
    assert cut_links(RING) == ()


def test_the_five_servers_of_winter_2018() -> None:
    assert longest_path(WINTER) == ("Hands", "Goloman", "Holiday", "Welsh")
    assert cut_servers(WINTER) == {"Holiday": (("Goloman", "Hands", "Wilkes"), ("Welsh",))}
    assert cut_links(WINTER) == (("Holiday", "Welsh"),)


@given(topologies())
def test_parts(topology: Topology) -> None:
    found = parts(topology)
    assert sorted(name for part in found for name in part) == sorted(topology)
    together = {frozenset(pair) for part in found for pair in combinations(part, 2)}
    assert together == linked(topology)


@given(topologies())
def test_servers_and_links_that_others_need(topology: Topology) -> None:
    whole = linked(topology)
    needed = [
        name
        for name in topology
        if any(name not in pair and pair not in linked(topology, frozenset(name)) for pair in whole)
    ]
    assert list(cut_servers(topology)) == needed
    bridges = [link for link in links(topology) if frozenset(link) not in linked(topology, cut=link)]
    assert list(cut_links(topology)) == bridges


@given(topologies())
def test_the_longest_path_is_a_shortest_way_that_none_is_longer_than(topology: Topology) -> None:
    path = longest_path(topology)
    assert all(other in topology[one] for one, other in pairwise(path))
    distances = {(name, name): 0 for name in topology}
    for hops in range(1, len(topology)):
        for (start, end), so_far in list(distances.items()):
            if so_far == hops - 1:
                for name in topology[end]:
                    distances.setdefault((start, name), hops)
    assert distances[path[0], path[-1]] == len(path) - 1 == max(distances.values())


def test_the_drawing_of_a_ring() -> None:
    assert draw_links(RING) == [
        "───┬─────┐",
        "───┼─┬─┐ │",
        "─┬─┘ │ │ │",
        "─┴───┘ │ │",
        "───────┴─┘",
    ]


def test_the_drawing_of_two_parts() -> None:
    assert draw_links(symmetric({"A": ["B"], "B": [], "C": [], "D": ["E"], "E": []})) == [
        "─┐",
        "─┘",
        "",
        "─┐",
        "─┘",
    ]


@given(topologies())
def test_a_drawing_can_be_read_back(topology: Topology) -> None:
    rows = draw_links(topology)
    names = list(topology)
    found = set()
    for column in range(1, max(map(len, rows), default=0), 2):
        start = None
        for name, row in zip(names, rows, strict=True):
            mark = row[column : column + 1]
            if mark in {"┐", "┬"}:
                assert start is None, "no two links share a column at one height"
                start = name
            elif mark in {"┘", "┴"}:
                found.add((start, name))
                start = None
            else:
                assert mark in ({"│", "┼"} if start else {"", " ", "─"})
        assert start is None
    assert found == set(links(topology))
