"""The checker of clocks, chance and addresses."""

from __future__ import annotations

import pytest

from tests.house.finding import Source
from tests.house.worlds import leaks


def found(text: str) -> list[str]:
    return [finding.text for finding in leaks(Source.of("herd/core/x.py", text))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time\nclock = time.time", "time.time"),
        ("import time as t\nt.monotonic()", "time.monotonic"),
        ("from time import time_ns\ntime_ns()", "time.time_ns"),
        ("from time import time as now\ndef f(clock=now): ...", "time.time"),
        ("import random\nrandom.random()", "random.random"),
        ("from random import shuffle\nshuffle([])", "random.shuffle"),
        ("import random\nrandom.SystemRandom()", "random.SystemRandom"),
        ("from datetime import datetime\ndatetime.now()", "datetime.datetime.now"),
        ("import datetime\ndatetime.datetime.now(tz)", "datetime.datetime.now"),
        ("import datetime as dt\ndt.date.today()", "datetime.date.today"),
        ("import os\nos.urandom(8)", "os.urandom"),
        ("from os import urandom\nurandom(8)", "os.urandom"),
        ("import secrets\nsecrets.token_bytes(8)", "secrets.token_bytes"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
    ],
)
def test_a_leak_is_found(text: str, name: str) -> None:
    assert found(text) == [f"uses {name}: take it as an argument"]


def test_a_random_source_without_a_seed_is_found() -> None:
    assert found("import random\nrandom.Random()") == [
        "draws a seed for random.Random: take a random source as an argument"
    ]


def test_hashes_and_addresses_are_found() -> None:
    assert found("hash('a')") == ["uses hash(), which differs from run to run"]
    assert found("sorted([], key=lambda each: id(each))") == ["uses id(), which differs from run to run"]


@pytest.mark.parametrize(
    "text",
    [
        "def f(clock): return clock.seconds()",
        "def f(random): return random.random()",
        "import random\ndef f(source: random.Random): return source.random()",
        "import random\nrandom.Random(7)",
        "import time\ntime.strftime('%H')",
        "from datetime import datetime\ndatetime.fromtimestamp(7)",
        "import secrets\nsecrets.compare_digest(b'', b'')",
        "class A:\n    def __hash__(self): return hash(self.key)",
        "id = 7\nprint(id)",
        "record.id",
    ],
)
def test_what_was_given_passes(text: str) -> None:
    assert found(text) == []
