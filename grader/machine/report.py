"""How a failure reads to the person who wrote the answer: no test source, no framework word."""

import traceback
from pathlib import Path

import pytest

from grader.machine.subject import Subject
from grader.words.show import sentence
from grader.words.verdict import Stopped, Verdict


def for_learner(
    excinfo: pytest.ExceptionInfo | None, subject: Subject, hints: tuple[str, ...] = ()
) -> str:
    """Return the text of a failure."""
    if excinfo is None:
        return "failed"
    error = _cause(excinfo.value)
    told = error.in_full() if isinstance(error, Verdict) else _of_unexpected(error, subject)
    lines = [wrapped(line) for line in told.split("\n")]
    return "\n".join([*lines, *(sentence(f"Hint: {hint}") for hint in hints)])


def title(test: str, subject: Subject) -> str:
    """Return the headline of a failure: the exercise, and the sentence that isn't true of it."""
    return f"{subject.name}: {test.removeprefix('test_').replace('_', ' ')}"


def wrapped(line: str) -> str:
    """Keep a line of a failure within 80 columns."""
    return line if len(line) <= 80 else sentence(line)


def _cause(error: BaseException) -> BaseException:
    """Return the stop behind an error: out of time once, an answer is so ever after, at once.

    Hypothesis, which calls it again, takes that for another result.
    """
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next((e for e in map(_cause, inner) if isinstance(e, Stopped)), error)


def _of_unexpected(error: BaseException, subject: Subject) -> str:
    """Tell of an error that is no verdict: the answer's own, or one between it and the test."""
    name = type(error).__name__
    if name.startswith("Flaky"):
        return f"{subject.name} gave different results for the same arguments."
    own = str(subject.path or "")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if own and f.filename == own]
    where = [f"{Path(f.filename).name}:{f.lineno}: {f.line}" for f in reversed(frames[-3:])]
    return "\n".join([f"{subject.name} raised {name}: {error}", *where])
