"""What an answer does beside returning something, looked at like a result."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def effect(answer: Any, of: Callable) -> Callable:
    """Return a function that calls the answer, and returns `of` of the same arguments.

    It is checked as the answer is, and tells the same mistakes:
    `check(effect(step, lambda w: w.grad is None), w, want=True)`.
    """

    def seen(*args: object, **kwargs: object) -> Any:
        answer(*args, **kwargs)
        return of(*args, **kwargs)

    seen.__name__ = answer.__name__
    mistakes = getattr(answer, "mistakes", ())
    seen.mistakes = tuple(wraps(m)(effect(m, of)) for m in mistakes)  # type: ignore[attr-defined]
    return seen
