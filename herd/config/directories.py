"""Where a herd keeps its control sockets, logs and journals.

`state` in the file, else `$HERD_STATE`, else `$XDG_STATE_HOME/herd/<herd name>`, else
`~/.local/state/herd/<herd name>`. A relative path of the file is relative to the file's directory, so that a
configuration means the same from wherever it is used; the result is always absolute, as a daemon leaves the
directory that it was started in.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def state_directory(name: str, given: Path | None, base: Path, environ: Mapping[str, str]) -> Path:
    """Return the state directory of the herd `name`, whose file, in `base`, says `given`."""
    if given is not None:
        return resolve(given, base, environ)
    if environ.get("HERD_STATE"):
        return resolve(Path(environ["HERD_STATE"]), Path.cwd(), environ)
    xdg = Path(environ.get("XDG_STATE_HOME", ""))
    # The XDG specification: a relative path there is to be ignored.
    root = xdg if xdg.is_absolute() else _home(environ) / ".local" / "state"
    return root / "herd" / name


def resolve(path: Path, base: Path, environ: Mapping[str, str]) -> Path:
    """Return `path` made absolute: `~` is the home directory, anything relative starts at `base`."""
    if path.parts[:1] == ("~",):
        return _home(environ).joinpath(*path.parts[1:])
    return base.absolute() / path.expanduser()


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]).absolute() if environ.get("HOME") else Path.home()
