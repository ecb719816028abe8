"""The herd's secret, by which neighbors on `tcp:` links prove that they belong together.

It is read when a server starts, never before: a configuration names only where it is, so it can be shown,
checked and copied anywhere. Nothing here ever puts the secret, or a part of it, into a message.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from herd.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from herd.config.model import Config

MIN_SECRET_BYTES: Final = 16
"""Who has heard one handshake can try secrets at home, so one must be too long to be guessed: 128 bits."""

MAX_SECRET_BYTES: Final = 65_536
"""A file that is larger was named by mistake, and is not read for ever."""


def link_secret(config: Config, environ: Mapping[str, str]) -> bytes | None:
    """Return the secret of the herd's links, None if the configuration names none.

    A `ConfigError` says where it was looked for and how to give it.
    """
    links = config.links
    if links.secret_file is not None:
        where = f"links.secret_file: {links.secret_file}"
        return _long_enough(_from_file(links.secret_file, where), where)
    if links.secret_env is not None:
        where = f"links.secret_env: the environment variable {links.secret_env}"
        text = environ.get(links.secret_env)
        if text is None:
            raise ConfigError([f"{where} is not set; it must hold the secret that all servers share"])
        return _long_enough(os.fsencode(text), where)
    return None


def _from_file(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            secret = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ConfigError([f"{where} cannot be read: {error.strerror or error}"]) from None
    if len(secret) > MAX_SECRET_BYTES:
        raise ConfigError([f"{where} is larger than {MAX_SECRET_BYTES} bytes, so it is no secret"])
    return secret


def _long_enough(secret: bytes, where: str) -> bytes:
    """Return a secret without the newline at its end, which editors add and shells take away."""
    secret = secret.removesuffix(b"\n").removesuffix(b"\r")
    if len(secret) < MIN_SECRET_BYTES:
        message = f"{where} holds less than {MIN_SECRET_BYTES} bytes; `openssl rand -hex 32` makes a secret"
        raise ConfigError([message])
    return secret
