"""What a hidden test file declares: the exercise, its claims, its wrong and its right answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

LEVELS = ("warm-up", "core", "hard")
KINDS = ("implement", "derive", "refute", "repair", "predict", "speed")


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise's metadata; its name and chapter are its path, its claims those of its tests.

    Written with literals only, so that it can be read without running the file.
    """

    level: str  # one of LEVELS
    kind: str = "implement"  # one of KINDS
    after: tuple[str, ...] = ()  # the exercises to do first
    forbid: tuple[str, ...] = ()  # torch operations, "autograd", or dotted names ("torch.optim")
    instead: str = ""  # what to write oneself; said to whoever calls something forbidden
    hints: tuple[str, ...] = ()  # the vaguest first; the last may be the formula

    def __post_init__(self) -> None:
        """Refuse a declaration that no later step could use."""
        for field, allowed in (("level", LEVELS), ("kind", KINDS)):
            if getattr(self, field) not in allowed:
                raise ValueError(f"{field} is {getattr(self, field)!r}, but must be in {allowed}")
        for field in ("after", "forbid", "hints"):
            if not isinstance(getattr(self, field), tuple):
                raise TypeError(f"{field} is {getattr(self, field)!r}, but must be a tuple")
        if self.forbid and not self.instead:
            raise ValueError("instead is empty, but forbid is not: say what to write oneself")


def claim(*ids: str) -> pytest.MarkDecorator:
    """Mark a test as evidence for these claims of the notes."""
    return pytest.mark.claim(*ids)


def counterexample(*ids: str) -> pytest.MarkDecorator:
    """Mark a test that runs these claims as the notes write them, and shows where they fail."""
    return pytest.mark.counterexample(*ids)


gpu = pytest.mark.gpu
slow = pytest.mark.slow


def wrong(
    diagnosis: str, *, right_for: str = "", accepts_bad_input: bool = False
) -> Callable[[Any], Any]:
    """Mark a function or class of a hidden test file as a known wrong answer.

    `diagnosis` completes "This is what you get when you ...". The answer serves three times: the
    suite proves that some test rejects it, the kill matrix shows which tests tell it from others,
    and a learner whose results equal its results is told the diagnosis.

    An answer that follows another convention says so in `right_for`, which completes "It is right
    for ...": "the population variance; here it is the sample's, which divides by n - 1".

    Wrong answers may leave out the checks of their arguments, so a test that only asks for an error
    proves nothing against them, unless the mistake is that it `accepts_bad_input`.
    """
    if right_for and "; here " not in right_for:
        raise ValueError(f"right_for is {right_for!r}, but must end in '; here ...'")

    def mark(answer: Any) -> Any:
        answer.diagnosis, answer.accepts_bad_input = diagnosis, accepts_bad_input
        answer.right_for = right_for
        return answer

    return mark


def right(style: str) -> Callable[[Any], Any]:
    """Mark a function or class of a hidden test file as another honest answer, in this `style`.

    Every test must accept it; a learner who is done can read it.
    """

    def mark(answer: Any) -> Any:
        answer.style = style
        return answer

    return mark
