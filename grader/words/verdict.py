"""What can be said against an answer. A verdict's text is all that a learner sees of a failure."""

from collections.abc import Callable
from functools import cached_property


class Verdict(AssertionError):
    """The answer under test is at fault, in words for the person who wrote it.

    `diagnose` names the known mistakes that behave the same; it is called only when somebody
    reads the verdict, because a property test raises hundreds that nobody reads.
    """

    def __init__(self, told: str, diagnose: Callable[[], list[str]] | None = None) -> None:
        super().__init__(told)
        self._diagnose = diagnose

    @cached_property
    def diagnoses(self) -> list[str]:
        """The known mistakes that this answer repeats."""
        return self._diagnose() if self._diagnose else []

    def in_full(self) -> str:
        """Return all that there is to say: what went wrong, and which mistake it is."""
        sentences = [f"This is what you get when you {it}." for it in self.diagnoses]
        return "\n".join([str(self), *sentences])


class Mismatch(Verdict):
    """A result or a gradient that is not the expected one."""


class CutOff(Mismatch):
    """A result that no gradient can flow back from."""


class Accepted(Mismatch):
    """Bad input that was not refused, or refused in other words than the stub's."""


class Crashed(Verdict):
    """The answer raised where it should have returned."""


class Unfinished(Verdict):
    """The answer still raises NotImplementedError on a path that a test takes."""


class Forbidden(Verdict):
    """The answer called what it was asked to write."""


class Broken(Verdict):
    """The answer's file can't be loaded, or does not define what it should."""


class Stopped(Verdict):
    """The answer was stopped: out of time, out of memory, or out of its own room."""
