"""Answers as text: Google's layout, valid JSON and UTF-8 whatever is in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.core.position import Position
from herd.places.answers import found, nearest_first, place, refused, render

if TYPE_CHECKING:
    from herd.places.interfaces import Answer

CAFE = place("Café\n\n\n“Ærø”", 1.5, -2.0, "x", ["cafe"], "Torvet 1")


def test_the_layout_is_googles() -> None:
    assert render(found([CAFE], ["by us"]), 5).decode() == (
        """{
   "html_attributions" : [
      "by us"
   ],
   "results" : [
      {
         "geometry" : {
            "location" : {
               "lat" : 1.5,
               "lng" : -2.0
            }
         },
         "name" : "Café\\n\\n\\n“Ærø”",
         "place_id" : "x",
         "types" : [
            "cafe"
         ],
         "vicinity" : "Torvet 1"
      }
   ],
   "status" : "OK"
}"""
    )


def test_what_is_not_known_is_left_out() -> None:
    assert place("n", 1, 2, "i") == {
        "geometry": {"location": {"lat": 1, "lng": 2}},
        "name": "n",
        "place_id": "i",
    }


def test_no_results_have_their_own_status() -> None:
    assert found([]) == {"html_attributions": [], "results": [], "status": "ZERO_RESULTS"}
    assert refused("REQUEST_DENIED", "no") == {
        "error_message": "no",
        "html_attributions": [],
        "results": [],
        "status": "REQUEST_DENIED",
    }


def test_a_text_is_cut_to_the_bound() -> None:
    answer = found([place(str(n), 0, 0, str(n)) for n in range(30)])
    assert [each["name"] for each in json.loads(render(answer, 3))["results"]] == ["0", "1", "2"]
    assert len(answer["results"]) == 30


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(found([place("n", float("nan"), 0, "i")]), 1)


@given(st.text(max_size=40), st.integers(0, 20))
def test_any_name_makes_valid_json_without_blank_lines(name: str, bound: int) -> None:
    answer: Answer = found([place(name, 0.0, 0.0, name, [name], name)] * 20, [name])
    text = render(answer, bound)
    assert b"\n\n" not in text
    assert not text.endswith(b"\n")
    read: Any = json.loads(text.decode("utf-8"))
    assert len(read["results"]) == bound
    assert all(each["name"] == name for each in read["results"])


def test_half_a_surrogate_pair_does_not_break_the_text() -> None:
    text = render(found([place("\ud800x", 0, 0, "i")]), 1)
    assert json.loads(text.decode("utf-8"))["results"][0]["name"] == "?x"


def test_the_nearest_come_first_and_ties_are_ordered_by_name_and_id() -> None:
    results = [
        place("b", 0, 1, "1"),
        place("far", 3, 3, "0"),
        place("a", 1, 0, "2"),
        place("a", 0, -1, "1"),
        *(place("z", 9, 9, str(n)) for n in range(30)),
    ]
    ordered = nearest_first(results, Position(0, 0))
    assert len(ordered) == 20
    assert [(each["name"], each["place_id"]) for each in ordered[:4]] == [
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
        ("far", "0"),
    ]
