"""Looking providers up: quick, quiet, and nothing imported that is not used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOOK_UP = """
import sys
from herd.places.finder import providers
print(*providers())
heavy = ["treq", "sqlite3", "osmium", "OpenSSL", "twisted.internet.reactor", "herd.places.http"]
print(*[name for name in heavy if name in sys.modules])
"""

SOMEBODYS = """
from herd.places.plugin import Provider
beach = Provider("beach", "somebody's own kind of places", "beach_places")
"""

BEACH_PLACES = """
def check(options):
    return []
"""


def test_a_look_imports_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", LOOK_UP], capture_output=True, text=True, check=True)
    assert run.stdout == "embedded google google-legacy osm overpass\n\n"
    assert run.stderr == ""


def test_anyone_can_add_a_provider_by_dropping_a_module(tmp_path: Path) -> None:
    (tmp_path / "herd" / "plugins").mkdir(parents=True)
    (tmp_path / "herd" / "plugins" / "places_beach.py").write_text(SOMEBODYS, encoding="utf-8")
    (tmp_path / "beach_places.py").write_text(BEACH_PLACES, encoding="utf-8")
    script = (
        f"import sys; sys.path.append({str(tmp_path)!r});"
        "from herd.places.finder import check_provider, providers;"
        "print(*providers()); print(check_provider('beach', {}))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "beach embedded google google-legacy osm overpass\n[]\n"
    assert run.stderr == ""
