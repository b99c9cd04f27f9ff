"""What can be said against an answer. A verdict's text is all that a learner sees of a failure."""

from collections.abc import Callable
from functools import cached_property
from typing import Any


class Verdict(AssertionError):
    """The answer under test is at fault, in words for the person who wrote it.

    `diagnose` finds the known mistakes that behave the same; it is called only when somebody
    reads the verdict, because a property test raises hundreds that nobody reads.
    """

    def __init__(self, told: str, diagnose: Callable[[], list[Any]] | None = None) -> None:
        super().__init__(told)
        self._diagnose = diagnose

    @cached_property
    def mistakes(self) -> list[Any]:
        """The known mistakes that this answer repeats."""
        return self._diagnose() if self._diagnose else []

    @property
    def diagnoses(self) -> list[str]:
        """What each of them is, in words."""
        return [mistake.diagnosis for mistake in self.mistakes]

    def in_full(self) -> str:
        """Return all that there is to say: what went wrong, and which mistake it is."""
        lines = [str(self)]
        for mistake in self.mistakes:
            also = " also" if len(lines) > 1 else ""
            lines.append(f"This is{also} what you get when you {mistake.diagnosis}.")
            if getattr(mistake, "right_for", ""):
                lines.append(f"It is right for {mistake.right_for}.")
        return "\n".join(lines)


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
