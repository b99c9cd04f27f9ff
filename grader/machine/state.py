"""What all code of a process shares, and an answer must leave as it found it.

Switches (torch's default dtype, the working directory ...) are compared after every call: the next
oracle would compute with them. Names that other code relies on (torch's, Python's, the grader's
own) are compared after every test. Both are put back, and told. Random states are put back
silently: who draws from them has not harmed anybody.
"""

import builtins
import gc
import math
import operator
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import isclass
from typing import Any

import numpy as np
import torch

from grader.words.verdict import Stopped

# Bound now: whoever replaces these names must not blind who looks for replaced names.
TORCHS_OWN = os.path.dirname(torch.__file__) + os.sep
_all, _map, _zip, _is = all, map, zip, operator.is_


@dataclass(frozen=True)
class Switch:
    """One setting of the process."""

    name: str
    read: Callable[[], Any]
    put: Callable[[Any], Any]
    told: bool = True  # or put back silently: libraries move it while they are imported


def _put_warnings(filters: list) -> None:
    warnings.filters[:] = filters  # type: ignore[index]


def _environment() -> dict:
    return dict(getattr(os.environ, "_data", os.environ))  # undecoded: it's read at every call


def _put_environment(environment: dict) -> None:
    os.environ.clear()
    os.environ.update({os.fsdecode(k): os.fsdecode(v) for k, v in environment.items()})


def _put_streams(streams: tuple) -> None:
    sys.stdin, sys.stdout, sys.stderr = streams


def _put_collector(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()


def _put_path(path: list[str]) -> None:
    sys.path[:] = path


SWITCHES = (
    Switch("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    Switch("torch's grad mode", torch.is_grad_enabled, torch.set_grad_enabled),
    Switch("torch's default device", torch.get_default_device, torch.set_default_device),
    Switch("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
    Switch(
        "torch's deterministic flag",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    Switch("the working directory", os.getcwd, os.chdir),
    Switch("the environment variables", _environment, _put_environment, False),
    Switch("the warnings filters", lambda: list(warnings.filters), _put_warnings, False),
    Switch("the import path", lambda: list(sys.path), _put_path),
    Switch("the standard streams", lambda: (sys.stdin, sys.stdout, sys.stderr), _put_streams),
    Switch("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Switch("the garbage collector", gc.isenabled, _put_collector),
)


@contextmanager
def unchanged() -> Iterator[None]:
    """Put back each switch that the block moved, and say which it was."""
    before = [switch.read() for switch in SWITCHES]
    try:
        with undrawn():
            yield
    finally:
        moved = [_moved(s, value) for s, value in zip(SWITCHES, before, strict=True)]
        told = next((sentence for sentence in moved if sentence), None)
        if told:
            raise Stopped(told)


@contextmanager
def undrawn() -> Iterator[None]:
    """Put torch's generator back to where it was.

    Whoever draws from it draws the same at each call: so a known mistake can be told by its draws.
    """
    drawn = torch.random.get_rng_state()
    try:
        yield
    finally:
        torch.random.set_rng_state(drawn)


def _moved(switch: Switch, before: Any) -> str | None:
    try:
        now = switch.read()
    except OSError:  # a working directory that is gone
        now = None
    if type(now) is type(before) and now == before:
        return None
    switch.put(before)
    if not switch.told:
        return None
    return f"changed {switch.name} and left it changed{_from_to(before, now)}"


def _from_to(before: Any, now: Any) -> str:
    plain = (bool, int, str, torch.dtype, torch.device)
    return f": {before} became {now}" if isinstance(now, plain) else ""


@contextmanager
def reseeded() -> Iterator[None]:
    """Put back the random states that a test may leave behind."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@dataclass(frozen=True)
class Space:
    """A module's or a class's names, as they were before any answer ran."""

    told: str
    home: Any
    names: tuple[str, ...]
    values: tuple[Any, ...]
    size: int
    behind: frozenset[str]  # what a new name here would hide: builtins, or what a class inherits

    def restore(self) -> Iterator[str]:
        """Put back each name that stands for something else; yield it."""
        now = vars(self.home)
        if len(now) != self.size:
            for name in (now.keys() & self.behind) - {*self.names}:
                delattr(self.home, name)
                yield f"{self.told}.{name}"
        if not _all(_map(_is, _map(now.get, self.names), self.values)):
            for name, value in _zip(self.names, self.values, strict=True):
                if now.get(name) is not value:
                    new = now.get(name)
                    setattr(self.home, name, value)
                    if not _wraps(new, value):
                        yield f"{self.told}.{name}"


def _wraps(new: Any, original: Any) -> bool:
    """Whether torch itself has put a wrapper around its function, as its compiler does on import."""
    file = getattr(getattr(new, "__code__", None), "co_filename", "")
    is_torchs = file.startswith(TORCHS_OWN)
    return is_torchs and getattr(new, "__wrapped__", None) is original


def _space(told: str, home: Any) -> Space:
    held = {k: v for k, v in vars(home).items() if callable(v)}
    bases = home.__mro__[1:] if isclass(home) else (builtins,)
    behind = {name for base in bases for name in vars(base)} - vars(home).keys()
    return Space(told, home, (*held,), (*held.values(),), len(vars(home)), frozenset(behind))


@cache
def _spaces() -> tuple[Space, ...]:
    """Remember what the names that others rely on stand for, before any answer has run."""
    import pytest

    homes: list[tuple[str, Any]] = [("builtins", builtins), ("math", math), ("operator", operator)]
    homes += [("torch", torch), ("Tensor", torch.Tensor), ("TensorBase", torch._C.TensorBase)]
    homes += [(f"torch.{part}", getattr(torch, part)) for part in ("autograd", "linalg", "testing")]
    homes += [("torch.nn.functional", torch.nn.functional), ("torch.special", torch.special)]
    homes += [("pytest", pytest), ("os", os)]
    homes += [(part.__name__, part) for part in (pytest.TestReport, pytest.CallInfo)]
    own = [(n, m) for n, m in sys.modules.items() if n.partition(".")[0] == "grader" and m]
    homes += own
    homes += [
        (f"{name}.{value.__name__}", value)
        for name, module in own
        for value in list(vars(module).values())
        if isclass(value) and value.__module__ == name
    ]
    return tuple(_space(told, home) for told, home in homes)


def remember_names() -> None:
    """Look at all names now, before the first answer is loaded."""
    _spaces()


def restored_names() -> list[str]:
    """Put back the names that stand for something else now; return them."""
    return [name for space in _spaces() for name in space.restore()]
