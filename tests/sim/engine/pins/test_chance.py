"""Randomness in a hosted program."""

from __future__ import annotations

import _random
import os
import random
import secrets
import ssl
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.clock import EPOCH_S
from herd.sim.engine.process import Process
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.pins.hosting import Idle, hosted

if TYPE_CHECKING:
    from collections.abc import Callable


def seeded_anew() -> random.Random:
    generator = random.Random(1)
    generator.seed()
    return generator


DRAWS: dict[str, Callable[[], Any]] = {
    "random": lambda: [random.random()],
    "randrange": lambda: random.randrange(10**9),
    "randint": lambda: random.randint(1, 10**9),
    "uniform": lambda: random.uniform(1, 2),
    "choice": lambda: random.choice(range(10**9)),
    "choices": lambda: random.choices(range(10**9), k=3),
    "sample": lambda: random.sample(range(10**9), 3),
    "gauss": lambda: [random.gauss(0, 1) for _ in range(3)],
    "expovariate": lambda: random.expovariate(1),
    "getrandbits": lambda: random.getrandbits(70),
    "randbytes": lambda: random.randbytes(9),
    "getstate": lambda: hash(random.getstate()),
    "Random": lambda: random.Random().random(),
    "Random.seed": lambda: seeded_anew().random(),
    "SystemRandom": lambda: random.SystemRandom().random(),
    "urandom": lambda: os.urandom(16),
    "getrandom": lambda: os.getrandom(16),
    "RAND_bytes": lambda: ssl.RAND_bytes(16),
    "token_hex": lambda: secrets.token_hex(8),
    "token_bytes": lambda: secrets.token_bytes(8),
    "randbelow": lambda: secrets.randbelow(10**9),
    "uuid4": lambda: [uuid.uuid4()],
    "uuid1": lambda: [uuid.uuid1()],
    "mktemp": lambda: next(tempfile._get_candidate_names()),  # type: ignore[attr-defined]
}


def drawn_in(seed: int, draw: Callable[[], Any]) -> list[Any]:
    simulation = Simulation(seed)
    with hosted(Process(simulation.host("web"), Idle(), {}, None)):
        return [draw() for _ in range(3)]


@pytest.mark.usefixtures("simulation")
@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_depends_on_the_seed_alone(name: str) -> None:
    first = drawn_in(1, DRAWS[name])
    random.random()
    assert drawn_in(1, DRAWS[name]) == first
    assert drawn_in(2, DRAWS[name]) != first
    assert len({str(each) for each in first}) == 3 or name == "getstate"


@pytest.mark.usefixtures("simulation")
@pytest.mark.parametrize("name", sorted(set(DRAWS) - {"uuid1"}))
def test_outside_draws_differ(name: str) -> None:
    assert DRAWS[name]() != DRAWS[name]() or name == "getstate"


def test_a_seed_of_the_programs_own_gives_what_it_gives_anywhere(process: Process) -> None:
    with hosted(process):
        random.seed(5)
        inside = [random.random(), random.gauss(0, 1), random.randint(1, 100)]
    random.seed(5)
    assert inside == [random.random(), random.gauss(0, 1), random.randint(1, 100)]


def test_a_seed_is_its_processs_alone(process: Process) -> None:
    other = Process(process.host, Idle(), {}, None)
    random.seed(5)
    before = random.getstate()
    with hosted(process):
        random.seed(1)
    with hosted(other):
        free = random.random()
    with hosted(process):
        assert random.random() == random.Random(1).random() != free
    assert random.getstate() == before


def test_a_state_can_be_kept_and_restored(process: Process) -> None:
    with hosted(process):
        kept = random.getstate()
        drawn = [random.random() for _ in range(3)]
        random.setstate(kept)
        assert [random.random() for _ in range(3)] == drawn


def test_seeding_without_a_seed_goes_back_to_the_simulation(process: Process) -> None:
    with hosted(process):
        random.seed(1)
        random.seed()
        assert random.random() != random.Random(1).random()


@pytest.mark.usefixtures("simulation")
@given(st.integers() | st.text() | st.binary())
def test_outside_seeds_give_what_they_always_gave(seed: int | str | bytes) -> None:
    random.seed(seed)
    assert random.random() == random.Random(seed).random()


def test_randomness_of_no_bytes_is_empty(process: Process) -> None:
    with hosted(process):
        assert os.urandom(0) == b""
        with pytest.raises(ValueError, match="negative argument not allowed"):
            os.urandom(-1)


def test_a_uuid_of_time_and_place_is_the_hosts(process: Process) -> None:
    with hosted(process):
        first, second = uuid.uuid1(), uuid.uuid1()
        assert uuid.uuid1(node=5, clock_seq=6).fields[3:] == (0x80, 6, 5)
        assert uuid.getnode() == first.node
    assert (first.version, first.node) == (1, 0x020000000000)
    assert first.time == (EPOCH_S + 90) * 10_000_000 + 0x01B21DD213814000
    assert second.time == first.time + 1


def test_temporary_files_are_among_the_hosts_own(process: Process) -> None:
    with hosted(process):
        with tempfile.NamedTemporaryFile() as file:
            path = Path(file.name)
        with tempfile.TemporaryDirectory() as directory:
            assert Path(directory).parent == path.parent
        process.environ["TMPDIR"] = "/var/tmp"
        assert tempfile.gettempdir() == "/var/tmp"
    assert path.parent == process.host.files / "tmp"
    assert tempfile.gettempdir() != str(path.parent)


def test_a_generator_of_the_lowest_kind_is_seeded_by_the_process(process: Process) -> None:
    with hosted(process):
        first, second, seeded = _random.Random(), _random.Random(), _random.Random(5)
    assert isinstance(first, _random.Random)
    assert first.getrandbits(64) != second.getrandbits(64)
    assert seeded.getrandbits(64) == _random.Random(5).getrandbits(64)
