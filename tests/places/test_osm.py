"""OpenStreetMap extracts: real files, written and read by osmium, in every format that people have."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from herd.core.errors import ConfigError, HerdError
from herd.core.position import Position
from herd.places.openstreetmap import types_of, vicinity_of
from herd.places.osm import check, default_file, open_places
from herd.places.osm_import import import_osm
from herd.places.tree import Tree
from tests.places.standins import ask

if TYPE_CHECKING:
    from pathlib import Path

    from herd.places.interfaces import Surroundings

HELSINKI = Position(60.17, 24.94)


def write_extract(path: Path) -> Path:
    """A small town: cafés, a park, a street, and what has no name or no place."""
    osmium: Any = pytest.importorskip("osmium", reason="reading extracts needs the extra `osm`")
    with osmium.SimpleWriter(str(path)) as writer:

        def node(number: int, latitude: float, longitude: float, **tags: str) -> None:
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(longitude, latitude), tags=tags))

        node(1, 60.170, 24.940, name="Café Ærø", amenity="cafe")
        node(
            2, 60.171, 24.940, name="Kiosk", shop="yes", **{"addr:street": "Aleksi", "addr:housenumber": "5"}
        )
        node(3, 60.172, 24.940, amenity="bench")
        for number, latitude, longitude in (
            (10, 60.180, 24.950),
            (11, 60.180, 24.960),
            (12, 60.184, 24.960),
            (13, 60.184, 24.950),
        ):
            node(number, latitude, longitude)
        node(20, 60.19, 24.99, name="Far away")

        def way(number: int, nodes: list[int], **tags: str) -> None:
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags))

        way(100, [10, 11, 12, 13, 10], name="Park", leisure="park")
        way(101, [10, 11, 12], name="Street", highway="residential")
        way(102, [10, 11, 12, 10], name="Roundabout", highway="residential")
        way(105, [10, 11, 12], name="Shore", natural="coastline")
        way(103, [10, 11, 12, 10], leisure="park")
        way(104, [90, 91, 92, 90], name="Its points are not in the extract", leisure="park")
    return path


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    return write_extract(tmp_path / "town.osm.pbf")


@pytest.mark.parametrize("suffix", ["osm.pbf", "osm", "osm.bz2", "opl"])
def test_named_points_and_areas_are_read(tmp_path: Path, suffix: str) -> None:
    extract = write_extract(tmp_path / f"town.{suffix}")
    assert import_osm(extract, tmp_path / "places") == 4
    with closing(Tree(tmp_path / "places")) as tree:
        assert tree.facts["source"] == extract.name
        results = tree.near(HELSINKI, 5, 20)
    assert [(each["name"], each["place_id"], each["types"]) for each in results] == [
        ("Café Ærø", "osm:node/1", ["cafe"]),
        ("Kiosk", "osm:node/2", ["shop"]),
        ("Park", "osm:way/100", ["park"]),
        ("Far away", "osm:node/20", ["point_of_interest"]),
    ]
    assert results[1]["vicinity"] == "Aleksi 5"
    center = results[2]["geometry"]["location"]
    assert center == {"lat": pytest.approx(60.182), "lng": pytest.approx(24.955)}


def test_the_provider_answers_from_the_file_with_credit(extract: Path, surroundings: Surroundings) -> None:
    import_osm(extract, default_file(surroundings.environ))
    places = open_places({}, surroundings)
    answers: list[Any] = []
    places.near(ask(position=HELSINKI, bound=1)).addCallback(answers.append)
    places.close()
    (answer,) = answers
    assert [each["name"] for each in answer["results"]] == ["Café Ærø"]
    (credit,) = answer["html_attributions"]
    assert "OpenStreetMap</a> contributors" in credit
    assert "ODbL" in credit


def test_an_import_replaces_an_older_one_and_tells_its_progress(extract: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    target = tmp_path / "deep" / "down" / "places"
    for _ in range(2):
        import_osm(extract, target, lambda done, total: told.append((done, total)))
    assert told == [(0, None), (4, None)] * 2
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_is_no_extract_says_so_and_leaves_the_old_one(extract: Path, tmp_path: Path) -> None:
    target = tmp_path / "places"
    import_osm(extract, target)
    before = target.read_bytes()
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(extract.read_bytes()[:-30])
    with pytest.raises(HerdError, match=r"bad\.osm\.pbf cannot be read as an OpenStreetMap extract"):
        import_osm(bad, target)
    bad = tmp_path / "bad.txt"
    bad.write_text("hello", encoding="utf-8")
    with pytest.raises(HerdError, match=r"bad\.txt cannot be read as an OpenStreetMap extract"):
        import_osm(bad, target)
    with pytest.raises(HerdError, match=r"none\.osm is no file; give an extract"):
        import_osm(tmp_path / "none.osm", target)
    assert target.read_bytes() == before


def test_an_extract_without_names_is_told(tmp_path: Path) -> None:
    pytest.importorskip("osmium", reason="reading extracts needs the extra `osm`")
    empty = tmp_path / "empty.osm"
    empty.write_text('<osm version="0.6"><node id="1" lat="1" lon="2" version="1"/></osm>', encoding="utf-8")
    with pytest.raises(HerdError, match="has no named places in it"):
        import_osm(empty, tmp_path / "places")
    assert not (tmp_path / "places").exists()


def test_without_osmium_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(HerdError, match=r"needs osmium: pip install 'herd\[osm\]'"):
        import_osm(tmp_path / "x.osm", tmp_path / "places")


def test_a_missing_or_foreign_file_is_a_configuration_error(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=r"^places\.osm: there is no file .*osm\.sqlite; make it: herd places"
    ):
        open_places({}, surroundings)
    (tmp_path / "x").write_bytes(b"x" * 5000)
    with pytest.raises(ConfigError, match=r"^places\.osm: .*x is no file of places"):
        open_places({"file": str(tmp_path / "x")}, surroundings)
    with pytest.raises(ConfigError, match=r"^places\.osm\.fiel: there is no such option"):
        open_places({"fiel": "x"}, surroundings)
    assert check({"file": "x"}) == []


def test_tags_become_types_and_addresses() -> None:
    assert types_of({"amenity": "bar; cafe", "building": "yes", "name": "x"}) == ["bar", "cafe", "building"]
    assert types_of({"name": "x", "power": "tower"}) == ["point_of_interest"]
    assert vicinity_of({"addr:city": "Turku"}) == "Turku"
    assert vicinity_of({}) == ""
