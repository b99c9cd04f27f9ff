"""The answer under test: found at its first call, guarded, and never let near the solutions."""

import builtins
import importlib.util
import inspect
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.machine.guard import forbidding
from grader.machine.paths import folder
from grader.words.check import Call, Outcome, clone
from grader.words.exercise import Exercise
from grader.words.verdict import Broken, Forbidden

HIDDEN = ("solutions", "tests")  # what a learner's code can't import


@dataclass(eq=False, repr=False)
class Subject:
    """An exercise's answer, as the tests call it."""

    chapter: str
    name: str
    label: str  # "exercises", "solutions", "right-NAME", "wrong-NAME", or a folder
    exercise: Exercise
    mistakes: tuple[Any, ...] = ()
    path: Path | None = None  # the file that it is in, unless it is in the hidden test file
    answer: Any = None  # a @wrong or @right answer
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
        if inspect.isclass(self.bare):
            return Instance(self, self._construct, args, kwargs)
        with self.guard():
            return self._typed(*args, **kwargs)

    def untyped(self, *args: object, **kwargs: object) -> Any:
        """Call the answer without checking its annotations, as bad input is told by itself."""
        with self.guard():
            return self.bare(*args, **kwargs)

    def guard(self) -> Any:
        """Forbid what the exercise forbids; a known wrong answer may take any short cut."""
        forbidden = () if self.label.startswith("wrong-") else self.exercise.forbid
        return forbidding(forbidden, self.exercise.instead)

    def guard_backward(self) -> Any:
        """Forbid the same while the test itself differentiates the answer.

        What the engine runs by itself, the backward of an operation that is allowed, is allowed.
        """
        forbidden = () if self.label.startswith("wrong-") else self.exercise.forbid
        names = tuple(n for n in forbidden if n != "autograd" and "backward" not in n)
        return forbidding(names, self.exercise.instead)

    def watched(self) -> Any:
        """Run a known mistake as the answer is run: torch may compute otherwise while watched."""
        watches = self.exercise.forbid and not self.label.startswith("wrong-")
        return forbidding(("nothing",) if watches else (), self.exercise.instead)

    def remember(self, call: Call, outcome: Outcome) -> None:
        """Keep a call that the answer got right: a mistake that errs there isn't the learner's."""
        if not call.is_large:  # it would be run again for every mistake
            self.remembered.append((call, outcome))

    @property
    def key(self) -> tuple[str, str, str]:
        """Name it in a report."""
        return self.chapter, self.name, self.label

    @cached_property
    def bare(self) -> Any:
        """The function or class itself, loaded at the first call."""
        if self.answer is not None:
            return self.answer
        return load(self.path, self.name, {} if self.label == "solutions" else self._hidden())

    def _hidden(self) -> dict[str, str]:
        """Return the modules that a learner's file can't import, each with what to say of it."""
        told = {module: f"an exercise can't import `{module}`" for module in HIDDEN}
        modules = (name for name in self.exercise.forbid if "." in name)
        return told | {m: f"{m} is not allowed here: {self.exercise.instead}" for m in modules}

    @cached_property
    def _typed(self) -> Any:
        return typed(self.bare) if self.label == "solutions" else self.bare

    def _construct(self, answer: Any = None) -> Any:
        return self._typed if answer is None else answer


class Instance:
    """An object that the answer's class made; its methods are answers under test as well."""

    def __init__(self, subject: Subject, make: Callable, args: Any, kwargs: Any) -> None:
        self._subject: Subject = subject
        self._args: Any = clone(args)
        self._kwargs: Any = clone(kwargs)
        self._calls: list[tuple[str, Any, Any]] = []
        with subject.guard():
            self._object = make()(*args, **kwargs)

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._object, attribute)
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
        with self.guard():
            return getattr(self._instance._object, self._attribute)(*args, **kwargs)


def _later(instance: Instance, mistake: Any, attribute: str, done: int) -> Any:
    def replay(*args: object, **kwargs: object) -> Any:
        return getattr(instance.replayed(mistake, done), attribute)(*args, **kwargs)

    replay.diagnosis = mistake.diagnosis  # type: ignore[attr-defined]
    return replay


def subjects(module: ModuleType, target: str) -> tuple[str, list[Subject]]:
    """Return the name of a hidden test file's exercise, and what to run its tests against."""
    path = Path(module.__file__ or "")
    chapter, name = path.parent.name, path.stem.removeprefix("test_")
    wrong, right = answers(module, "diagnosis"), answers(module, "style")
    make = partial(Subject, chapter, name, exercise=module.EXERCISE, mistakes=tuple(wrong))
    found = []
    for word in target.split(","):
        if word in ("wrong", "right"):
            chosen = wrong if word == "wrong" else right
            found += [make(f"{word}-{a.__name__}", answer=a) for a in chosen]
        else:
            found.append(make(word, path=folder(word) / chapter / f"{name}.py"))
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


def load(path: Path | None, name: str, hidden: dict[str, str] | None = None) -> Any:
    """Run an answer's file, and return the function or the class that it defines."""
    if path is None or not path.exists():
        raise Broken(f"there is no file {_tail(path)}")
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}.{name}", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    if hidden:
        module.__builtins__ = _without(hidden)  # type: ignore[attr-defined]
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 (it is the learner's own module)
    except Forbidden:
        raise
    except SyntaxError as error:
        raise Broken(f"{_tail(path)}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise Broken(f"{_tail(path)} can't be loaded: {type(error).__name__}: {error}") from error
    for wanted in (name, camel(name)):
        if hasattr(module, wanted):
            return getattr(module, wanted)
    raise Broken(f"{_tail(path)} defines no `{name}`")


def camel(name: str) -> str:
    """Return the name of the class of an exercise: `adam_w` asks for `AdamW`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _without(hidden: dict[str, str]) -> dict[str, Any]:
    """Return Python's builtins with an import statement that refuses these modules."""

    def limited(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        asked = {name, *(f"{name}.{part}" for part in fromlist or ())}
        for module, told in hidden.items():
            if any(each == module or each.startswith(f"{module}.") for each in asked):
                raise Forbidden(told)
        return builtins.__import__(name, globals, locals, fromlist, level)

    return {**vars(builtins), "__import__": limited}


def hide_from_imports() -> None:
    """Make `importlib` as blind as the import statement, once the tests are collected."""
    for name in [n for n in sys.modules if n.partition(".")[0] in HIDDEN]:
        del sys.modules[name]
    for package in HIDDEN:
        sys.modules[package] = None  # type: ignore[assignment]


def _tail(path: Path | None) -> str:
    return "/".join(path.parts[-3:]) if path else "for this exercise"
