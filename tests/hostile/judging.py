"""What a run over the bank must show: for each attack by itself, and for the run as a whole."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.attack import ALONE, Attack, Outcome
from tests.hostile.bank import ATTACKS
from tests.hostile.harness import NEIGHBOURS, Graded, grade, placed

# What no learner may see: a traceback of the grader, or the source of a hidden test.
INNARDS = re.compile(
    r"Traceback \(most recent|grader/(words|machine)/\w+\.py|def test_|INTERNALERROR"
)


def outcome(attack: Attack, mode: str) -> Outcome:
    """Return what must come of an attack in a mode."""
    return attack.isolated if mode == "isolated" else attack.plain


class Runs:
    """The bank, graded in one mode; attacks that end a run are not in it."""

    def __init__(self, mode: str, room: Path) -> None:
        self.mode = mode
        options = ("--isolated",) if mode == "isolated" else ()
        chosen = [a for a in ATTACKS if outcome(a, mode).kind not in ALONE]
        self.folders = placed(chosen)
        self.runs = []
        for number, folder in enumerate(self.folders):
            self.runs.append(grade(folder, room / str(number), *options))

    def of(self, attack: Attack) -> tuple[Graded, str]:
        """Return the run that an attack was in, and the exercise in whose place it stood."""
        for run, folder in zip(self.runs, self.folders, strict=True):
            for exercise, other in folder.items():
                if other is attack:
                    return run, exercise
        raise LookupError(attack.name)


def faults_of(attack: Attack, runs: Runs) -> Iterator[str]:
    """Yield what is wrong with what came of an attack."""
    run, exercise = runs.of(attack)
    due, words = outcome(attack, runs.mode), run.words(exercise)
    kinds = [kind for kind, _ in run.outcomes.get(exercise, [])]
    if due.kind == "passes":
        if not run.is_done(exercise):
            yield f"{exercise} is right, but: {words[:300]}"
        return
    if run.is_done(exercise) or kinds.count("failed") != 1 or "error" in kinds:
        yield f"{exercise}: {kinds}"
    if not any(told.replace("$name", exercise) in words for told in due.told):
        yield f"{exercise} should be told one of {due.told}, but was told: {words[:300]}"


def faults_of_run(run: Graded) -> Iterator[str]:
    """Yield what is wrong with a run as a whole."""
    if run.status != 1:
        yield f"its exit status is {run.status}"
    if not re.search(r"=+ .*\d+ failed.* in [\d.]+s.* =+\s*$", run.printed):
        yield f"it doesn't end with pytest's summary, but with {run.printed[-200:]!r}"
    if found := INNARDS.search(run.printed):
        yield f"it shows {run.printed[max(0, found.start() - 200) : found.end() + 200]!r}"
    if longest := max(map(len, run.printed.splitlines()), default=0) > 1000:
        yield f"it prints a line of {longest} characters"
    yield from (f"{path} has changed" for path in run.changed)
    yield from (f"process {process} is left" for process in run.left)
    yield from (f"{name} isn't passed" for name in NEIGHBOURS if not run.is_done(name))
