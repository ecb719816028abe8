"""The faults that `scripts/torture` plans: the same for a seed, none that a durability does not survive."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from torturing.plan import draw, links_of

from herd.config.load import load_config

if TYPE_CHECKING:
    from herd.config.model import Durability

CONFIG = load_config()
SEEDS = st.integers(0, 2**32 - 1)


def test_every_link_is_there_once() -> None:
    assert links_of(CONFIG) == [
        ("Alford", "Hamilton"),
        ("Alford", "Welsh"),
        ("Ball", "Holiday"),
        ("Ball", "Welsh"),
        ("Hamilton", "Holiday"),
    ]


@given(SEEDS)
def test_a_seed_plans_the_same_faults_every_time(seed: int) -> None:
    assert draw(seed, CONFIG, "disk", 30.0) == draw(seed, CONFIG, "disk", 30.0)
    assert draw(seed, CONFIG, "disk", 30.0) != draw(seed + 1, CONFIG, "disk", 30.0)


@given(st.sampled_from(["memory", "neighbor"]), SEEDS)
def test_without_a_disk_only_one_server_dies_at_a_time(durability: Durability, seed: int) -> None:
    for fault in draw(seed, CONFIG, durability, 60.0).processes:
        assert len(fault.servers) == 1 or fault.kind == "roll"


@given(SEEDS)
def test_with_disks_all_die_at_once_and_first_of_all_while_no_promise_can_be_kept(seed: int) -> None:
    first = draw(seed, CONFIG, "disk", 1.0).processes[0]
    assert (first.kind, first.servers) == ("kill", CONFIG.names)
    assert first.prelude_s > 0


@given(SEEDS, st.floats(1, 120))
def test_faults_last_as_long_as_the_run(seed: int, seconds: float) -> None:
    plan = draw(seed, CONFIG, "neighbor", seconds)
    assert sum(fault.after_s + fault.for_s for fault in plan.processes) >= seconds
    assert all(fault.at_s < seconds for fault in plan.links)


@given(SEEDS)
def test_the_weather_of_a_link_changes_one_after_the_other(seed: int) -> None:
    faults = draw(seed, CONFIG, "neighbor", 120.0).links
    for link in links_of(CONFIG):
        of_link = [fault for fault in faults if fault.link == link]
        assert all(one.at_s + one.for_s <= other.at_s for one, other in pairwise(of_link))
