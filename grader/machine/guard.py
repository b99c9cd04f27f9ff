"""Stop an answer from calling the function that it asks for, whatever name it is called by.

Two of torch's modes look on while an answer runs. One sees each function of torch's Python
interface by its name; the other sees the operations that these come down to, below every alias,
module class, tensor method and `torch.ops` overload, and knows when the autograd engine drives
them. A dotted name ("torch.optim", "sympy.core.function.Derivative") forbids running any code of
that module, class or function.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode

from grader.words.verdict import Forbidden

FORWARD_MODE = {"make_dual", "unpack_dual"}  # forward differentiation leaves no node behind


class Watch:
    """The names that are forbidden, and what to say to whoever calls one."""

    def __init__(self, names: tuple[str, ...], instead: str) -> None:
        self.modules = tuple(name for name in names if "." in name)
        self.autograd = "autograd" in names
        self.operations = {core(name) for name in names if "." not in name} - {"autograd"}
        self.instead = instead
        self._allowed: set[str] = set()  # what was looked at: an answer may loop over operations

    def allows(self, name: str, args: tuple = ()) -> bool:
        """Whether an operation of this name may be called."""
        if name in self._allowed:
            return True
        names = {core(name)}
        serves_both = "convolution" in names
        if serves_both and len(args) > 6 and args[6] is True:
            names = {"conv_transpose"}
        if any(n.startswith("conv_transpose") for n in names):
            names.add("conv_transpose")
        if names & self.operations or (self.autograd and names & FORWARD_MODE):
            return False
        if not serves_both:
            self._allowed.add(name)
        return True

    def forbidden_module(self, name: str) -> str | None:
        """Return which of the modules the code is of that is called so, in full."""
        if name in self._allowed:
            return None
        for module in self.modules:
            if name == module or name.startswith(f"{module}."):
                return module
        self._allowed.add(name)
        return None

    def told(self, called: str) -> str:
        """Say what was called, and what to write instead."""
        return f"{called} is not allowed here: {self.instead}."


def core(name: str) -> str:
    """Strip an operation's name of what marks its variants: `_log_softmax.out`, `softmax_`."""
    name = name.split("::")[-1].removeprefix("aten.").split(".")[0].strip("_")
    name = name.removeprefix("special_").removeprefix("linalg_").removeprefix("native_")
    return name.removesuffix("_forward")


class _Functions(TorchFunctionMode):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if not self.watch.allows(name):
            raise Forbidden(self.watch.told(resolve_name(func) or name))
        return func(*args, **(kwargs or {}))


class _Operations(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler at the first operation: two seconds

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if self.watch.autograd and torch._C._current_autograd_node() is not None:
            raise Forbidden(self.watch.told("Automatic differentiation"))
        name = func._schema.name
        if not self.watch.allows(name, args):
            raise Forbidden(self.watch.told(f"torch's {core(name)}"))
        return func(*args, **(kwargs or {}))


@contextmanager
def _no_module(watch: Watch) -> Iterator[None]:
    """Watch the Python and C functions that are entered, for those of a forbidden module."""

    def look(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            name = f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
        elif event == "c_call":
            name = f"{getattr(called, '__module__', None) or ''}.{called.__qualname__}"
        else:
            return
        module = watch.forbidden_module(name)
        if module is not None:
            raise Forbidden(watch.told(module))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextmanager
def forbidding(names: tuple[str, ...], instead: str) -> Iterator[None]:
    """Raise Forbidden when something of `names` runs inside the block.

    The answer may catch exceptions, so what was seen is raised again at the end.
    """
    if not names:
        yield
        return
    watch = Watch(names, instead)
    seen: list[Forbidden] = []
    told = watch.told

    def noted(called: str) -> str:
        seen.append(Forbidden(told(called)))
        return told(called)

    watch.told = noted  # type: ignore[method-assign]
    try:
        with ExitStack() as stack:
            if watch.operations or watch.autograd:
                stack.enter_context(_Functions(watch))
                stack.enter_context(_Operations(watch))
            if watch.modules:
                stack.enter_context(_no_module(watch))
            yield
    finally:
        if seen:
            raise seen[0]
