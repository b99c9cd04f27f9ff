"""The numbers of a run's benchmarks as a table in 80 columns, and as one plot."""

from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

WIDTH = 80
MARKS = {
    "torch": ("torch", "black", "|"),
    "reference": ("reference", "tab:blue", "o"),
    "subject": ("under test", "tab:orange", "D"),
}


def table(found: dict[str, Any]) -> list[str]:
    """Return the table of what `benchmarks.json` holds, line by line."""
    from rich.console import Console

    out = StringIO()
    console = Console(file=out, width=WIDTH, no_color=True, highlight=False, markup=False)
    machine = found["machine_info"]
    copy = scaled(machine["copy_bytes_per_second"], "B/s")
    console.print(f"{machine['device']}; {machine['dtype']}; a copy moves {copy}")
    if not machine["on_gpu"]:
        console.print("small data, to try the benchmarks; a cache holds them: no speed to quote")
    for group, members in groupby(found["benchmarks"], lambda entry: entry["group"]):
        entries = list(members)
        console.print()
        size = " x ".join(map(str, entries[0]["extra_info"]["size"]))
        console.print(f"{group}, {size}")
        for _, same in groupby(entries, lambda entry: entry["extra_info"]["direction"]):
            console.print(_contestants(list(same), machine["on_gpu"]))
    return [line.rstrip() for line in out.getvalue().rstrip().split("\n")]


def _contestants(entries: list[dict[str, Any]], on_gpu: bool) -> Any:
    """Return one direction's contestants, under what the formula needs."""
    from rich.table import Table

    facts = entries[0]["extra_info"]
    needs = f"{scaled(facts['bytes'], 'B')}, {scaled(facts['flops'], 'FLOP')}"
    columns = [("median", 8), ("x torch", 7), ("bytes/s", 9), ("FLOP/s", 12)]
    columns += [("of copy", 7)] if on_gpu else []
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column(f"{facts['direction']}: {needs}", width=30, no_wrap=True)
    for title, width in columns:
        made.add_column(title, justify="right", width=width, no_wrap=True)
    for entry in entries:
        facts = entry["extra_info"]
        cells = [
            f"  {named(facts)}",
            duration(entry["stats"]["median"]),
            f"{facts['time_over_torchs']:.2f}",
            scaled(facts["bytes_per_second"], "B/s"),
            scaled(facts["flops_per_second"], "FLOP/s"),
            f"{facts['share_of_copy_bandwidth']:.0%}",
        ]
        made.add_row(*cells[: len(columns) + 1])
    return made


def named(facts: dict[str, Any]) -> str:
    """Name a contestant for the reader: the answer under test by where it comes from."""
    if facts["contestant"] != "subject":
        return str(facts["contestant"])
    return Path(facts["answer"]).name


def draw(found: dict[str, Any], path: Path) -> None:
    """Plot each answer's time over torch's, and on a GPU its share of the copy bandwidth."""
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    machine, rows = found["machine_info"], _rows(found["benchmarks"])
    shown = {"time_over_torchs": "time / torch's time (left is faster)"}
    if machine["on_gpu"]:
        shown["share_of_copy_bandwidth"] = "share of the bandwidth of a copy (right is better)"
    size = (6.5 + 3.5 * (len(shown) - 1), 1.5 + 0.45 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (key, label) in zip(panels, shown.items(), strict=True):
        for contestant, (name, colour, mark) in MARKS.items():
            values = [row[contestant][key] for row in rows.values()]
            axes.plot(values, range(len(rows)), mark, color=colour, label=name, alpha=0.8)
        axes.set_xlabel(label)
        axes.grid(axis="x", alpha=0.3)
    first = panels[0]
    first.axvline(1, color="k", linewidth=0.8)
    first.set_xscale("log", base=2)
    first.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    first.set_xlim(min(0.7, first.get_xlim()[0]), max(1.4, first.get_xlim()[1]))
    first.set_yticks(range(len(rows)), list(rows), fontsize=8)
    first.set_ylim(len(rows) - 0.5, -0.5)
    for axes in panels[1:]:
        axes.set_xlim(0, None)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(MARKS), fontsize=8)
    figure.suptitle(
        f"{machine['device']}, {machine['dtype']}, torch {machine['torch']}", fontsize=10
    )
    figure.savefig(path, dpi=120)


def _rows(entries: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the facts of each contestant, by what a row of the plot says."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in entries:
        facts = entry["extra_info"]
        answer = entry["fullname"].partition("[")[2].rpartition("][")[0]  # of several under test
        exercise = entry["group"].partition("/")[2].replace(": ", "\n", 1)
        label = " ".join(filter(None, (exercise, facts["direction"], answer)))
        rows.setdefault(label, {})[facts["contestant"]] = facts
    return rows


def scaled(number: float, unit: str) -> str:
    """Write a number with three digits and a prefix: 12300 B is 12.3 kB."""
    for prefix, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            return f"{_three(number / size)} {prefix}{unit}"
    return f"{_three(number)} {unit}"


def duration(seconds: float) -> str:
    """Write a time with three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return f"{_three(seconds / size)} {unit}"
    return f"{_three(seconds * 1e6)} us"


def _three(number: float) -> str:
    digits = 0 if number >= 99.95 or number == int(number) else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"
