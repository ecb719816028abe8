"""The checkers of size, docstrings and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.house import shape
from tests.house.finding import Source, _listed_by_git, _walked, checkout, is_python_script

if TYPE_CHECKING:
    from tests.house.finding import Finding


def source(text: str) -> Source:
    return Source.of("herd/core/x.py", text)


def shown(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings]


def test_a_file_may_have_400_lines_and_not_one_more() -> None:
    assert shape.long_files("herd/core/native/x.c", "int x;\n" * 400) == []
    assert shown(shape.long_files("herd/core/x.py", "x = 1\n" * 401)) == ["herd/core/x.py:1: has 401 lines"]


def test_a_function_may_have_50_lines_and_not_one_more() -> None:
    body = "        x = 1\n"
    fits = "class A:\n    @cache\n    async def f(self):\n" + body * 48
    assert shape.long_functions(source(fits)) == []
    assert shown(shape.long_functions(source(fits + body))) == ["herd/core/x.py::A.f:3: has 51 lines"]


def test_a_function_in_c_may_have_50_lines_and_not_one_more() -> None:
    short = "static int f(void)\n{\n" + "    x = 1;\n" * 48 + "}\n"
    long = "struct s {\n    int x;\n};\n\nstatic int g(void)\n{\n" + "    x = 1;\n" * 49 + "}\n"
    assert shape.long_c_functions("x.c", short) == []
    assert shown(shape.long_c_functions("x.c", short + long)) == ["x.c:57: has a function of 51 lines"]


def test_a_c_file_without_a_comment_is_found() -> None:
    assert shape.silent_c_files("x.h", "/* Idea. */\n#include <Python.h>\n") == []
    assert shape.silent_c_files("a/x.c", '#include "x.h"\n') == []
    assert shown(shape.silent_c_files("x.h", "#include <Python.h>\n")) == ["x.h:1: does not say what it is"]


def test_a_module_without_a_docstring_is_found() -> None:
    assert shown(shape.silent_modules(source("x = 1"))) == ["herd/core/x.py:1: has no docstring"]
    assert shown(shape.silent_modules(source(""))) == ["herd/core/x.py:1: has no docstring"]
    assert shape.silent_modules(source('"""Idea."""')) == []


def test_public_names_without_a_docstring_are_found() -> None:
    text = (
        "class A:\n    def f(self): ...\n    @property\n    def g(self): ...\n"
        "async def h(): ...\nif True:\n    def i(): ..."
    )
    assert [finding.place for finding in shape.silent_names(source(text))] == [
        "herd/core/x.py::A",
        "herd/core/x.py::A.f",
        "herd/core/x.py::A.g",
        "herd/core/x.py::h",
        "herd/core/x.py::i",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "def _f(): ...",
        "class _A:\n    def f(self): ...",
        'class A:\n    """A."""\n    def __len__(self): ...',
        'def f():\n    """F."""\n    def inner(): ...',
        'class A:\n    """A."""\n    @override\n    def f(self): ...',
        "@typing.overload\ndef f(): ...",
    ],
)
def test_names_that_need_no_docstring_pass(text: str) -> None:
    assert shape.silent_names(source(text)) == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_work_put_off_is_found(word: str) -> None:
    assert shown(shape.unfinished("README.md", f"fine\n# {word}: later")) == [f"README.md:2: says {word}"]
    assert shape.unfinished("README.md", f"a{word}b {word.lower()} {word}S") == []


@pytest.mark.parametrize("path", ["/root/x", "/work/x", "cd /work", "'/Users/ann'"])
def test_a_path_of_a_machine_is_found(path: str) -> None:
    assert len(shape.machine_paths("README.md", f"see {path} there")) == 1


@pytest.mark.parametrize("path", ["net/work", "a/root/x", "$home/work/", "/rootless", "/workers/x"])
def test_other_paths_pass(path: str) -> None:
    assert shape.machine_paths("README.md", f"see {path} there") == []


def test_a_script_is_python_by_its_first_line() -> None:
    assert is_python_script("scripts/x", "#!/usr/bin/env python3\n")
    assert not is_python_script("scripts/x", "#!/bin/sh\n# python\n")
    assert not is_python_script("conf/x", "#!/usr/bin/env python3\n")


def test_the_checkout_is_the_same_with_and_without_git() -> None:
    assert set(_listed_by_git()) <= set(_walked())
    assert {"pyproject.toml", ".ci/run", "herd/core/limits.py", "tests/house/finding.py"} <= set(checkout())
    assert not any(path.startswith((".venv/", ".git/")) or "__pycache__" in path for path in checkout())
