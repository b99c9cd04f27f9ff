"""What an answer does beside returning something, looked at like a result."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def through(answer: Any, call: Callable) -> Callable:
    """Return the function `call(answer, ...)`, which is checked, and tells mistakes, as `answer`."""

    def seen(*args: object, **kwargs: object) -> Any:
        return call(answer, *args, **kwargs)

    seen.__name__ = answer.__name__
    mistakes = getattr(answer, "mistakes", ())
    seen.mistakes = tuple(wraps(m)(through(m, call)) for m in mistakes)  # type: ignore[attr-defined]
    return seen


def effect(answer: Any, of: Callable) -> Callable:
    """Return a function that calls the answer, and returns `of` of the same arguments.

    `check(effect(step, lambda w: w.grad is None), w, want=True)`
    """

    def call(answer: Callable, *args: object, **kwargs: object) -> Any:
        answer(*args, **kwargs)
        return of(*args, **kwargs)

    return through(answer, call)
