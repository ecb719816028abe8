"""The checker against a model herd: what that lived is never wrong, and every lie about it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from herd.sim.herds.answering import fields_of
from herd.sim.herds.checker import check, order
from tests.sim.herds.modelherd import PLACES, ModelHerd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.herds.history import History, Operation

    Lie = Callable[[ModelHerd], Iterator[Operation]]
    """Yields operations of a herd's history as they must not be, each a lie of its own."""

SEEDS = st.integers(0, 2**32)


@settings(max_examples=60)
@given(SEEDS, st.sampled_from([86_400.0, 8.0, 2.0]))
def test_what_a_herd_can_cause_is_never_wrong(seed: int, lifetime_s: float) -> None:
    herd = ModelHerd(seed, lifetime_s=lifetime_s)
    held = {server.name: {key: line[2] for key, line in server.held.items()} for server in herd.servers}
    assert check(herd.history, herd.circumstances, held) == []
    assert check(herd.history, evolve(herd.circumstances, calm_ns=None)) == []


def shown(operation: Operation) -> bytes | None:
    """The AT line of an answer."""
    line = (operation.answer or b"").partition(b"\n")[0].rstrip(b"\r")
    return line if fields_of(line) is not None else None


def client_of(operation: Operation) -> bytes:
    return operation.command.split()[1]


def with_record(herd: ModelHerd) -> list[Operation]:
    """Operations that were answered with a record, in an order of chance: the first lie is told."""
    found = [each for each in herd.history.operations if shown(each) is not None]
    herd.source.shuffle(found)
    return found


def with_line(operation: Operation, line: bytes) -> Operation:
    return evolve(operation, answer=(operation.answer or b"").replace(shown(operation) or b"", line, 1))


def unknown(operation: Operation) -> Operation:
    return evolve(operation, answer=b"? " + operation.command)


def alter_a_field(herd: ModelHerd) -> Iterator[Operation]:
    for each in with_record(herd):
        line = shown(each)
        assert line is not None
        words = line.split(b" ")
        at, word = herd.source.choice([(1, b"Nobody"), (2, b"+0.000000001"), (4, b"+89.5-1"), (5, b"777777")])
        words[at] = word
        yield with_line(each, b" ".join(words))


def answer_for_another(herd: ModelHerd) -> Iterator[Operation]:
    for each in with_record(herd):
        other = herd.source.choice(with_record(herd))
        if client_of(other) != client_of(each):
            yield evolve(each, answer=other.answer)


def leave_an_answer_out(herd: ModelHerd) -> Iterator[Operation]:
    answered = [each for each in herd.history.operations if each.answer is not None]
    last = {each.session: each.number for each in answered}
    for each in answered:
        if each.number < last[each.session]:
            yield evolve(each, answer=None, end_ns=None)


def garble_an_echo(herd: ModelHerd) -> Iterator[Operation]:
    for each in herd.history.operations:
        if each.kind == "invalid" and each.answer is not None:
            yield evolve(each, answer=b"?" + each.answer)


def garble_places(herd: ModelHerd) -> Iterator[Operation]:
    for each in with_record(herd):
        if each.kind == "query":
            line = shown(each) or b""
            bound = int(each.command.split()[3])
            places = PLACES[:-5] if bound else PLACES
            yield evolve(each, answer=line + b"\n" + places + b"\n\n")


def earlier_at_its_server(herd: ModelHerd, later: Operation) -> Iterator[Operation]:
    """What its server surely showed of the client before, in the same life."""
    for each in with_record(herd):
        if (
            each.server == later.server
            and client_of(each) == client_of(later)
            and (each.end_ns or 0) < later.begin_ns
            and not herd.circumstances.may_have_forgotten(each.server, each.begin_ns, later.end_ns or 0)
        ):
            yield each


def forget_a_client(herd: ModelHerd) -> Iterator[Operation]:
    for each in with_record(herd):
        if each.kind == "query" and any(earlier_at_its_server(herd, each)):
            yield unknown(each)


def go_back(herd: ModelHerd) -> Iterator[Operation]:
    for each in with_record(herd):
        for earlier in earlier_at_its_server(herd, each) if each.kind == "query" else ():
            newer = shown(earlier) or b""
            for other in with_record(herd):
                older = shown(other) or b""
                if client_of(other) == client_of(each) and order(older) < order(newer):
                    yield with_line(each, older)


def foretell(herd: ModelHerd) -> Iterator[Operation]:
    reports = [each for each in herd.history.operations if each.kind == "report"]
    for each in with_record(herd):
        for other in with_record(herd) if each.kind == "query" else ():
            line = shown(other) or b""
            is_later = all(
                report.begin_ns > (each.end_ns or 0)
                for report in reports
                if report.command.split()[1:] == line.split(b" ")[3:]
            )
            if client_of(other) == client_of(each) and is_later:
                yield with_line(each, line)


def lose_a_promise(herd: ModelHerd) -> Iterator[Operation]:
    circumstances = herd.circumstances
    promises = [each for each in with_record(herd) if each.kind == "report"]
    for each in with_record(herd):
        if each.kind == "query" and each.begin_ns >= (circumstances.settled_ns or 0):
            for promise in promises:
                if (
                    client_of(promise) == client_of(each)
                    and (promise.end_ns or 0) + circumstances.settle_ns < each.begin_ns
                    and not circumstances.may_be_lost(promise, each.end_ns or 0)
                ):
                    yield unknown(each)


LIES: list[Lie] = [
    alter_a_field,
    answer_for_another,
    leave_an_answer_out,
    garble_an_echo,
    garble_places,
    forget_a_client,
    go_back,
    foretell,
    lose_a_promise,
]


def with_lie(herd: ModelHerd, told: Operation) -> History:
    operations = list(herd.history.operations)
    assert told != operations[told.number]
    operations[told.number] = told
    return evolve(herd.history, operations=operations)


@settings(max_examples=30)
@given(SEEDS)
def test_every_lie_is_found(seed: int) -> None:
    herd = ModelHerd(seed)
    for lie in LIES:
        told = next(lie(herd), None)
        if told is not None:
            violations = check(with_lie(herd, told), herd.circumstances)
            assert any(told in violation.operations for violation in violations), lie.__name__


def test_there_is_something_to_lie_about() -> None:
    herds = [ModelHerd(seed) for seed in range(15)]
    counts = [sum(any(lie(herd)) for herd in herds) for lie in LIES]
    assert min(counts) >= 3
