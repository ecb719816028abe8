"""The index of ages beside a plain dictionary, and how many clients it looks at."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from herd.core.ages import AgeIndex

IDS = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])
MOMENTS = st.integers(0, 60)
WIDTHS = st.sampled_from([1, 3, 10, 1000])


class Looks:
    """The moments of clients' present records; counts how often one is asked for."""

    def __init__(self) -> None:
        self.received: dict[bytes, int] = {}
        self.count = 0

    def __call__(self, client_id: bytes) -> int | None:
        self.count += 1
        return self.received.get(client_id)


def take_all_due(index: AgeIndex, until_ns: int, budget: int) -> list[bytes]:
    """Sweep as the cache does, until nothing is due."""
    taken: list[bytes] = []
    for _ in range(1000):
        index.settle(until_ns, budget)
        taken += index.take_due(until_ns, budget)
        if not index.is_due(until_ns):
            return taken
    raise AssertionError("the sweep does not end")


class AgesMachine(RuleBasedStateMachine):
    """An index beside a dictionary; a client's moment never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = Looks()
        self.model = self.looks.received

    @initialize(width=WIDTHS)
    def begin(self, width: int) -> None:
        self.index = AgeIndex(width, self.looks)

    @rule(client_id=IDS, moment=MOMENTS)
    def report(self, client_id: bytes, moment: int) -> None:
        if client_id in self.model:
            self.model[client_id] = max(moment, self.model[client_id])
        else:
            self.model[client_id] = moment
            self.index.add(client_id, moment)

    @rule()
    def pop_oldest(self) -> None:
        oldest = min(((moment, client_id) for client_id, moment in self.model.items()), default=None)
        assert self.index.pop_oldest() == (oldest and oldest[1])
        if oldest:
            del self.model[oldest[1]]

    @rule(until=MOMENTS, budget=st.integers(1, 4))
    def take_some(self, until: int, budget: int) -> None:
        self.looks.count = 0
        self.index.settle(until, budget)
        assert self.looks.count <= budget
        self.looks.count = 0
        taken = self.index.take_due(until, budget)
        assert self.looks.count <= budget
        moments = [(self.model.pop(client_id), client_id) for client_id in taken]
        assert moments == sorted(moments)
        assert all(moment <= until for moment, _ in moments)

    @rule(until=MOMENTS, budget=st.integers(1, 4))
    def take_all(self, until: int, budget: int) -> None:
        due = [(moment, client_id) for client_id, moment in self.model.items() if moment <= until]
        assert take_all_due(self.index, until, budget) == [client_id for _, client_id in sorted(due)]
        for _, client_id in due:
            del self.model[client_id]

    @invariant()
    def nothing_is_due_unseen(self) -> None:
        if self.model and hasattr(self, "index"):
            assert self.index.is_due(min(self.model.values()))

    def teardown(self) -> None:
        if hasattr(self, "index"):
            by_age = sorted(self.model, key=lambda client_id: (self.model[client_id], client_id))
            assert [self.index.pop_oldest() for _ in by_age] == by_age
            assert self.index.pop_oldest() is None
            assert not self.index.is_due(10**20)


TestAges = AgesMachine.TestCase
TestAges.settings = settings(stateful_step_count=40)


@given(WIDTHS, st.lists(st.tuples(IDS, MOMENTS), max_size=30), st.integers(1, 4))
def test_moments_that_go_back_lose_no_client_and_double_none(
    width: int, reports: list[tuple[bytes, int]], budget: int
) -> None:
    looks = Looks()
    index = AgeIndex(width, looks)
    for number, (client_id, moment) in enumerate(reports):
        if client_id not in looks.received:
            index.add(client_id, moment)
        looks.received[client_id] = moment
        if number % 5 == 4:
            for taken in take_all_due(index, 30, budget):
                assert looks.received.pop(taken) <= 30
    taken_last = take_all_due(index, 60, budget)
    assert sorted(taken_last) == sorted(looks.received)


def test_an_index_that_holds_nobody() -> None:
    index = AgeIndex(10, Looks())
    assert not index.is_due(10**20)
    index.settle(10**20, 5)
    assert index.take_due(10**20, 5) == []
    assert index.pop_oldest() is None


def test_a_client_that_is_gone_is_dropped() -> None:
    looks = Looks()
    index = AgeIndex(10, looks)
    index.add(b"gone", 1)
    assert index.is_due(1)
    assert take_all_due(index, 100, 1) == []
    assert not index.is_due(10**20)


def test_updates_are_looked_at_a_budget_at_a_time() -> None:
    """A whole bucket is settled, then updated just before it is due."""
    looks = Looks()
    index = AgeIndex(1000, looks)
    for number in range(500):
        client_id = b"%d" % number
        looks.received[client_id] = 900
        index.add(client_id, 900)
    assert take_all_due(index, 0, 1000) == []
    for client_id in looks.received:
        looks.received[client_id] = 901
    looks.count = 0
    assert index.take_due(900, 10) == []
    assert looks.count == 10
