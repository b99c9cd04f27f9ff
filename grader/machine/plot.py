"""An exercise's plots: the reference's curves, and the learner's own over them, in one PNG."""

from pathlib import Path
from typing import Any

from grader.machine import catalogue, stubs
from grader.machine.paths import LEFT_BEHIND, relative
from grader.machine.terminal import say

SECONDS = 5.0  # for a learner's answer, in all plots together
STYLES: dict[str, dict[str, Any]] = {
    "reference": {"linewidth": 2.0, "alpha": 0.5},
    "yours": {"linestyle": "--"},
}


def show(name: str) -> int:
    """Draw an exercise's plots into a file; return the exit status."""
    from grader.machine.subject import answers, hidden_tests

    module = hidden_tests(name)
    panels = [function.plot for function in answers(module, "plot")]
    if not panels:
        say(f"{name} has no plot. These have one: {', '.join(catalogue.declaring('plot'))}")
        return 2
    drawn, fault = curves(name, module, panels)
    path = LEFT_BEHIND / f"plot-{name}.png"
    draw(panels, drawn, name, path)
    if fault:
        say(f"yours isn't drawn: {fault}")
    say(f"plot: {relative(path)}", wrap=False)
    return 0


def curves(name: str, module: Any, panels: list[Any]) -> tuple[dict[str, list[Any]], str]:
    """Return whose curves there are, panel by panel, and why the learner's aren't among them."""
    from grader.machine.limits import Clock
    from grader.machine.subject import subjects
    from grader.words.verdict import Verdict

    _, (own, reference) = subjects(module, "exercises,solutions")
    found = {"reference": [panel.curves(reference) for panel in panels]}
    if not stubs.is_begun(catalogue.exercise_path(name)):
        return found, ""
    try:
        own.answer.clock = Clock(SECONDS)
        found["yours"] = [panel.curves(own) for panel in panels]
    except Verdict as verdict:
        return found, str(verdict)
    except Exception as error:
        return found, f"it raised {type(error).__name__}: {error}"
    return found, ""


def draw(panels: list[Any], drawn: dict[str, list[Any]], title: str, path: Path) -> None:
    """Draw a panel for each plot; a curve has its colour from its label, its line from its owner."""
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    figure = Figure(figsize=(4.4 * len(panels) + 0.6, 4.0), layout="constrained")
    for column, axes in enumerate(figure.subplots(1, len(panels), squeeze=False)[0]):
        panel = panels[column]
        colours: dict[str, str] = {}
        for who, theirs in drawn.items():
            for label, (xs, ys) in theirs[column].items():
                colour = colours.setdefault(label, f"C{len(colours)}")
                told = label if who == "reference" else f"{label} ({who})"
                axes.plot(xs, ys, color=colour, label=told, **STYLES[who])
        axes.set(xlabel=panel.x, ylabel=panel.y, xscale=panel.xscale, yscale=panel.yscale)
        axes.set_title(panel.title, fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.suptitle(title, fontsize=11)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
