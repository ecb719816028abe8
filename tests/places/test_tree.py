"""Files of places: what is near, against looking at every place; and files that are not right."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from herd.core.errors import HerdError
from herd.core.position import Position
from herd.places.geometry import distance_from
from herd.places.nearest import nearest
from herd.places.tree import Place, Tree, probe, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Where geometry goes wrong: around the poles, the antimeridian, and one ordinary town.
latitudes = st.one_of(
    st.sampled_from([90.0, -90.0, 0.0]), st.floats(89.5, 90), st.floats(-90, -89.5), st.floats(-0.6, 0.6)
)
longitudes = st.one_of(
    st.sampled_from([180.0, -180.0, 0.0]),
    st.floats(179.4, 180),
    st.floats(-180, -179.4),
    st.floats(-0.6, 0.6),
    st.floats(-180, 180),
)
positions = st.builds(Position, latitudes, longitudes)


def places_at(points: Sequence[Position]) -> list[Place]:
    """A place at each point; some share a name, and names are in another order than places."""
    return [
        Place(f"place {7919 * n % 101}", at.latitude, at.longitude, f"id:{n:05}", "cafe bar", "")
        for n, at in enumerate(points)
    ]


def brute_force(places: Sequence[Place], center: Position, radius_km: float, bound: int) -> list[str]:
    distance_km = distance_from(center)
    ranked = sorted((distance_km(p.latitude, p.longitude), p.name, p.place_id) for p in places)
    return [place_id for distance, _, place_id in ranked if distance <= radius_km][:bound]


def ids(results: Sequence[dict[str, Any]]) -> list[str]:
    return [result["place_id"] for result in results]


@settings(max_examples=100)
@given(st.lists(positions, max_size=60), positions, st.floats(0, 70), st.integers(1, 20))
@example([Position(10, 180), Position(10, -180)], Position(10, 180), 0.0, 5)
@example([Position(90, 0), Position(90, 90), Position(-90, 0)], Position(90, -123), 0.0, 5)
def test_what_is_near_is_what_looking_at_each_place_finds(
    points: list[Position], center: Position, radius_km: float, bound: int
) -> None:
    places = places_at(points)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "places"
        assert write_tree(path, places, {}) == len(places)
        tree = Tree(path)
        expected = brute_force(places, center, radius_km, bound)
        assert ids(tree.near(center, radius_km, bound)) == expected
        ranked = nearest(tree._database, center, radius_km, bound)
        assert [distance for distance, _ in ranked] == sorted(distance for distance, _ in ranked)
        assert {f"id:{row - 1:05}" for _, row in ranked} >= set(expected)
        assert len(ranked) == len(expected) or ranked[len(expected) - 1][0] == ranked[-1][0]
        tree.close()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tree, list[Place]]]:
    """A city of 10,000 places, a lone house far from it, and 1,500 shops under one roof."""
    points = [Position(10 + n % 100 * 0.001, 20 + n // 100 * 0.001) for n in range(10_000)]
    points += [Position(10.4, 20.0), *[Position(10.2, 20.4)] * 1500]
    places = places_at(points)
    path = tmp_path_factory.mktemp("places") / "crowd"
    write_tree(path, places, {})
    tree = Tree(path)
    yield tree, places
    tree.close()


@pytest.mark.parametrize("bound", [1, 5, 20])
@pytest.mark.parametrize("radius_km", [0.5, 7, 50])
@pytest.mark.parametrize(
    "center",
    [
        Position(10.05, 20.05),
        Position(10.41, 20.0),
        Position(10.2, 20.4),
        Position(10.2, 20.39),
        Position(9.7, 19.9),
    ],
)
def test_a_crowd_is_narrowed_down_to_the_same_answer(
    crowd: tuple[Tree, list[Place]], center: Position, radius_km: float, bound: int
) -> None:
    tree, places = crowd
    assert ids(tree.near(center, radius_km, bound)) == brute_force(places, center, radius_km, bound)


def test_a_crowd_is_never_read_as_a_whole(crowd: tuple[Tree, list[Place]]) -> None:
    tree, _ = crowd
    read: list[int] = []
    tree._database.set_progress_handler(lambda: read.append(1), 1000)
    assert len(tree.near(Position(10.05, 20.05), 50, 20)) == 20
    # Each place that is read takes some 15 steps of SQLite's machine: all 11,501 would take 170,000.
    assert len(read) < 60


def test_a_result_has_googles_shape(tmp_path: Path) -> None:
    write_tree(
        tmp_path / "one",
        [Place("Café “Ærø”", 54.9, 10.4, "osm:node/1", "cafe amenity", "Torvet 1")],
        {"attribution": "by us"},
    )
    with closing(Tree(tmp_path / "one")) as tree:
        assert tree.facts == {"attribution": "by us", "format": "1"}
        assert tree.near(Position(54.9, 10.4), 1, 5) == [
            {
                "geometry": {"location": {"lat": 54.9, "lng": 10.4}},
                "name": "Café “Ærø”",
                "place_id": "osm:node/1",
                "types": ["cafe", "amenity"],
                "vicinity": "Torvet 1",
            }
        ]


def test_progress_is_told_from_nothing_to_all(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    places = places_at([Position(0, 0)] * 4500)
    write_tree(
        tmp_path / "p", places, {}, total=4500, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(0, 4500), (2000, 4500), (4000, 4500), (4500, 4500)]


def test_a_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "places"
    write_tree(path, places_at([Position(1, 1)]), {})

    def breaks() -> Iterator[Place]:
        yield Place("one", 0, 0, "id:1", "", "")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tree(path, breaks(), {})
    assert list(tmp_path.iterdir()) == [path]
    with closing(Tree(path)) as tree:
        assert len(tree.near(Position(1, 1), 1, 5)) == 1


def test_a_process_that_forked_opens_the_file_anew(tmp_path: Path) -> None:
    write_tree(tmp_path / "p", places_at([Position(1, 1)]), {})
    script = (
        "import os, sys, pathlib; from herd.core.position import Position; from herd.places.tree import Tree;"
        "tree = Tree(pathlib.Path(sys.argv[1])); before = tree._database; child = os.fork();"
        "child and os.waitpid(child, 0);"
        "print(len(tree.near(Position(1, 1), 1, 5)), tree._database is before, flush=True);"
        "tree.close()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "p")], capture_output=True, text=True, check=True
    )
    assert run.stdout == "1 False\n1 True\n"


def test_a_file_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "places"
    with pytest.raises(HerdError, match=r"places cannot be opened: unable to open database file|no file of"):
        Tree(path)
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(HerdError, match=r"places is no file of places: file is not a database"):
        Tree(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE fact (name, value)")
        database.execute("INSERT INTO fact VALUES ('format', '0')")
        database.commit()
    with pytest.raises(HerdError, match=r"has another format than this herd's; build or import it again"):
        Tree(path)


def test_a_python_without_the_rtree_module_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without:
        def __init__(self, _: str) -> None:
            pass

        def execute(self, _: str) -> None:
            raise sqlite3.OperationalError("no such module: rtree")

        def close(self) -> None:
            pass

    monkeypatch.setattr(sqlite3, "connect", Without)
    with pytest.raises(HerdError, match=r"lacks the R\*Tree module \(no such module: rtree\); use one whose"):
        probe()
