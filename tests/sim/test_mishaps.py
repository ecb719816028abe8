"""What mishaps draw that are made of several faults."""

from __future__ import annotations

from herd.sim.engine.chance import Chance
from herd.sim.engine.faults import Crash, FullDisk, Partition, PowerCut
from herd.sim.mishaps import blackouts, full_disks, isolated_crashes

HOSTS = ("a", "b", "c")


def test_a_blackout_is_everywhere_at_once() -> None:
    steps = blackouts()(Chance(1).stream("x"), HOSTS, 0.0, 100.0)
    spans = {host: [(s.at_s, s.for_s) for s in steps if s.action == PowerCut(host)] for host in HOSTS}
    assert len(spans["a"]) > 2
    assert spans["a"] == spans["b"] == spans["c"]


def test_disks_are_full_one_at_a_time_of_a_mishap() -> None:
    steps = full_disks(every_s=2.0)(Chance(1).stream("x"), HOSTS, 0.0, 100.0)
    assert {step.action for step in steps} == {FullDisk(host) for host in HOSTS}
    ends = [step.until_s for step in steps]
    assert all(end <= step.at_s for end, step in zip(ends, steps[1:], strict=False))


def test_the_disk_of_an_isolated_host_is_full_until_it_dies() -> None:
    steps = isolated_crashes(is_disk_full=True)(Chance(1).stream("x"), HOSTS, 0.0, 100.0)
    cuts, crashes, disks = steps[::3], steps[1::3], steps[2::3]
    assert len(cuts) > 2
    for cut, crash, disk in zip(cuts, crashes, disks, strict=True):
        assert isinstance(cut.action, Partition)
        assert [crash.action, disk.action] == [Crash(*cut.action.hosts), FullDisk(*cut.action.hosts)]
        assert disk.at_s == cut.at_s < crash.at_s < cut.until_s < crash.until_s
        assert round(disk.until_s, 3) == crash.at_s


def test_what_a_disk_does_changes_nothing_of_what_else_is_drawn() -> None:
    plain, full = (
        isolated_crashes(is_disk_full=is_full)(Chance(1).stream("x"), HOSTS, 0.0, 100.0)
        for is_full in (False, True)
    )
    assert [step for step in full if not isinstance(step.action, FullDisk)] == plain
