"""How links are dialed and given up, as it is judged: looks and dials, made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from herd.core.limits import Limits
from herd.sim.herds.dials import most_within
from herd.sim.herds.linklooks import LinkLooks

S = 10**9


@pytest.mark.parametrize(
    ("times_s", "starts_s", "most"),
    [
        ([], [], (0, 0)),
        ([1, 2, 3], [], (3, 3)),
        ([1, 2, 10, 11, 12], [], (3, 10)),
        ([1, 2, 3, 4], [3], (2, 2)),
        ([1, 2, 3, 4, 5], [0, 2.5], (3, 5)),
    ],
)
def test_dials_are_counted_in_ten_seconds_and_anew_after_a_start(
    times_s: list[float], starts_s: list[float], most: tuple[int, int]
) -> None:
    count, at_ns = most_within(10 * S, [round(at * S) for at in times_s], [round(at * S) for at in starts_s])
    assert (count, at_ns / S) == most


class Node(SimpleNamespace):
    """A server; unlike its base it can be referred to weakly."""


class Looking:
    """Alford's link to Ball, looked at twice a second."""

    def __init__(self) -> None:
        self.looks = LinkLooks()
        self.node = self.started()
        self.status = SimpleNamespace(name="Ball", state="up")
        self.silent_s = 0.0

    def started(self) -> Any:
        neighbors = SimpleNamespace(is_stopping=False, status=lambda: [self.status])
        return Node(neighbors=neighbors, clients=SimpleNamespace(limits=Limits()))

    def look(self, state: str, times: int = 1) -> None:
        self.status.state = state
        for _ in range(times):
            self.looks.look("Alford", self.node, lambda *_: round(self.silent_s * S))

    @property
    def late(self) -> list[str]:
        return list(self.looks.late.values())


def test_a_link_that_was_well_is_to_be_dialed_between_two_looks() -> None:
    looking = Looking()
    looking.look("up", 12)
    looking.look("down")
    assert looking.late == []
    looking.look("down")
    assert looking.late == ["Alford and its link to Ball: not dialed for 0.5 s, though all had been well"]


@pytest.mark.parametrize("up_looks", [0, 11, 12])
def test_one_that_was_dialed_since_or_was_not_well_for_long_may_wait(up_looks: int) -> None:
    looking = Looking()
    looking.look("up", up_looks)
    looking.look("down")
    if up_looks == 12:
        looking.looks.dialed("Alford", "Ball")
    looking.look("down", 22)
    assert looking.late == []
    looking.look("down", 2)
    assert looking.late == [
        f"Alford and its link to Ball: not dialed for {12.0 - 0.5 * (up_looks == 12):.1f} s"
    ]


def test_who_was_started_anew_or_stops_owes_nothing() -> None:
    looking = Looking()
    looking.look("up", 12)
    looking.node = looking.started()
    looking.look("down", 2)
    looking.node.neighbors.is_stopping = True
    looking.look("down", 100)
    assert looking.late == []


def test_a_silent_link_is_to_be_given_up() -> None:
    looking = Looking()
    looking.silent_s = 9.0
    looking.look("up", 100)
    looking.silent_s = 9.1
    looking.look("up")
    assert looking.looks.half_open == {}
    looking.look("up")
    assert list(looking.looks.half_open.values()) == [
        "Alford and its link to Ball: kept, though it was silent for 9.5 s"
    ]
