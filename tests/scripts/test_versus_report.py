"""What `scripts/bench/versus` makes of its figures: sums, ratios, tables, the page, and earlier reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benching.spread import Spread
from benching.versus import page, reports, sums, tables
from benching.versus.measuring import figures
from benching.versus.systems import CORES

from herd.core.errors import HerdError

ROOT = Path(__file__).resolve().parents[2]


def costs(*values: float) -> list[dict[str, Any]]:
    return [{"cpu_us": value, "own_cpu_us": 0.1} for value in values]


def weight(subject: str, grown: float, times: float | None = None) -> dict[str, Any]:
    row = {"subject": subject, "clients": 1000, "bytes_per_client": spread_of(grown)}
    return row if times is None else row | {"times_redis": spread_of(times)}


def spread_of(value: float) -> dict[str, float]:
    return {"median": value, "least": value, "most": value}


def a_report(**changed: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "date": "2026-01-02 03:04 UTC",
        "rounds": 3,
        "about": {"machine": "a box"},
        "measured": {"one-64": "2026-01-02 03:04 UTC"},
        "titles": {"geoadd": "Redis GEOADD", "stand-in": "prototype", "pure": "herd, pure"},
        "cells": {"one-64": {"pure": costs(2, 3, 8), "geoadd": costs(2, 2, 4), "stand-in": costs(4, 6, 16)}},
        "memory": [],
        "missing": [],
        "failures": [],
        **changed,
    }


def test_ratios_are_taken_round_by_round() -> None:
    cells = a_report()["cells"]
    assert sums.ratio(cells, "one-64", "pure", "geoadd") == Spread(1.5, 1.0, 2.0)
    assert sums.spread(cells, "one-64", "pure") == Spread(3, 2, 8)


def test_a_round_that_failed_on_one_side_makes_no_ratio() -> None:
    cells = {"one-64": {"pure": [{"failure": "why"}, *costs(6)], "geoadd": costs(1, 2)}}
    assert sums.ratio(cells, "one-64", "pure", "geoadd") == Spread(3, 3, 3)
    assert sums.ratio(cells, "one-64", "compiled", "geoadd") is None
    assert sums.failures(cells) == ["one-64, pure: why"]


def test_a_figure_is_found_by_its_path() -> None:
    assert sums.value({"known_ms": {"p99": 7}}, "known_ms.p99") == 7
    assert sums.value({"known_ms": None}, "known_ms.p99") is None
    assert sums.value({"failure": "why"}, "cpu_us") is None


def test_the_published_prototype_goes_before_the_stand_in() -> None:
    contest = sums.CONTESTS[-1]
    cells = a_report()["cells"]
    assert sums.peer_of(cells, contest) == "stand-in"
    cells["one-64"]["published"] = costs(9)
    assert sums.peer_of(cells, contest) == "published"
    assert sums.peer_of({}, contest) is None


def test_what_herd_is_measured_by() -> None:
    memory = [weight("herd pure", 260, 2.0), weight("redis", 130)]
    [ratios, one, weights] = tables.all_tables(a_report(memory=memory))
    assert ratios.rows == (
        (
            "CPU per report, 50 connections, one server, 64 deep",
            *("Redis GEOADD", "1.50 (1.00-2.00)", "≤ 1.2", "-", "≤ 0.3"),
        ),
        (
            "CPU per report, 50 connections, one server, 64 deep",
            *("prototype", "0.50 (0.50-0.50)", "≤ 0.3", "-", "≤ 0.1"),
        ),
        (
            "resident bytes per client, 1,000 clients",
            *("Redis GEOADD", "2.00 (2.00-2.00)", "≤ 2.2", "-", "≤ 1.5"),
        ),
    )
    assert one.rows[0] == ("Redis GEOADD", "-", "-", "2.00 (2.00-4.00)", "0.10")
    assert weights.rows == (
        ("herd pure", "1,000", "260 (260-260)", "2.00 (2.00-2.00)"),
        ("redis", "1,000", "130 (130-130)", "-"),
    )


def test_the_price_of_a_thing_is_against_the_same_herd_without_it() -> None:
    cells = {
        "price-one": {"base-1": costs(1), "lines-1": costs(20)},
        "price-flood": {"base-5": costs(4), "tls-5": costs(6)},
        "price-many": {"base-1": costs(2), "expiry-1": costs(3)},
    }
    [prices] = tables.all_tables(a_report(cells=cells))
    one, half, nothing = "1.00 (1.00-1.00)", "1.50 (1.50-1.50)", "-"
    assert prices.rows == (
        ("as users run it", one, nothing, "4.00 (4.00-4.00)", nothing),
        ("TLS links", nothing, nothing, "6.00 (6.00-6.00)", half),
        ("each line logged", "20.0 (20.0-20.0)", "20.0 (20.0-20.0)", nothing, nothing),
        ("new clients, whose records stay", "2.00 (2.00-2.00)", nothing, nothing, nothing),
        (
            "new clients, whose records expire after 0.5 s",
            *("3.00 (3.00-3.00)", half, nothing, nothing),
        ),
    )


def test_tables_for_a_page_and_for_a_terminal() -> None:
    table = tables.Table("t", ("what", "µs"), (("a", "1.00"), ("longer", "2.00")))
    assert table.markdown() == "| what | µs |\n| --- | ---: |\n| a | 1.00 |\n| longer | 2.00 |"
    assert table.text() == "what      µs\na       1.00\nlonger  2.00"


def test_figures_count_from_what_the_generator_says() -> None:
    said = {"messages": 4, "own_cpu_s": 2e-6, "seconds": 2, "answered_ms": None, "sent": 4}
    assert figures(said, 8e-6, 24) == {
        "messages": 4,
        "cpu_us": 2.0,
        "own_cpu_us": 0.5,
        "per_s": 2,
        "answered_ms": None,
        "links": 6,
    }
    watched = said | {"messages": 0, "known": 4, "superseded": 1, "known_ms": {"p99": 1}}
    assert figures(watched, 8e-6, None)["superseded"] == 0.25


def test_what_never_came_makes_no_figure() -> None:
    said = {"messages": 3, "own_cpu_s": 2e-6, "seconds": 2, "answered_ms": None, "sent": 4}
    with pytest.raises(HerdError, match="3 of 4 reports were answered in time"):
        figures(said, 1.0, None)
    watched = said | {"messages": 4, "known": 2, "superseded": 1, "known_ms": {"p99": 1}}
    with pytest.raises(HerdError, match="2 of 4 reports were known everywhere in time"):
        figures(watched, 1.0, None)


def test_the_page_keeps_its_prose_and_gets_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    places = "".join(
        f"about {name}\n<!-- written by scripts/bench/versus: {name} -->\nold\n<!-- end -->\n"
        for name in ("ratios", "one", "about", "known")
    )
    file.write_text(places, "utf-8")
    page.write(file, a_report())
    written = file.read_text("utf-8")
    page.write(file, a_report())
    assert file.read_text("utf-8") == written
    assert "old" not in written
    assert "about one\n<!-- written by scripts/bench/versus: one -->\n\n| µs a report | 1 deep" in written
    assert "- machine: a box\n- rounds: 3, on 2026-01-02 03:04 UTC\n\n<!-- end -->" in written
    assert "known -->\n\n| not measured |" in written
    file.write_text(places.replace(": one", ": won"), "utf-8")
    with pytest.raises(HerdError, match="has no place for one: mark it as the others are marked"):
        page.write(file, a_report())


def test_the_real_page_has_a_place_for_every_table(tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    file.write_text((ROOT / "docs" / "performance.md").read_text("utf-8"), "utf-8")
    systems = dict.fromkeys(CORES, costs(1))
    five = {f"{core}-5": costs(1) for core in CORES}
    watched = {f"{core}-watched": costs(1) for core in CORES}
    titles = {name: name for name in (*systems, *five, *watched, "geoadd")}
    cells = {
        "one-64": systems | {"geoadd": costs(1)},
        "flood": five,
        "known-2000": watched,
        "price-one": {"base-1": costs(1)},
    }
    page.write(file, a_report(cells=cells, titles=titles, memory=[weight("redis", 130)]))
    assert "not measured |" not in file.read_text("utf-8")


def test_what_was_measured_earlier_is_taken_and_dated() -> None:
    earlier = a_report(
        date="2025-12-31 00:00 UTC",
        measured={"one-64": "2025-12-31 00:00 UTC", "flood": "2025-12-31 00:00 UTC", "memory": "2025-12-30"},
        cells={"one-64": {"pure": costs(99)}, "flood": {"pure-5": costs(5)}},
        memory=[weight("redis", 130)],
        titles={"pure-5": "herd, pure"},
    )
    merged = reports.merge(a_report(), earlier)
    assert sums.spread(merged["cells"], "one-64", "pure") == Spread(3, 2, 8)
    assert sums.spread(merged["cells"], "flood", "pure-5") == Spread(5, 5, 5)
    assert merged["titles"]["pure-5"] == "herd, pure"
    assert merged["memory"] == earlier["memory"]
    about = page.about(merged)
    assert "- measured at another time: flood, on 2025-12-31 00:00 UTC" in about
    assert "- measured at another time: memory, on 2025-12-30" in about


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("[]", "utf-8")
    with pytest.raises(HerdError, match=r"report.json is no report of this script's --json"):
        reports.read(file)
