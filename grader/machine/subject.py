"""What the hidden tests call: an answer under test, with the mistakes that are known of it."""

import importlib.util
import inspect
import sys
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

from grader.machine import catalogue
from grader.machine.answer import Answer
from grader.machine.guard import forbidding
from grader.machine.limits import Clock
from grader.machine.paths import OWN_TARGETS, folder
from grader.words.call import Call, Outcome, clone
from grader.words.exercise import Exercise
from grader.words.verdict import Mismatch, Stopped, Verdict

if TYPE_CHECKING:
    from grader.machine.isolated import AnswerApart

HIDDEN = ("solutions", "tests")  # what no answer finds among the loaded modules


@dataclass(eq=False, repr=False)
class Subject:
    """An exercise's answer, as the tests call it."""

    chapter: str
    name: str
    label: str  # "exercises", "solutions", "right-NAME", "wrong-NAME", or a folder
    exercise: Exercise
    mistakes: tuple[Any, ...] = ()
    path: Path | None = None  # the file that it is in, unless it is in the hidden test file
    given: Any = None  # a @wrong or @right answer
    apart: bool = False  # whether it runs in a process of its own
    remembered: deque = field(default_factory=lambda: deque(maxlen=64))

    @property
    def __name__(self) -> str:  # what a traceback or a parametrisation shows
        return self.name

    def __repr__(self) -> str:  # Hypothesis writes it into its reports
        return f"<{self.label}/{self.chapter}/{self.name}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the answer as its author wrote it; a class gives an instance to call methods of."""
        if self.label == "solutions" and not self.answer.is_class:
            with self.guard(), self.without_default_device(args, kwargs):
                return self._typed(*args, **kwargs)
        if self.answer.is_class:
            return Instance(self, args, kwargs)
        return self.answer.call(*args, **kwargs)

    def untyped(self, *args: object, **kwargs: object) -> Any:
        """Call the answer without checking its annotations, as bad input is told by itself."""
        if self.answer.is_class:
            return self.answer.make(args, kwargs)
        return self.answer.call(*args, **kwargs)

    @cached_property
    def answer(self) -> "Answer | AnswerApart":
        """What runs it: in this process, or in one of its own."""
        free = self.label.startswith("wrong-")
        about: dict[str, Any] = {
            "name": self.name,
            "path": self.path,
            "forbid": () if free else self.exercise.forbid,
            "instead": self.exercise.instead,
        }
        if self.apart:
            from grader.machine.isolated import AnswerApart

            return AnswerApart(**about)
        made = Answer(**about, given=self.given, is_learners=self.is_learners)
        if self.label == "solutions" and made.is_class:
            typed(made.value)
        return made

    @property
    def is_learners(self) -> bool:
        """Whether somebody is graded by it."""
        return self.given is None and self.label not in OWN_TARGETS[1:]

    @property
    def bare(self) -> Any:
        """The function or class itself, loaded at the first call."""
        return self.answer.value

    def without_default_device(self, *arguments: Any) -> Any:
        """Run a solution so that what it makes on the default device doesn't go with its arguments.

        On a GPU it wouldn't either: a solution makes its tensors where its arguments are. Where a
        test hands over a function, that one may use the default device.
        """
        leaves = tree_leaves(arguments)
        is_placed = any(isinstance(leaf, torch.Tensor | torch.Generator) for leaf in leaves)
        free = self.label != "solutions" or not is_placed or any(map(callable, leaves))
        return nullcontext() if free else torch.device("meta")

    def guard(self) -> Any:
        """Run a block as the answer's code; a known wrong answer may take any short cut."""
        return self.answer.guard()

    def guard_backward(self) -> Any:
        """Run a block in which the test itself differentiates the answer."""
        return self.answer.guard(backward=True)

    def watched(self) -> Any:
        """Run a known mistake as the answer is run: torch may compute otherwise while watched."""
        watches = self.exercise.forbid and not self.label.startswith("wrong-")
        return forbidding(("nothing",) if watches else (), self.exercise.instead)

    def remember(self, call: Call, outcome: Outcome) -> None:
        """Keep a call that the answer got right: a mistake that errs there isn't the learner's."""
        if call.is_large:  # it would be run again for every mistake
            return
        if call.function is not self:  # an object may return a part of itself, and change it later
            outcome = replace(outcome, value=clone(outcome.value))
        self.remembered.append((call, outcome))

    @property
    def key(self) -> tuple[str, str, str]:
        """Name it in a report."""
        return self.chapter, self.name, self.label

    @cached_property
    def _typed(self) -> Any:
        return typed(self.answer.value)

    def unsteady(self) -> Verdict | None:
        """Call the answer once more on what it got right, the last first; say where it differs.

        One that runs apart does so in a fresh process: it can't know what it was asked before. A
        slow one is asked what there is time for: it has kept to the limit of each check.
        """
        self.answer.end()
        clock = self.answer.clock = Clock(self.answer.clock.seconds)
        for call, outcome in reversed(self.remembered):
            if call.function is not self:
                continue
            try:
                again = call.run(self)
            except Stopped:
                if clock.seconds and clock.left <= 0:
                    return None
                raise
            if not call.agrees(outcome, again):
                told = "gave another result when it was called again with the same arguments"
                return Mismatch(f"{call}\n{told}")
        return None


class Instance:
    """An object that the answer's class made; its methods are answers under test as well."""

    def __init__(self, subject: Subject, args: Any, kwargs: Any) -> None:
        self._subject: Subject = subject
        self._args: Any = clone(args)
        self._kwargs: Any = clone(kwargs)
        self._calls: list[tuple[str, Any, Any]] = []
        with subject.without_default_device(args, kwargs):
            self._object = subject.answer.make(args, kwargs)

    def __getattr__(self, attribute: str) -> Any:
        value = self._subject.answer.get(self._object, attribute)
        return Method(self, attribute) if callable(value) else value

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the object, if its class lets it be called."""
        return Method(self, "__call__")(*args, **kwargs)

    def replayed(self, answer: Any, calls: int) -> Any:
        """Make the same object of another class, and bring it to the same state."""
        args, kwargs = clone((self._args, self._kwargs))
        other = answer(*args, **kwargs)
        for attribute, args, kwargs in clone(self._calls[:calls]):
            getattr(other, attribute)(*args, **kwargs)
        return other


class Method:
    """A method of an instance under test; known mistakes are replayed up to the same state."""

    has_state = True  # calling it once more would change the object

    def __init__(self, instance: Instance, attribute: str) -> None:
        subject = instance._subject
        self._instance, self._attribute = instance, attribute
        self.name = f"{subject.name}(...).{attribute}" if attribute != "__call__" else "it"
        self.path, self.guard = subject.path, subject.guard
        self.guard_backward, self.watched = subject.guard_backward, subject.watched
        self.remember, self.remembered = subject.remember, subject.remembered
        done = len(instance._calls)
        self.mistakes = tuple(_later(instance, m, attribute, done) for m in subject.mistakes)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the method, and remember it for the replay."""
        self._instance._calls.append((self._attribute, *clone((args, kwargs))))
        subject = self._instance._subject
        with subject.without_default_device(args, kwargs):
            return subject.answer.send(self._instance._object, self._attribute, args, kwargs)


def _later(instance: Instance, mistake: Any, attribute: str, done: int) -> Any:
    def replay(*args: object, **kwargs: object) -> Any:
        return getattr(instance.replayed(mistake, done), attribute)(*args, **kwargs)

    replay.diagnosis = mistake.diagnosis  # type: ignore[attr-defined]
    replay.right_for = mistake.right_for  # type: ignore[attr-defined]
    return replay


def hidden_tests(name: str) -> ModuleType:
    """Run the hidden test file of an exercise, for what it declares."""
    path = catalogue.paths()[name]
    spec = importlib.util.spec_from_file_location(f"hidden_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def subjects(module: ModuleType, target: str, apart: bool = False) -> tuple[str, list[Subject]]:
    """Return the name of a hidden test file's exercise, and what to run its tests against.

    Learners' answers run in processes of their own if they are to be kept `apart`.
    """
    path = Path(module.__file__ or "")
    chapter, name = path.parent.name, path.stem.removeprefix("test_")
    wrong, right = answers(module, "diagnosis"), answers(module, "style")
    make = partial(Subject, chapter, name, exercise=module.EXERCISE, mistakes=tuple(wrong))
    found = []
    for word in target.split(","):
        if word in ("wrong", "right"):
            chosen = wrong if word == "wrong" else right
            found += [make(f"{word}-{a.__name__}", given=a) for a in chosen]
        else:
            subject = make(word, path=folder(word) / chapter / f"{name}.py")
            subject.apart = apart and subject.is_learners
            found.append(subject)
    return name, found


def answers(module: ModuleType, mark: str) -> list[Any]:
    """Return the functions and classes of a hidden test file that carry a mark, in its order."""
    return [value for value in vars(module).values() if mark in getattr(value, "__dict__", {})]


def typed(answer: Any) -> Any:
    """Check an answer's annotations as it runs: those that learners read are proved true here."""
    from beartype import BeartypeConf, beartype
    from jaxtyping import jaxtyped

    checker = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as in Python
    if inspect.isclass(answer):
        for name, method in vars(answer).copy().items():
            if inspect.isfunction(method):
                setattr(answer, name, jaxtyped(method, typechecker=checker))
        return answer
    return jaxtyped(answer, typechecker=checker)


def hide_from_imports() -> None:
    """Make `importlib` as blind as the import statement, once the tests are collected."""
    for name in [n for n in sys.modules if n.partition(".")[0] in HIDDEN]:
        del sys.modules[name]
    for package in HIDDEN:
        sys.modules[package] = None  # type: ignore[assignment]
