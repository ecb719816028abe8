"""The secret of the links: read when a server starts, shown nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.config.model import Config

MIN_SECRET_BYTES: Final = 16
"""A proof can be tried against guesses by who has heard one: 128 random bits cannot be guessed."""


def link_secret(config: Config, environ: Mapping[str, str]) -> bytes | None:
    """Return the secret that the configuration names, None if it names none; a `HerdError` if it cannot be used."""
    links = config.links
    if links.secret_env is not None:
        where = f"the environment variable {links.secret_env}"
        secret = environ.get(links.secret_env, "").encode()
        if not secret:
            raise HerdError(f"{where}, the secret of the links, is not set")
    elif links.secret_file is not None:
        where = str(links.secret_file)
        try:
            secret = links.secret_file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise HerdError(f"cannot read {where}, the secret of the links: {error.strerror}") from None
    else:
        return None
    if len(secret) < MIN_SECRET_BYTES:
        raise HerdError(f"{where}: the secret of the links has less than {MIN_SECRET_BYTES} bytes")
    return secret
