"""The answer itself, in the process that runs it: loaded at its first call, run in custody."""

import builtins
import importlib.util
import inspect
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.machine.custody import custody
from grader.machine.fence import is_hidden
from grader.machine.guard import forbidding
from grader.machine.limits import Clock
from grader.machine.state import undrawn
from grader.words.verdict import Broken, Forbidden, Verdict

HIDDEN = ("solutions", "tests", "grader")  # what a learner's code can't import
NO_LIMIT = Clock(0)


@dataclass(eq=False)
class Answer:
    """A function or class under test, and what it may not do while it runs."""

    name: str
    path: Path | None = None  # the file that it is in
    given: Any = None  # the function or class, where the hidden test file holds it
    is_learners: bool = True
    forbid: tuple[str, ...] = ()
    instead: str = ""
    clock: Clock = field(default=NO_LIMIT)

    @cached_property
    def value(self) -> Any:
        """The function or class, loaded at the first call; a file that breaks once stays broken."""
        if self.given is not None:
            return self.given
        if self.is_learners and self.path is not None and is_hidden(self.path):
            raise Broken(f"{_tail(self.path)} is a link to what is hidden")
        with self._custody():
            return load(self.path, self.name, self._hidden() if self.is_learners else {})

    @property
    def is_class(self) -> bool:
        """Whether it makes objects, whose methods are under test."""
        return inspect.isclass(self.value)

    def make(self, args: Any, kwargs: Any) -> Any:
        """Return an object of the class."""
        with self.guard():
            return self.value(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        value = self.value
        with self.guard():
            return value(*args, **kwargs)

    def get(self, target: Any, attribute: str) -> Any:
        """Return an attribute of an object that the class made."""
        with self.guard():
            return getattr(target, attribute)

    def send(self, target: Any, attribute: str, args: Any, kwargs: Any) -> Any:
        """Call a method of an object that the class made."""
        with self.guard():
            return getattr(target, attribute)(*args, **kwargs)

    def end(self) -> None:
        """Nothing ends here: the answer lives in the grader's own process."""

    @contextmanager
    def guard(self, backward: bool = False) -> Iterator[None]:
        """Run the block as the answer's code.

        While a test differentiates an answer, autograd itself is allowed, and what the engine runs.
        """
        names = self.forbid
        if backward:
            names = tuple(n for n in names if n != "autograd" and "backward" not in n)
        with self._custody(), forbidding(names, self.instead):
            yield

    def _custody(self) -> AbstractContextManager[None]:
        if self.given is not None:
            return self._trusted()
        if not self.is_learners or self.path is None:
            return nullcontext()
        return custody(self.path, self.clock)

    @contextmanager
    def _trusted(self) -> Iterator[None]:
        """Run a known answer: nothing to fear of it, but that it never ends."""
        with undrawn(), self.clock.running():
            yield

    def _hidden(self) -> dict[str, str]:
        """Return the modules that a learner's file can't import, each with what to say of it."""
        told = {module: f"an exercise can't import `{module}`" for module in HIDDEN}
        modules = (name for name in self.forbid if "." in name)
        return told | {m: f"{m} is not allowed here: {self.instead}" for m in modules}


def load(path: Path | None, name: str, hidden: dict[str, str] | None = None) -> Any:
    """Run an answer's file, and return the function or the class that it defines."""
    if path is None or not path.is_file():
        raise Broken(f"there is no file {_tail(path)}")
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}.{name}", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    if hidden:
        module.__builtins__ = _without(hidden)  # type: ignore[attr-defined]
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 (it is the learner's own module)
    except Verdict:
        raise
    except SyntaxError as error:
        raise Broken(f"{_tail(path)}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise Broken(f"{_tail(path)} can't be loaded: {type(error).__name__}: {error}") from error
    for wanted in (name, camel(name)):
        if callable(getattr(module, wanted, None)):
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


def _tail(path: Path | None) -> str:
    return "/".join(path.parts[-3:]) if path else "for this exercise"
