"""What clients are drawn to say: other things in each seed, all of it as the protocol allows."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from herd.core.limits import Limits
from herd.sim.engine.chance import Chance
from herd.sim.herds.history import kind_of
from herd.sim.herds.protocol import fields_of_command
from herd.sim.herds.work import Crowd, Tell, Work

SERVERS = ("Alford", "Ball", "Hamilton")
LONGEST = Limits().client_id_bytes
BUSY = Work(clients=20, report_every_s=0.5, ask_share=0.3)


def steps(work: Work, seed: int = 0, until_s: float = 60.0) -> list[tuple[float, Tell]]:
    drawn = work.steps(Chance(seed).stream("work"), SERVERS, 2.0, until_s)
    return [(step.at_s, step.action) for step in drawn if isinstance(step.action, Tell)]


def commands(work: Work, seed: int = 0) -> list[bytes]:
    return [tell.line.encode() + b"\n" for _, tell in steps(work, seed)]


def ids(work: Work, seed: int = 0) -> set[bytes]:
    return {fields_of_command(each)[1] for each in commands(work, seed) if kind_of(each, LONGEST) == "report"}


def test_all_is_valid_that_is_not_meant_to_be_nonsense() -> None:
    kinds = Counter(kind_of(each, LONGEST) for each in commands(BUSY))
    assert min(kinds["report"], kinds["query"]) > 100
    assert all(kind_of(each, LONGEST) != "invalid" for each in commands(Work(nonsense_share=0.0)))
    assert {kind_of(each, LONGEST) for each in commands(Work(nonsense_share=1.0))} == {"invalid"}


def test_ids_are_others_in_each_seed() -> None:
    assert len(ids(BUSY)) == 20
    assert not ids(BUSY, 0) & ids(BUSY, 1)


def test_all_dialects_are_spoken() -> None:
    said = [each for each in commands(BUSY) if kind_of(each, LONGEST) == "report"]
    fields = [fields_of_command(each) for each in said]
    assert max(len(client_id) for _, client_id, _, _ in fields) == LONGEST
    assert any(not client_id.isascii() for _, client_id, _, _ in fields)
    assert {each.endswith(b"\r\n") for each in said} == {True, False}
    assert any(b"\t" in each for each in said)
    assert any(each.rstrip(b"\r\n").endswith(b" ") for each in said)
    decimals = {len(time.partition(b".")[2]) for _, _, _, time in fields}
    assert decimals == {0, 3, 6, 9, 12}
    assert any(time.startswith(b"0") for _, _, _, time in fields)
    assert any(b"." not in position for _, _, position, _ in fields)


def test_reports_are_said_again() -> None:
    said: dict[bytes, list[str]] = {}
    for _, tell in steps(BUSY):
        if kind_of(tell.line.encode(), LONGEST) == "report":
            said.setdefault(b" ".join(fields_of_command(tell.line.encode())), []).append(tell.server)
    assert {len(set(servers)) for servers in said.values() if len(servers) > 1} == {1, 2}


def test_some_clients_fall_silent_long_before_the_end() -> None:
    last_s = {tell.client: at_s for at_s, tell in sorted(steps(Work(clients=20)), key=lambda each: each[0])}
    assert sum(at_s < 40.0 for at_s in last_s.values()) >= 4
    assert sum(at_s > 50.0 for at_s in last_s.values()) >= 8
    last_s = {tell.client: at_s for at_s, tell in steps(Work(clients=20, silent_share=0.0))}
    assert min(last_s.values()) > 40.0


@pytest.mark.parametrize("seed", range(3))
def test_with_fresh_ids_no_report_is_of_a_client_that_has_reported(seed: int) -> None:
    work = Work(fresh_ids=True, twice_share=0.0, again_share=0.0, nonsense_share=0.0, ask_share=0.0)
    assert len(ids(work, seed)) == len(commands(work, seed)) > 100


def test_questions_are_about_clients_that_have_reported_of_fresh_ids_too() -> None:
    work = Work(clients=1, fresh_ids=True, ask_share=0.5)
    known = ids(work)
    asked = [fields_of_command(each)[1] for each in commands(work) if kind_of(each, LONGEST) == "query"]
    assert sum(each in known for each in asked) > len(asked) // 2


def test_a_crowd_is_of_the_same_clients_each_time() -> None:
    def crowds(seed: int) -> list[Crowd]:
        drawn = Work(clients=1, crowd=3).steps(Chance(seed).stream("work"), SERVERS, 2.0, 60.0)
        return [step.action for step in drawn if isinstance(step.action, Crowd)]

    assert len(crowds(0)) > 1
    assert all(one.ids == other.ids for one, other in pairwise(crowds(0)))
    assert crowds(0)[0].ids != crowds(1)[0].ids
