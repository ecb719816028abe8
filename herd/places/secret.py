"""A provider's key: read from the environment or a file, shown to the provider and to nobody else.

The key is wrapped from the moment that it is read: no `repr`, log or error shows it, and what comes back from
a provider is scrubbed of it, as some servers quote a bad key in their complaint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from herd.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_SHORTEST: Final = 8
"""Less is no key; and scrubbing a text of a single letter would leave little of it."""

_HIDDEN: Final = "***"


class Key:
    """A secret of visible ASCII characters, at least eight."""

    __slots__ = ("_forms", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        # As it stands, and as it stands in an address.
        self._forms = tuple(dict.fromkeys((text, quote(text, safe=""), quote(text))))

    def __repr__(self) -> str:
        return f"Key({_HIDDEN})"

    def reveal(self) -> str:
        """Return the key itself, to be sent and dropped."""
        return self._text

    def scrub(self, text: str) -> str:
        """Return the text with the key hidden wherever it stands."""
        for form in self._forms:
            text = text.replace(form, _HIDDEN)
        return text

    def scrub_all(self, value: T) -> T:
        """Return a value of JSON with the key hidden in every text of it."""
        return self._scrubbed(value)  # type: ignore[no-any-return]  # the same shape as `value`

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, list):
            return [self._scrubbed(each) for each in value]
        if isinstance(value, dict):
            return {self.scrub(name): self._scrubbed(each) for name, each in value.items()}
        return value


def read_key(provider: str, options: Mapping[str, Any], environ: Mapping[str, str], default_env: str) -> Key:
    """Read the key from the file `key_file`, else from the variable `key_env`.

    A `ConfigError` says where it was looked for and how to give it.
    """
    if "key_file" in options:
        path = Path(str(options["key_file"])).expanduser()
        try:
            text = path.read_text(encoding="ascii").strip()
        except UnicodeDecodeError:
            raise ConfigError([f"places.{provider}.key_file: {path} holds no key: it is not ASCII"]) from None
        except OSError as error:
            raise ConfigError(
                [f"places.{provider}.key_file: {path} cannot be read: {error.strerror}"]
            ) from error
        where = str(path)
    else:
        variable = str(options.get("key_env", default_env))
        text = environ.get(variable, "").strip()
        where = f"the environment variable {variable}"
        if not text:
            raise ConfigError(
                [f"places.{provider}: {where} holds no key; set it, or name a file with the option key_file"]
            )
    if len(text) < _SHORTEST or any(not "!" <= char <= "~" for char in text):
        raise ConfigError(
            [f"places.{provider}: {where} holds no key: eight visible characters or more, one line"]
        )
    return Key(text)
