"""How far an answer is from the exact result, over the range of its inputs.

The unit is the ulp of the exact result: the distance of its neighbours in the dtype of the answer's
result. Who rounds correctly is at most 0.5 away, whatever the size of the numbers. Each row of the
table is one size of input: the median and the worst of all entries of some random cases.
"""

import math
import statistics
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.machine import catalogue, stubs
from grader.machine.paths import LEFT_BEHIND, relative
from grader.machine.terminal import say, table

CASES = 25  # random inputs for each size
DIGITS = 50
SECONDS = 5.0  # for each call of a learner's answer
MARKS = {"yours": ("C1", "o-"), "reference": ("C0", "s-"), "torch": ("0.5", "^-")}


@dataclass
class Errors:
    """What one answer comes to in one dtype."""

    ulps: dict[int, list[float]] = field(default_factory=dict)  # decade -> errors of all entries
    fault: str = ""  # why there are no more of them

    def cell(self, decade: int) -> str:
        """Write the median and the worst error for one size of input."""
        if decade not in self.ulps:
            return "-"
        return f"{_short(self.median(decade))} / {_short(self.worst(decade))}"

    def median(self, decade: int) -> float:
        """Return the error that half of the entries don't exceed."""
        return statistics.median_low(self.ulps[decade])

    def worst(self, decade: int) -> float:
        """Return the largest error."""
        return max(self.ulps[decade])


class Unmeasurable(Exception):
    """A result whose error no number can tell: another shape, another dtype, no numbers at all."""


def ulps(result: float, exact: Any, dtype: str) -> float:
    """Return how many units in the last place of the exact number a result is away from it.

    Below the normal numbers the unit is the smallest subnormal. What is too large for the dtype
    must be inf, and what is no number nan: any other result is infinitely far away.
    """
    import mpmath
    import torch

    if mpmath.isnan(exact) or math.isnan(result):
        return 0.0 if mpmath.isnan(exact) and math.isnan(result) else math.inf
    info = torch.finfo(getattr(torch, dtype))
    digits = -round(mpmath.log(info.eps, 2))  # of the fraction
    with mpmath.workdps(DIGITS):
        top = mpmath.frexp(mpmath.mpf(info.max))[1] - 1
        overflows = abs(exact) >= mpmath.mpf(info.max) + mpmath.ldexp(1, top - digits - 1)
        rounded = mpmath.sign(exact) * mpmath.inf if overflows else exact
        if mpmath.isinf(rounded) or mpmath.isinf(result):
            return 0.0 if rounded == result else math.inf
        lowest = mpmath.frexp(mpmath.mpf(info.smallest_normal))[1] - 1
        exponent = max(mpmath.frexp(exact)[1] - 1, lowest) if exact else lowest
        return float(mpmath.ldexp(abs(mpmath.mpf(result) - exact), digits - exponent))


def measure(
    about: Any, answers: dict[str, Callable[..., Any]], seed: int = 0
) -> dict[str, dict[str, Errors]]:
    """Return each answer's errors by dtype and by size of input.

    An answer that raises, or returns what can't be compared, is not called again in that dtype.
    """
    import torch

    from grader.words.bench import Draw

    found = {dtype: {name: Errors() for name in answers} for dtype in about.dtypes}
    for dtype, errors in found.items():
        for decade in range(about.decades[0], about.decades[1] + 1):
            draw = Draw(torch.Generator().manual_seed(seed + decade + 1000), torch.float64)
            for _ in range(CASES):
                case = _rounded(about.inputs(draw, 10.0**decade), dtype)
                exact = _exact(about, case)
                for name, answer in answers.items():
                    if not errors[name].fault:
                        _add(errors[name], answer, case, exact, decade, dtype)
    return found


def _add(errors: Errors, answer: Any, case: Any, exact: Any, decade: int, dtype: str) -> None:
    from grader.words.call import clone

    try:
        result = _entries(answer(*clone(case)), exact, dtype)
    except Exception as error:
        errors.ulps.pop(decade, None)
        errors.fault = f"at 1e{decade} it {_told(error)}"
        return
    wanted = zip(result, _flat(exact), strict=True)
    errors.ulps.setdefault(decade, []).extend(ulps(r, e, dtype) for r, e in wanted)


def _told(error: Exception) -> str:
    from grader.words.verdict import Verdict

    text = (str(error).splitlines() or [""])[0]
    if isinstance(error, Unmeasurable):
        return text
    if isinstance(error, Verdict):
        return f"can't be measured: {text}"
    return f"raised {type(error).__name__}: {text}"


def _entries(result: Any, exact: Any, dtype: str) -> list[float]:
    """Return a result's numbers, if it has the shape and the dtype that it should have."""
    import torch

    if type(result) is not torch.Tensor:
        raise Unmeasurable(f"returned {type(result).__name__}, not a tensor")
    if list(result.shape) != _shape(exact):
        raise Unmeasurable(f"returned shape {list(result.shape)}, not {_shape(exact)}")
    if str(result.dtype) != f"torch.{dtype}":
        raise Unmeasurable(f"returned {str(result.dtype).removeprefix('torch.')}, not {dtype}")
    return result.double().flatten().tolist()


def _rounded(case: tuple[Any, ...], dtype: str) -> tuple[Any, ...]:
    import torch

    def rounded(x: Any) -> Any:
        is_real = isinstance(x, torch.Tensor) and x.is_floating_point()
        return x.to(getattr(torch, dtype)) if is_real else x

    return tuple(map(rounded, case))


def _exact(about: Any, case: tuple[Any, ...]) -> Any:
    import mpmath
    import torch

    def number(x: Any) -> Any:
        if isinstance(x, list):
            return [number(each) for each in x]
        return mpmath.mpf(x) if isinstance(x, float) else x

    plain = [x.tolist() if isinstance(x, torch.Tensor) else x for x in case]
    with mpmath.workdps(DIGITS):
        return about.exact(mpmath, *map(number, plain))


def _shape(nested: Any) -> list[int]:
    return [len(nested), *_shape(nested[0])] if isinstance(nested, list) else []


def _flat(nested: Any) -> list[Any]:
    return [x for each in nested for x in _flat(each)] if isinstance(nested, list) else [nested]


def show(name: str) -> int:
    """Print the table for an exercise, and leave a plot behind; return the exit status."""
    from grader.machine.subject import hidden_tests

    module = hidden_tests(name)
    about = declared(module)
    if about is None:
        having = ", ".join(catalogue.declaring("accuracy"))
        say(f"{name} has no measure of accuracy. These have one: {having}")
        return 2
    found = measure(about, contestants(name, module, about), zlib.crc32(name.encode()))
    say(f"{name}: error in ulps of the exact result, median / worst of {CASES} cases")
    for dtype, errors in found.items():
        rows = [
            [f"1e{decade}", *(e.cell(decade) for e in errors.values())]
            for decade in range(about.decades[0], about.decades[1] + 1)
        ]
        say("")
        table(dtype, [about.over, *errors], rows)
        for who, e in errors.items():
            if e.fault:
                say(f"{who}: {e.fault}")
    path = LEFT_BEHIND / f"accuracy-{name}.png"
    plot(found, f"{name}: {about.over}", path)
    say("inf: not finite where the exact result is, or the other way round.")
    say(f"plot: {relative(path)}", wrap=False)
    return 0


def declared(module: Any) -> Any:
    """Return what a hidden test file says about accuracy, or None."""
    from grader.machine.subject import answers

    return next((f.accuracy for f in answers(module, "accuracy")), None)


def contestants(name: str, module: Any, about: Any) -> dict[str, Callable[..., Any]]:
    """Return what is compared: the learner's answer if it is begun, the reference, torch's own."""
    from grader.machine.limits import Clock
    from grader.machine.subject import subjects

    _, (own, reference) = subjects(module, "exercises,solutions")

    def yours(*args: Any) -> Any:
        own.answer.clock = Clock(SECONDS)
        return own.untyped(*args)

    found: dict[str, Callable[..., Any]] = {}
    if stubs.is_begun(catalogue.exercise_path(name)):
        found["yours"] = yours
    found["reference"] = reference.untyped
    if about.torch:
        found["torch"] = about.torch
    return found


def plot(found: dict[str, dict[str, Errors]], title: str, path: Path) -> None:
    """Plot the worst error (solid) and the median (dotted) over the size, a panel for each dtype.

    What isn't finite is drawn at the upper edge, and what is exact at the lower one.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    figure = Figure(figsize=(3.4 * len(found) + 0.6, 3.6), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    low, high = 1e-3, 1e12
    for axes, (dtype, errors) in zip(panels, found.items(), strict=True):
        for who, e in errors.items():
            colour, mark = MARKS[who]
            sizes = [10.0**decade for decade in e.ulps]
            worst = [min(max(e.worst(d), low), high) for d in e.ulps]
            median = [min(max(e.median(d), low), high) for d in e.ulps]
            axes.plot(sizes, worst, mark, color=colour, label=who, markersize=4, alpha=0.8)
            axes.plot(sizes, median, ":", color=colour, alpha=0.8)
        axes.axhline(0.5, color="k", linewidth=0.8)
        axes.set(xscale="log", yscale="log", title=dtype, ylim=(low / 2, high * 2))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("error in ulps")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    figure.suptitle(title, fontsize=10)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)


def _short(error: float) -> str:
    if error == 0 or error >= 1e4:
        return f"{error:.2g}".replace("e+0", "e").replace("e+", "e")
    return f"{error:.0f}" if error >= 99.5 else f"{error:.1f}" if error >= 9.95 else f"{error:.2f}"
