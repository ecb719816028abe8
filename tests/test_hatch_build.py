"""The build compiles C where it can, and otherwise says in a line what is missing and goes on."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hatch_build
from hatch_build import SUFFIX, NativeBuildHook, NotBuiltError, compile_extension, extensions

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[str], tuple[dict[str, Any], str]]

HEADER = "/* What both need. */\nint answer(void);\n"
ANSWER = '#include "answer.h"\nint answer(void) { return 42; }\n'
MODULE = """
#include <Python.h>
#include "answer.h"
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_native", .m_size = -1};
PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL)
        PyModule_AddIntConstant(module, "ANSWER", answer());
    return module;
}
"""


@pytest.fixture(autouse=True)
def _a_plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HERD_PURE", "CC", "CFLAGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    native = tmp_path / "herd" / "core" / "native"
    native.mkdir(parents=True)
    for name, text in {"answer.h": HEADER, "answer.c": ANSWER, "module.c": MODULE}.items():
        (native / name).write_text(text)
    return tmp_path


@pytest.fixture
def build(checkout: Path, capfd: pytest.CaptureFixture[str]) -> Build:
    """Return a function that runs the hook and returns the build's data after it, and what it said."""

    def build_wheel(version: str) -> tuple[dict[str, Any], str]:
        hook = NativeBuildHook(str(checkout), {}, None, None, str(checkout / "dist"), "wheel")  # type: ignore[arg-type]
        data: dict[str, Any] = {"force_include": {}, "pure_python": True, "infer_tag": False}
        hook.initialize(version, data)
        assert all(Path(path).is_file() for path in data["force_include"])
        hook.finalize(version, data, "")
        assert not any(Path(path).exists() for path in data["force_include"])
        captured = capfd.readouterr()
        return data, captured.out + captured.err

    return build_wheel


def answer_of(directory: Path) -> str:
    command = [sys.executable, "-c", "import _native; print(_native.ANSWER)"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout


def test_a_wheel_gets_what_was_compiled_and_is_for_this_interpreter(checkout: Path, build: Build) -> None:
    data, said = build("standard")
    assert list(data["force_include"].values()) == [f"herd/core/_native{SUFFIX}"]
    assert (data["pure_python"], data["infer_tag"], said) == (False, True, "")
    assert not list(checkout.rglob("*.so"))


def test_an_editable_installation_is_compiled_in_place(checkout: Path, build: Build) -> None:
    data, said = build("editable")
    assert (data, said) == ({"force_include": {}, "pure_python": True, "infer_tag": False}, "")
    assert answer_of(checkout / "herd" / "core") == "42\n"


def test_what_is_pure_leaves_no_module_of_other_sources(
    checkout: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build("editable")
    monkeypatch.setenv("HERD_PURE", "1")
    data, said = build("editable")
    assert data == {"force_include": {}, "pure_python": True, "infer_tag": False}
    assert said == "herd is built pure, without its compiled parts: HERD_PURE is set\n"
    assert not list(checkout.rglob("*.so"))


def test_c_that_does_not_compile_is_told_with_its_first_error(checkout: Path, build: Build) -> None:
    (checkout / "herd" / "core" / "native" / "answer.c").write_text("int answer(void) { return }\n")
    data, said = build("standard")
    assert (data["force_include"], data["pure_python"]) == ({}, True)
    (line,) = said.splitlines()
    assert line.startswith("herd is built pure, without its compiled parts: the C does not compile: ")
    assert "answer.c:1" in line


def test_a_missing_compiler_is_named_with_what_brings_one(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sources,) = extensions(checkout).values()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotBuiltError, match=r"^no C compiler: \S+ is not there \(.*apt-get install gcc"):
        compile_extension(sources, checkout / "x.so")
    monkeypatch.setenv("CC", "mycc -m64")
    with pytest.raises(NotBuiltError, match=r"^no C compiler: mycc -m64 is not there"):
        compile_extension(sources, checkout / "x.so")


def test_missing_header_files_are_named_with_what_brings_them(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sources,) = extensions(checkout).values()
    monkeypatch.setattr(sysconfig, "get_path", lambda _: "/nowhere")
    with pytest.raises(NotBuiltError, match=r"^no header files of Python's in /nowhere \(.*python3-dev\)$"):
        compile_extension(sources, checkout / "x.so")


def test_a_compiler_like_the_interpreters_will_do(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = sysconfig.get_config_var
    monkeypatch.setattr(
        sysconfig, "get_config_var", lambda name: "icc-9 -pthread" if name == "CC" else original(name)
    )
    (sources,) = extensions(checkout).values()
    compile_extension(sources, checkout / f"_native{SUFFIX}")
    assert answer_of(checkout) == "42\n"


def test_flags_of_the_environment_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O1 -DNOTE='a b'")
    assert hatch_build.flags()[-5:] == [*hatch_build.FLAGS, "-O1", "-DNOTE=a b"]
    assert not any(flag.startswith("-march") for flag in hatch_build.flags()[:-2])
