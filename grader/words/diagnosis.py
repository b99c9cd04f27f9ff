"""Which known mistake an answer repeats: the one that behaves as the answer does, on every input.

A mistake must come to the same on the call that failed, and on those that the answer got right.
Where several do, further calls part them: such on which the mistakes differ among themselves.
Those only choose. Their arguments may be such as nobody asks for, so they never exclude all.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import islice
from types import FrameType
from typing import Any

import torch

from grader.words.call import Call, Outcome
from grader.words.probes import Arguments, crossings, variants
from grader.words.verdict import Verdict

SOURCES = 8  # calls that further ones are derived from
EACH = 120  # calls derived from one
SECONDS = 2.0  # what all of it may take


def matches(call: Call, outcome: Outcome) -> list[Any]:
    """Return the known mistakes that behave like the answer."""
    mistakes = getattr(call.function, "mistakes", ())
    remembered = list(getattr(call.function, "remembered", ()))
    with torch.random.fork_rng(devices=[]):
        alike = [
            number
            for number in range(len(mistakes))
            if _behaves_alike(call, number, outcome)
            and all(_behaves_alike(right, number, came) for right, came in remembered)
        ]
        # A method changes its object: to call it again is to call another one.
        if len(alike) > 1 and not getattr(call.function, "has_state", False):
            alike = _parted(call, alike, outcome)
    return [mistakes[number] for number in alike]


def _behaves_alike(call: Call, number: int, outcome: Outcome) -> bool:
    other = _of_mistake(call, number, outcome)
    return other is not None and call.agrees(outcome, other)


def _of_mistake(call: Call, number: int, outcome: Outcome) -> Outcome | None:
    """Return what a mistake comes to where the answer came to that; None if it ends in a verdict.

    A method's mistakes are replays of their class up to that call: each call has its own.
    """
    _draw_as_for(outcome)
    try:
        with getattr(call.function, "watched", nullcontext)():
            return call.run(call.function.mistakes[number])
    except Verdict:
        return None


def _draw_as_for(outcome: Outcome) -> None:
    """Let torch's own generator stand where it stood for the answer."""
    if outcome.drawn is not None:
        torch.random.set_rng_state(outcome.drawn)


def _parted(call: Call, alike: list[int], outcome: Outcome) -> list[int]:
    """Keep those that go on as the answer does."""
    end = time.monotonic() + SECONDS
    for probe in _probes(call):
        if len(alike) == 1 or time.monotonic() > end:
            break
        with suppress(Exception):  # an input that nobody asks for may break anything: no news
            alike = _chosen(probe, alike, outcome, end)
    return alike


def _chosen(probe: Call, alike: list[int], outcome: Outcome, end: float) -> list[int]:
    """Keep those that do as the answer does on one more call, if they differ there."""
    with _until(end):
        others = [other for number in alike if (other := _of_mistake(probe, number, outcome))]
    if len(others) < len(alike) or not _differ(probe, others):
        return alike
    _draw_as_for(outcome)
    mine = probe.run(probe.function)
    if mine.error is not None and type(mine.error) is not type(outcome.error):
        return alike  # it may refuse what the mistakes don't look at
    behave = zip(alike, others, strict=True)
    return [number for number, o in behave if probe.agrees(mine, o)] or alike


def _differ(probe: Call, outcomes: list[Outcome]) -> bool:
    first, *rest = outcomes
    return any(not probe.agrees(first, other) for other in rest)


def _probes(call: Call) -> Iterator[Call]:
    """Yield calls like the one that failed, then calls like those that were right."""
    remembered = [right for right, _ in reversed(getattr(call.function, "remembered", ()))]
    sources = [c for c in (call, *remembered) if not c.is_large][:SOURCES]
    for source in sources:
        yield from _derived(source, islice(variants(_arguments(source)), EACH))
        for other in sources:
            if other is not source:
                yield from _derived(source, crossings(_arguments(source), _arguments(other)))


def _derived(source: Call, found: Iterator[Arguments]) -> Iterator[Call]:
    """Make calls of arguments; one that can't be made is left out."""
    needed = set(source.gradient.wrt) if source.gradient else set()
    gradient = replace(source.gradient, upstream=None) if source.gradient else None
    for arguments in found:
        places = [p for p in arguments if isinstance(p, int)]
        if needed <= arguments.keys() and places == list(range(len(places))):
            args = tuple(arguments[p] for p in places)
            kwargs = {p: v for p, v in arguments.items() if isinstance(p, str)}
            yield replace(source, args=args, kwargs=kwargs, gradient=gradient)


def _arguments(call: Call) -> Arguments:
    args, kwargs = call.arguments
    return {**dict(enumerate(args)), **kwargs}


@contextmanager
def _until(end: float) -> Iterator[None]:
    """Interrupt Python code that goes on too long: a mistake may never end on a strange input."""

    def look(frame: FrameType, event: str, arg: Any) -> Any:
        if time.monotonic() > end:
            raise TimeoutError("a known mistake takes too long")
        return look

    if sys.gettrace() is not None:  # somebody steps through it in a debugger
        yield
        return
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(None)
