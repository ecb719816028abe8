"""Why a provider did not answer: ours to report, and sometimes worth another try.

A provider that *refuses* (a wrong key, a bad request) has answered: that is an `Answer` with a status. A
`ProviderError` means that no answer could be had: nobody there, too slow, too busy, or not what we asked for.
"""

from __future__ import annotations

from herd.core.errors import HerdError


class ProviderError(HerdError):
    """A provider did not answer; the text is one line without any key.

    `status` is Google's word for it, `transient` says whether asking again may help, and `retry_after_s` is
    the wait that the provider asked for, in seconds.
    """

    def __init__(
        self,
        text: str,
        *,
        status: str = "UNKNOWN_ERROR",
        transient: bool = False,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.transient = transient
        self.retry_after_s = retry_after_s


class TimedOut(ProviderError):  # noqa: N818  # what happened, as Twisted names its own
    """A provider took longer than it was given."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the places provider took longer than {seconds:g} s", transient=True)
