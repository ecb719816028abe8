"""Builds herd's compiled parts: each directory `herd/**/native` of C becomes the module `_native` beside it.

They are optional: each has a reference in pure Python. Where there is no compiler or no header file of
Python's, or where the C does not compile, the build says so in a line and goes on without. The environment
variable HERD_PURE, set to anything, leaves them out. A wheel takes them from a temporary directory; an
editable installation gets them in place.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
"""What stands after `_native` in a file's name: it names the interpreter, so several may share a checkout."""

FLAGS = ("-O2", "-g0", "-fvisibility=hidden")
"""After the interpreter's own, by which it was built itself. Nothing that binds a wheel to one processor."""

PACKAGES = "on Debian or Ubuntu: apt-get install gcc libc6-dev python3-dev"


class NotBuiltError(Exception):
    """Why there is no compiled part, in one line that says what to do."""


def extensions(root: Path) -> dict[str, list[Path]]:
    """Return every module to be compiled, as a path from `root` without suffix, with its C files in order."""
    directories = sorted({path.parent for path in (root / "herd").rglob("native/*.c")})
    return {
        (directory.parent / "_native").relative_to(root).as_posix(): sorted(directory.glob("*.c"))
        for directory in directories
    }


def compile_extension(sources: list[Path], product: Path) -> None:
    """Compile and link C files into the extension module `product`; a `NotBuiltError` if that cannot be.

    CC and CFLAGS of the environment are heeded, as builds commonly do.
    """
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        raise NotBuiltError(f"no header files of Python's in {include} ({PACKAGES})")
    words = [*linker(), *flags(), "-I", str(include), *map(str, sources), "-o", str(product)]
    done = subprocess.run(  # noqa: S603 - the compiler that was asked for
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        told = [line for line in done.stdout.splitlines() if "error" in line] or [shlex.join(words)]
        raise NotBuiltError(f"the C does not compile: {told[0]}")


def linker() -> list[str]:
    """Return the command that makes a shared object, with the interpreter's own compiler or one like it."""
    _, *options = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    own = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    asked = shlex.split(os.environ.get("CC", ""))
    for compiler in [asked] if asked else [[own], ["cc"], ["gcc"], ["clang"]]:
        if shutil.which(compiler[0]):
            return [*compiler, *options]
    raise NotBuiltError(f"no C compiler: {shlex.join(asked) or own} is not there ({PACKAGES})")


def flags() -> list[str]:
    """Return what the interpreter was compiled with, then herd's, then the environment's."""
    own = [str(sysconfig.get_config_var(name) or "") for name in ("CFLAGS", "CCSHARED")]
    return [*shlex.split(" ".join(own)), *FLAGS, *shlex.split(os.environ.get("CFLAGS", ""))]


class NativeBuildHook(BuildHookInterface[Any]):
    """Compiles before a wheel or an editable installation is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build all parts or none: herd is compiled or pure, and says which."""
        if self.target_name != "wheel":
            return
        self._scratch = TemporaryDirectory(prefix="herd-native-")
        try:
            products = self._products(Path(self._scratch.name))
        except NotBuiltError as error:
            self.app.display_warning(f"herd is built pure, without its compiled parts: {error}")
            products = {}
        if version == "editable":
            self._put_in_place(products)
        elif products:
            build_data["force_include"].update({str(path): name for name, path in products.items()})
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        del version, build_data, artifact_path
        if self.target_name == "wheel":
            self._scratch.cleanup()

    def _products(self, scratch: Path) -> dict[str, Path]:
        """Return the compiled modules: where each belongs, and where it is now."""
        if os.environ.get("HERD_PURE"):
            raise NotBuiltError("HERD_PURE is set")
        products = {}
        for name, sources in extensions(Path(self.root)).items():
            product = scratch / f"{name.replace('/', '.')}{SUFFIX}"
            compile_extension(sources, product)
            products[f"{name}{SUFFIX}"] = product
        return products

    def _put_in_place(self, products: dict[str, Path]) -> None:
        """Bring the checkout's compiled modules up to date: those of other sources would be worse than none.

        They are replaced whole, so that processes which use them go on with the old ones.
        """
        root = Path(self.root)
        for stale in (root / "herd").rglob(f"_native{SUFFIX}"):
            if stale.relative_to(root).as_posix() not in products:
                stale.unlink()
        for name, product in products.items():
            beside = root / f"{name}.{os.getpid()}"
            shutil.copyfile(product, beside)
            beside.replace(root / name)
