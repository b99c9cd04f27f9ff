"""How long a person waits for a verdict: with the watch, without it, and at the least.

Cold is `pytest NAME`; warm is from the save to the last line of the verdict that a real watch
prints; the floor is the grading alone, in a process that has everything loaded. All three grade the
same answer, the solution, one after the other, so that a busy machine slows them alike.
"""

import contextlib
import os
import queue
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.machine import catalogue, watch
from grader.machine.paths import ROOT
from grader.machine.terminal import say, table

LAST_LINE = re.compile(r"=+ .*\d (passed|failed|skipped).* in [\d.]+s.* =+")
IMPORTS = "import torch, pytest, hypothesis"
AT_MOST = 300.0  # seconds for a line of a watch that is alive


@dataclass(frozen=True)
class Waits:
    """The seconds that one exercise's verdict takes."""

    cold: float
    warm: float
    floor: float

    def cells(self) -> list[str]:
        """Return the columns of a table."""
        seconds = [f"{value:.2f} s" for value in (self.cold, self.warm, self.floor)]
        return [*seconds, f"{self.warm / self.cold:.2f}", f"{self.warm - self.floor:.2f} s"]


def measure(every: int = 1) -> int:
    """Time one exercise in so many; print a row for each, and the medians."""
    watch.load()
    found: dict[str, Waits] = {}
    with tempfile.TemporaryDirectory() as place, watching(Path(place)) as lines:
        for name in sorted(catalogue.paths())[::every]:
            found[name] = Waits(
                warm=_warm(name, Path(place), lines),
                cold=_cold(name, Path(place)),
                floor=_floor(name, Path(place)),
            )
    columns = zip(*((w.cold, w.warm, w.floor) for w in found.values()), strict=True)
    medians = Waits(*map(statistics.median, columns))
    rows = [[name, *waits.cells()] for name, waits in found.items()]
    headings = ["exercise", "cold", "warm", "floor", "warm/cold", "warm-floor"]
    table("from the save to the verdict", headings, [*rows, ["MEDIAN", *medians.cells()]])
    ratio = statistics.median(w.warm / w.cold for w in found.values())
    slow = sum(w.warm > 1 for w in found.values())
    say(f"The watch takes {ratio:.2f} of a cold run (median of the ratios of {len(found)}).")
    say(f"{len(found) - slow} of {len(found)} exercises have their verdict within 1 s.")
    say(f'python -c "{IMPORTS}" takes {_imports():.2f} s (median of 3).')
    return 0


@contextmanager
def watching(place: Path) -> Iterator["queue.Queue[str]"]:
    """Run a watch of a folder; yield the lines that it prints, once it is ready."""
    command = [sys.executable, "-u", "-m", "grader", "watch", f"--target={place}"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=put_lines, args=(process.stdout, lines))
        reader.start()
        try:
            wait_for(re.compile(re.escape(watch.READY)), lines)
            yield lines
        finally:
            process.terminate()
            reader.join()


def put_lines(stream: IO[str], lines: "queue.Queue[str]") -> None:
    """Put each line into the queue as it comes."""
    for line in stream:
        lines.put(line.rstrip())


def wait_for(wanted: re.Pattern[str], lines: "queue.Queue[str]") -> list[str]:
    """Return the lines up to the first that has the pattern."""
    heard = [lines.get(timeout=AT_MOST)]
    while not wanted.search(heard[-1]):
        heard.append(lines.get(timeout=AT_MOST))
    return heard


def _warm(name: str, place: Path, lines: "queue.Queue[str]") -> float:
    path = place / catalogue.paths()[name].parent.name / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    start = time.perf_counter()
    shutil.copyfile(catalogue.solution_path(name), path)
    wait_for(LAST_LINE, lines)
    return time.perf_counter() - start


def _cold(name: str, place: Path) -> float:
    return _seconds([sys.executable, "-m", "pytest", name, f"--target={place}"])


def _floor(name: str, place: Path) -> float:
    with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
        start = time.perf_counter()
        watch.Grading([name], place).process.join()
        return time.perf_counter() - start


def _imports() -> float:
    return statistics.median(_seconds([sys.executable, "-c", IMPORTS]) for _ in range(3))


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start
