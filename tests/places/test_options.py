"""Options: what is unknown, what does not fit, what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from herd.places.options import (
    Option,
    check_options,
    did_you_mean,
    is_base_url,
    is_in_flight,
    is_seconds,
    is_text,
)

KNOWN = {
    "file": Option("the path of a file", is_text),
    "base_url": Option("an address", is_base_url, required=True),
}


def test_every_problem_is_told_in_the_order_of_the_table() -> None:
    assert check_options({"file": " ", "base_ulr": "https://secret@x", "zzz": 1}, KNOWN) == [
        "file: it must be the path of a file",
        "base_ulr: there is no such option, did you mean `base_url`?",
        "zzz: there is no such option; there is base_url, file",
        "base_url: it is missing; it must be an address",
    ]
    assert check_options({"base_url": "http://h"}, KNOWN) == []


def test_a_word_near_to_nothing_is_told_all_there_is() -> None:
    assert did_you_mean("Googel", ["google", "osm"]) == ", did you mean `google`?"
    assert did_you_mean("xyzzy", ["b", "a"]) == "; there is a, b"
    assert did_you_mean("x", []) == ""


@pytest.mark.parametrize(
    "url", ["http://h", "https://h:8443/a/b/", "http://127.0.0.1:8080", "https://[::1]/x", "HTTPS://H"]
)
def test_good_addresses(url: str) -> None:
    assert is_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h",
        "ftp://h",
        "http://",
        "http://user:password@h",
        "http://h?key=1",
        "http://h#x",
        "http://h:99999",
        "http://h:x",
        "http://[",
        "http://h /x",
        "http://é",
        7,
        None,
    ],
)
def test_bad_addresses(url: Any) -> None:
    assert not is_base_url(url)


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (is_seconds, [1, 0.5], [0, -1, True, "1", float("inf"), float("nan"), None]),
        (is_in_flight, [1, 1024], [0, 1025, 1.0, True, "1"]),
        (is_text, ["x"], ["", "  ", 1, None]),
    ],
)
def test_values(test: Any, good: list[Any], bad: list[Any]) -> None:
    assert [test(value) for value in good] == [True] * len(good)
    assert [test(value) for value in bad] == [False] * len(bad)
