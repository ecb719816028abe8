"""`scripts/check-wheel` on wheels that lack something, or have too much. Whole, `scripts/test` runs it."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    loader = SourceFileLoader("check_wheel", str(ROOT / "scripts" / "check-wheel"))
    spec = spec_from_loader("check_wheel", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


check_wheel: Any = load()
SOURCES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "herd").rglob("*")
    if path.is_file()
    and path.suffix not in {".pyc", ".so", ".c", ".h"}
    and path.name != "dropin.cache"
    and "__pycache__" not in path.parts
}
WHOLE = {*SOURCES, "twisted/plugins/herd_plugin.py", "herd-0.1.0.dist-info/METADATA"}


def wheel(directory: Path, names: Iterable[str]) -> Path:
    path = directory / "herd.whl"
    with ZipFile(path, "w") as archive:
        for name in sorted(names):
            archive.writestr(name, "")
    return path


def test_a_whole_wheel_passes(tmp_path: Path) -> None:
    check_wheel.check_files(wheel(tmp_path, WHOLE))
    check_wheel.check_files(wheel(tmp_path, WHOLE - {"herd/plugins/herd_plugin.py"}))


@pytest.mark.parametrize(
    "name",
    ["twisted/plugins/herd_plugin.py", "herd/config/default.toml", "herd/places/data/gazetteer.tsv.xz"],
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(check_wheel.CheckError, match=f"^the wheel lacks {name}$"):
        check_wheel.check_files(wheel(tmp_path, WHOLE - {name}))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("twisted/plugins/__init__.py", "would replace Twisted's own"),
        ("herd/core/native/module.c", "which only a build needs"),
        ("tests/test_house.py", "the wheel has tests/test_house.py, which is not herd's"),
    ],
)
def test_what_is_too_much_is_named(tmp_path: Path, name: str, complaint: str) -> None:
    with pytest.raises(check_wheel.CheckError, match=complaint):
        check_wheel.check_files(wheel(tmp_path, WHOLE | {name}))


def test_a_wheel_has_the_core_that_it_should_have(tmp_path: Path) -> None:
    compiled = wheel(tmp_path, {*WHOLE, "herd/core/_native.cpython-311-x86_64-linux-gnu.so"})
    check_wheel.check_core(compiled, "compiled")
    with pytest.raises(check_wheel.CheckError, match="should be pure; it has herd/core/_native"):
        check_wheel.check_core(compiled, "pure")
    check_wheel.check_files(compiled)


def test_a_pure_wheel_is_for_every_machine(tmp_path: Path) -> None:
    pure = wheel(tmp_path, WHOLE)
    with pytest.raises(check_wheel.CheckError, match=r"^herd\.whl has no compiled core, though"):
        check_wheel.check_core(pure, "compiled")
    with pytest.raises(check_wheel.CheckError, match="should be pure; it has no compiled module"):
        check_wheel.check_core(pure, "pure")
    check_wheel.check_core(pure.rename(tmp_path / "herd-0.1.0-py3-none-any.whl"), "pure")
