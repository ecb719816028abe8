"""`herd places`: what a person types, and what comes back: a table, JSON, or one clear line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from click.testing import CliRunner
from twisted.internet import reactor as global_reactor
from twisted.internet.utils import getProcessOutputAndValue
from twisted.web.resource import Resource
from twisted.web.server import Site

from herd.cli.main import main
from herd.places.gazetteer import Entry, write_table
from herd.places.index import build_index

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result
    from twisted.web.server import Request

reactor: Any = global_reactor

KEY = "AIzaSyA-test-key-0123456789"
EXTRACT = """<osm version="0.6">
  <node id="1" version="1" lat="60.17" lon="24.94">
    <tag k="name" v="Caf\u00e9 [bold]"/><tag k="amenity" v="cafe"/>
  </node>
  <node id="2" version="1" lat="60.18" lon="24.94"><tag k="name" v="Kiosk"/></node>
</osm>"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path / "cache"


@pytest.fixture
def real_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped places, indexed once on this machine as `herd up` does."""
    monkeypatch.delenv("HERD_CACHE")
    build_index(os.environ)


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    pytest.importorskip("osmium", reason="reading extracts needs the extra `osm`")
    (tmp_path / "town.osm").write_text(EXTRACT, encoding="utf-8")
    return tmp_path / "town.osm"


def herd(*arguments: str) -> Result:
    """Run the command in this process, which has no reactor to run."""
    return CliRunner().invoke(main, ["places", *arguments])


def near(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `herd places near` in a process of its own."""
    command = [sys.executable, "-m", "herd.cli", "places", "near", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", [[], ["build"], ["import"], ["near"]])
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = herd(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"herd places {' '.join(command)}".strip() in result.stdout


def test_build_makes_the_index_once_and_shows_progress_in_plain_lines(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table"
    write_table(table, [Entry("town", str(n), f"Town {n}", n / 1000, 0, "") for n in range(5000)])
    monkeypatch.setattr("herd.places.index.build_index", partial(build_index, table=table))
    first, second, third = herd("build"), herd("build"), herd("build", "--json")
    (index,) = [path for path in cache.iterdir() if path.suffix == ".sqlite"]
    assert first.stdout == f"built: {index}\n"
    assert first.stderr.splitlines() == [
        f"Building the index of places: {done} of 5,000" for done in ("0", "2,000", "4,000", "5,000")
    ]
    assert (second.stdout, second.stderr) == (f"there already: {index}\n", "")
    assert json.loads(third.stdout) == {"path": str(index), "built": False, "warning": ""}


def test_build_without_a_place_for_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HERD_CACHE", str(tmp_path / "file" / "x"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))
    result = herd("build")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("herd: there is nowhere to build the index of places (")
    assert line.endswith("set HERD_CACHE to a directory that can be written")


def test_import_tells_where_the_places_are_and_near_finds_them(extract: Path, cache: Path) -> None:
    imported = herd("import", str(extract))
    assert imported.exit_code == 0
    assert imported.stdout.splitlines() == [
        f"2 places: {cache / 'osm.sqlite'}",
        'To use them: [places] provider = "osm" in the configuration.',
    ]
    found = near("+60.171+24.94", "5", "--provider", "osm")
    assert (found.returncode, found.stderr) == (0, "")
    rows = [line.split() for line in found.stdout.splitlines() if "osm:node" in line]
    assert rows == [
        ["0.11", "Café", "[bold]", "cafe", "osm:node/1"],
        ["1.00", "Kiosk", "point_of_interest", "osm:node/2"],
    ]
    assert found.stdout.splitlines()[-1] == "© OpenStreetMap contributors, ODbL"


def test_import_to_a_file_of_its_own(extract: Path, tmp_path: Path) -> None:
    target = tmp_path / "own.sqlite"
    told = herd("import", str(extract), "--to", str(target))
    assert f'provider = "osm" and [places.osm] file = "{target}"' in told.stdout
    as_json = herd("import", str(extract), "--to", str(target), "--json")
    assert json.loads(as_json.stdout) == {"path": str(target), "places": 2}
    found = near("+60.171+24.94", "5", "1", "--provider", "osm", "--option", f"file={target}", "--json")
    assert [each["name"] for each in json.loads(found.stdout)["results"]] == ["Café [bold]"]


def test_import_of_what_is_no_extract_is_one_line(tmp_path: Path) -> None:
    result = herd("import", str(tmp_path / "none.osm.pbf"))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"herd: {tmp_path / 'none.osm.pbf'} is no file; give an extract such as region.osm.pbf"
    )


@pytest.mark.usefixtures("real_index")
def test_near_shows_a_table_of_the_shipped_places() -> None:
    found = near("+34.068930-118.445127", "10", "2")
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[1].split() == ["km", "name", "what", "where", "id"]
    assert lines[3].split()[:3] == ["1.64", "Bel", "Air"]
    assert lines[4].split()[:2] == ["1.95", "Westwood"]
    assert lines[-1] == "Towns: selected from GeoNames, CC BY 4.0. Airports: airportsdata."


@pytest.mark.usefixtures("real_index")
def test_near_takes_southern_positions_and_gives_a_clients_bytes_as_json() -> None:
    found = near("-33.8-70.6", "50", "1", "--json")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith('{\n   "html_attributions" : [\n')
    assert found.stdout.endswith('\n   "status" : "OK"\n}\n')
    assert len(json.loads(found.stdout)["results"]) == 1


@pytest.mark.usefixtures("real_index")
def test_near_nothing_is_an_answer() -> None:
    found = near("+0-30", "50")
    assert (found.returncode, found.stdout, found.stderr) == (0, "no places there\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["34-118", "1"], 2, "Error: Invalid value for 'POSITION': '34-118' is no position"),
        (["+34-118", "51"], 2, "Error: Invalid value for 'RADIUS': 51.0 is not in the range 0<=x<=50."),
        (["+34-118", "1", "21"], 2, "Error: Invalid value for '[BOUND]': 21 is not in the range 0<=x<=20."),
        (["+34-118", "1", "--option", "x"], 2, "Error: --option takes NAME=VALUE, not 'x'"),
        (["+34-118", "1", "--provider", "googel"], 1, "herd: places.provider: there is no provider 'googel'"),
        (["+34-118", "1", "--provider", "google"], 1, "herd: places.google: the environment variable HERD"),
        (["+34-118", "1", "--provider", "osm"], 1, "herd: places.osm: there is no file"),
        (["+34-118", "1", "--provider", "overpass"], 1, "herd: places.overpass.base_url: it is missing"),
    ],
)
def test_a_wrong_use_is_told_in_a_line(arguments: list[str], code: int, line: str) -> None:
    told = near(*arguments)
    assert (told.returncode, told.stdout) == (code, "")
    assert told.stderr.splitlines()[-1].startswith(line)
    assert "Traceback" not in told.stderr


class _Google(Resource):
    isLeaf = True  # noqa: N815  # Twisted's name

    def render_POST(self, request: Request) -> bytes:  # noqa: N802  # Twisted's name
        if request.getHeader("x-goog-api-key") != KEY:
            request.setResponseCode(403)
            return b'{"error": {"status": "PERMISSION_DENIED", "message": "The key is wrong."}}'
        return json.dumps(
            {"places": [{"id": "x1", "displayName": {"text": "Caf\u00e9"}, "location": {"latitude": 34}}]}
        ).encode()


@pytest_twisted.async_yield_fixture
async def google() -> AsyncIterator[str]:
    site = Site(_Google())
    site.noisy = False
    port = reactor.listenTCP(0, site, interface="127.0.0.1")
    yield f"http://127.0.0.1:{port.getHost().port}"
    await port.stopListening()


async def near_google(base_url: str, key: str, *more: str) -> tuple[str, str, int]:
    arguments = ["-m", "herd.cli", "places", "near", "+34+0", "1", "--provider", "google", *more]
    arguments += ["--option", f"base_url={base_url}"]
    environ = {**os.environ, "HERD_GOOGLE_KEY": key}
    out, err, code = await getProcessOutputAndValue(sys.executable, arguments, environ)
    return out.decode(), err.decode(), code


@pytest_twisted.ensureDeferred
async def test_a_network_provider_is_asked_as_a_server_would(google: str) -> None:
    out, err, code = await near_google(google, KEY, "--json")
    assert (err, code) == ("", 0)
    assert [each["name"] for each in json.loads(out)["results"]] == ["Café"]


@pytest_twisted.ensureDeferred
async def test_a_refusal_is_a_line_or_json_and_exit_1(google: str) -> None:
    message = "the places provider refused (HTTP 403): The key is wrong."
    out, err, code = await near_google(google, "another-wrong-key")
    assert (out, err, code) == ("", f"herd: REQUEST_DENIED: {message}\n", 1)
    out, err, code = await near_google(google, "another-wrong-key", "--json")
    assert (err, code) == ("", 1)
    assert json.loads(out)["error_message"] == message
