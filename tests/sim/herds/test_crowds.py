"""Crowds lie where they are to lie in the tree of digests."""

from __future__ import annotations

from collections import Counter
from zlib import crc32

from herd.sim.engine.chance import Chance
from herd.sim.herds.crowds import PartOfCrowd, crowds, draw_nodes, ids_below

WHO = ("client00", "client01")
WHERE = ("Alford", "Ball")


def test_nodes_lie_in_two_shards_and_the_last_of_each_is_among_them() -> None:
    nodes = draw_nodes(Chance(7).stream("nodes"))
    assert [len(node) for node in nodes] == [3] * 8
    assert Counter(node[:2] for node in nodes).most_common() == [(nodes[0][:2], 4), (nodes[4][:2], 4)]
    assert nodes[3][2] == nodes[7][2] == "f"


def test_ids_begin_with_their_prefix_and_lie_below_their_nodes() -> None:
    ids = ids_below("one.", ("3f", "a0f"), 20)
    assert len(set(ids)) == 20
    assert all(each.startswith("one.") for each in ids)
    assert {f"{crc32(each.encode()):08x}".startswith(("3f", "a0f")) for each in ids} == {True}


def test_a_part_has_the_same_ids_whoever_was_asked_for_before() -> None:
    assert ids_below("two.", ("5",), 9)[:4] == ids_below("two.", ("5",), 4)
    assert ids_below("two.", ("5",), 12)[:9] == ids_below("two.", ("5",), 9)


def test_parts_of_a_crowd_are_told_until_the_end() -> None:
    steps = crowds(Chance(1).stream("crowds"), WHO, WHERE, ("",), 50, 2.0, 30.0)
    parts = [step.action for step in steps if isinstance(step.action, PartOfCrowd)]
    assert len(parts) == len(steps) > 5
    assert all(2.0 <= step.at_s < 30.0 for step in steps)
    assert all(0 <= part.first < part.first + part.count <= 50 for part in parts)
    assert len({part.prefix for part in parts}) == 1
    assert {part.server for part in parts} == set(WHERE)
