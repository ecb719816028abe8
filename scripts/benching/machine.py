"""What every figure depends on: the machine and the interpreter."""

from __future__ import annotations

import os
import platform
import sysconfig


def machine() -> str:
    """Return the system, the architecture and how many processors there are."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def interpreter() -> str:
    """Return the interpreter that runs this, its compiler, and what its configuration says of a profile.

    Distributions may build theirs with one and not say so there: Debian does.
    """
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    guided = f"with{'' if '--enable-optimizations' in options else 'out'} --enable-optimizations"
    name = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{name} ({platform.python_compiler()}, {guided})"
