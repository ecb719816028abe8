"""`scripts/bench/sim`: the plan that makes counts comparable, the rounds, the sums, and the script itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from benching.sim import environment, report
from benching.sim.node import Meter, Node
from benching.sim.plan import MESSAGE_BYTES, Plan, edges, message
from benching.sim.rounds import Failure, Job, alternate, run
from hypothesis import given
from hypothesis import strategies as st

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable)
SMALL = Job("herd", hosts=12, updates=5)


def bench_sim(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench" / "sim", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def figures(cpu_s: float, delivered: int = 300) -> dict[str, Any]:
    return {
        "delivered": delivered,
        "awaited": delivered,
        "chunks": delivered,
        "events": 2 * delivered,
        "cpu_s": cpu_s,
        "wall_s": cpu_s,
        "hosts_kib": 120.0,
        "resident_mib": 30.0,
    }


class Wire:
    """A link that carries messages when it is told to."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        self.sent.append(data)


def flood_by_hand(plan: Plan) -> Meter:
    """Carry out a plan with nothing but a list of what is under way."""
    meter = Meter(plan.deliveries)
    nodes = [Node(meter) for _ in range(plan.hosts)]
    wires: list[tuple[Wire, Node, Wire]] = []
    for one, other in edges(plan.hosts, plan.seed):
        there, back = Wire(), Wire()
        nodes[one].links.append(there)
        nodes[other].links.append(back)
        wires += [(there, nodes[other], back), (back, nodes[one], there)]
    for node, injections in zip(nodes, plan.injections(), strict=True):
        for _, injected in injections:
            node.inject(injected)
    while any(wire.sent for wire, _, _ in wires):
        for wire, target, back in wires:
            chunk, wire.sent = b"".join(wire.sent), []
            assert target.receive_chunk(chunk, back) == b""
    return meter


# The plan.


@given(hosts=st.integers(5, 60), seed=st.integers(0, 1000))
def test_every_host_has_four_neighbors_dials_two_and_reaches_all(hosts: int, seed: int) -> None:
    plan = Plan(hosts, 1, seed=seed)
    neighbors = plan.neighbors()
    assert [len(set(each)) for each in neighbors] == [4] * hosts
    assert [len(each) for each in plan.dials()] == [2] * hosts
    assert all(host not in each for host, each in enumerate(neighbors))
    reached, news = {0}, [0]
    while news:
        news = [other for host in news for other in neighbors[host] if other not in reached]
        reached.update(news)
    assert len(reached) == hosts


def test_a_plan_is_its_seed() -> None:
    assert edges(50, 7) == edges(50, 7)
    assert edges(50, 7) != edges(50, 8)
    assert Plan(50, 9, seed=7).injections() == Plan(50, 9, seed=7).injections()


def test_too_few_hosts_for_the_degree_are_refused() -> None:
    with pytest.raises(ValueError, match="4 hosts cannot have 4 neighbors each: take at least 5"):
        edges(4, 1)


def test_messages_are_of_one_size_and_differ() -> None:
    messages = [message(number) for number in (0, 1, 10, 999_999)]
    assert {len(each) for each in messages} == {MESSAGE_BYTES}
    assert len(set(messages)) == 4


@given(hosts=st.integers(5, 40), updates=st.integers(1, 6), seed=st.integers(0, 100))
def test_a_flood_delivers_as_many_messages_as_the_plan_says(hosts: int, updates: int, seed: int) -> None:
    plan = Plan(hosts, updates, seed=seed)
    assert flood_by_hand(plan).delivered == plan.deliveries == updates * (3 * hosts + 1)


def test_a_node_takes_messages_out_of_any_pieces() -> None:
    meter = Meter(3)
    source, onward = Wire(), Wire()
    node = Node(meter, [source, onward])
    stream = message(1) + message(2) + message(1)
    rest = node.receive_chunk(stream[:100], source)
    assert (meter.delivered, rest) == (1, stream[60:100])
    assert node.receive_chunk(rest + stream[100:], source) == b""
    assert (meter.delivered, onward.sent, source.sent) == (3, [message(1), message(2)], [])


# The rounds.


@pytest.mark.parametrize("simulator", ["herd", "herd traced"])
@pytest.mark.parametrize("way", ["protocols", "datagrams"])
def test_herds_simulator_delivers_every_message(simulator: str, way: str) -> None:
    found = run(Job(simulator, way=way, hosts=12, updates=5), PYTHON, 60)
    assert not isinstance(found, Failure), found.reason
    assert found["delivered"] == found["awaited"] == 5 * 37
    assert found["events"] > 0
    assert found["cpu_s"] > 0


def test_a_run_that_takes_too_long_is_ended() -> None:
    assert run(SMALL, PYTHON, 0.01) == Failure("not over after 0.01 s")


def test_a_run_that_fails_says_why() -> None:
    failed = run(Job("herd", hosts=3), PYTHON, 60)
    assert failed == Failure("ValueError: 3 hosts cannot have 4 neighbors each: take at least 5")


def test_jobs_take_turns_and_one_that_failed_is_left_out(tmp_path: Path) -> None:
    python = tmp_path / "python"  # an interpreter that answers at once
    python.write_text('#!/bin/sh\ncase $3 in *\\"hosts\\":\\ 3,*) exit 1 ;; esac\necho "{}"\n')
    python.chmod(0o755)
    told: list[str] = []
    good, bad = SMALL, Job("herd", hosts=3)
    results = alternate([good, bad], 3, python, 60, told.append)
    assert [line.rpartition(", ")[2] for line in told] == ["12 hosts", "3 hosts", "12 hosts", "12 hosts"]
    assert results == {good: [{}, {}, {}], bad: [Failure("exit status 1")]}


def test_a_count_that_is_not_the_plans_is_no_figure(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"delivered": 1184, "awaited": 1185}\'\n')
    python.chmod(0o755)
    assert run(SMALL, python, 60) == Failure("1,184 messages delivered, not 1,185")


# The sums.


def floods(own: Sequence[float], other: Sequence[float] | Failure) -> dict[str, Any]:
    results: dict[Job, Any] = {
        Job("herd"): [figures(cpu_s) for cpu_s in own],
        Job("simloop"): [other] if isinstance(other, Failure) else [figures(cpu_s) for cpu_s in other],
    }
    [found] = report.floods(results)
    return found


def test_ratios_are_taken_round_by_round() -> None:
    found = floods([1.0, 2.0, 4.0], [2.0, 6.0, 8.0])
    assert found["ratios"] == {"herd / simloop": {"median": 2.0, "least": 2.0, "most": 3.0}}
    assert found["delivered"] == [300]
    assert found["subjects"]["herd"]["messages_per_cpu_s"] == {"median": 150, "least": 75, "most": 300}
    assert found["subjects"]["simloop"]["events"] == 600


def test_a_simulator_without_figures_is_told_with_its_reason() -> None:
    found = floods([1.0], Failure("not over after 300 s"))
    assert found["subjects"]["simloop"] == {"failure": "not over after 300 s"}
    assert found["ratios"] == {}
    table = report.text({"interpreter": "CPython", "machine": "Linux", "rounds": 1, "floods": [found]})
    assert "simloop            no figures: not over after 300 s" in table


def test_what_a_host_weighs() -> None:
    [row] = report.weights({Job("herd", "bare", hosts=10): [figures(1.0), figures(1.0)]})
    assert row == {
        "simulator": "herd",
        "host": "bare",
        "hosts": 10,
        "kib": {"median": 12.0, "least": 12.0, "most": 12.0},
    }


# The script.


def test_the_script_tells_what_it_measured_for_programs() -> None:
    done = bench_sim("flood", "--hosts", "12", "--messages", "185", "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(each["kind"], each["delivered"]) for each in found["floods"]] == [
        ("connections", [185]),
        ("datagrams", [185]),
    ]
    assert set(found["floods"][0]["subjects"]) >= {"herd", "herd traced"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["speed"], "'speed' is none of flood, large, memory, seeds"),
        (["--install"], "--install needs --venv DIR: where the environment is to be"),
        (["--hosts", "4"], "'4' is no number from 5 to 100,000"),
    ],
)
def test_a_mistake_on_the_command_line_is_told(arguments: list[str], told: str) -> None:
    done = bench_sim(*arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_an_environment_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HerdError) as failed:
        environment.python_of(tmp_path / "peers")
    assert str(failed.value).startswith(
        f"there is no environment in {tmp_path}/peers: add --install, or make"
    )
    assert "pip install simloop==0.2.2 simloom==0.5.0 -e " in str(failed.value)


def test_an_interpreter_too_old_for_the_peers_is_told(tmp_path: Path) -> None:
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    with pytest.raises(HerdError, match=r"the peers need Python 3\.12 or newer, and .*: give --python"):
        environment.interpreter(str(old))
