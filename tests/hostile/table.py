"""Writes .github/ATTACKS.md: the bank as a table of attacks, modes and outcomes."""

from grader.machine.paths import ROOT
from tests.hostile.attack import Attack, Outcome
from tests.hostile.bank import ATTACKS, GROUPS

FILE = ROOT / ".github" / "ATTACKS.md"

HEAD = """# What hostile and careless submissions come to

Written by `nox -s hostile` from the bank in `tests/hostile/`, which `nox -s tests` runs in both modes. There are {count}
of them. But for what is printed **bold**, each gets no credit that it isn't due; in the run that it is in, right answers to other exercises pass, no file
outside its folder changes, no process is left, and neither a traceback of the grader nor the source of a test is shown.

- *plain*: `pytest` in one process, for the learner's own machine;
- *isolated*: `pytest --isolated`, for whoever grades others.

"told" is what the verdict says (NAME stands for the exercise); where it depends on the exercise, the likeliest is shown.

## What remains possible

In plain mode an answer shares a process with the grader. The fence is made of Python's audit events and of replaced names:
it stops accidents and short cuts, and nobody who means it.
{ends}
- A library written in C can open a file without Python hearing of it (`torch.save` and `torch.from_file` are refused by
  name, their innards are not), and what runs after the answer has returned (`__del__`, a hook in a gradient) isn't fenced.
- Objects of the grader are reachable from `sys.modules`. Names that are replaced are put back after each test and told;
  whoever replaces those that look for it as well gets full credit, in that run for all that follow.
- It can know that it is graded (pytest sets an environment variable), and be right only then.

Isolated, an answer can't reach the tests, the comparison or the verdict. It can still do these:

- use up its own time, memory and processor seconds, up to their limits;
- take the watch for forbidden operations apart, which runs in its own process, and call what it should write itself;
- on a system without Landlock or seccomp, get past the audit hook as in plain mode; the run says so at its end.
"""

WEAK = (
    "returned",
    "None",
    "Yes",
    "Late",
    "Mute",
    "Long",
    "Slow",
    "Away",
)  # part of longer sentences


def written() -> str:
    """Return the file's text."""
    ends = [f"`{a.name.split(' in ')[0]}`" for a in ATTACKS if a.plain.kind == "ends the run"]
    sentence = (
        "\n- Some attacks end the run, without a verdict for anybody and so without credit:\n"
        + "".join(
            f"  {name}\n" if i == len(ends) - 1 else f"  {name},\n" for i, name in enumerate(ends)
        )
    ).rstrip("\n")
    lines = [HEAD.format(count=len(ATTACKS), ends=sentence)]
    for title, attacks in GROUPS.items():
        lines += [f"## {title}\n", "| submission | what it does | plain | isolated |"]
        lines += ["| --- | --- | --- | --- |", *map(_row, attacks), ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(attack: Attack) -> str:
    tries = attack.tries[0].upper() + attack.tries[1:]
    cells = (attack.name, tries, _cell(attack.plain), _cell(attack.isolated))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _cell(outcome: Outcome) -> str:
    if outcome.kind == "refused" and outcome.told[0] in WEAK:
        return "told: what came back, and what it should be"
    if outcome.kind == "refused":
        return f"told: {outcome.told[0].replace('$name', 'NAME')}"
    return (
        "passes: it is right, and harms nobody"
        if outcome.kind == "passes"
        else f"**{outcome.kind}**"
    )


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf8")
