"""`python -m grader`: what there is to do, what comes next, one hint more, start again."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from grader.machine import catalogue, hints, ledger, progress, scoreboard, stubs
from grader.machine.paths import EXERCISES, folder, relative
from grader.machine.terminal import say, table


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except UnknownExercise as problem:
        sys.stderr.write(f"{problem}\n")
        return 2


class UnknownExercise(Exception):
    """There is no exercise of the name that was given."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run: Callable[[argparse.Namespace], int], *names: str) -> argparse.ArgumentParser:
        told = (run.__doc__ or "").strip()
        added = commands.add_parser(run.__name__.strip("_"), help=told, description=told)
        for name in names:
            added.add_argument(name, metavar="NAME", type=_name, help="the exercise")
        added.set_defaults(run=run)
        return added

    command(_list).add_argument("--json", action="store_true", help="print JSON")
    command(_next)
    shown = command(_show, "name")
    shown.add_argument(
        "--accuracy", action="store_true", help="how far results are from exact ones"
    )
    shown.add_argument("--solution", action="store_true", help="the solution, once it is done")
    shown.add_argument("--force", action="store_true", help="the solution, done or not")
    command(_plot, "name")
    command(_hint, "name")
    command(_reset, "name")
    command(_claims).add_argument("--json", action="store_true", help="print JSON")
    watched = command(_watch)
    watched.add_argument(
        "--target",
        type=_folder,
        default=EXERCISES,
        metavar="FOLDER",
        help="laid out like exercises",
    )
    watched.add_argument("--measure", action="store_true", help="print how quick it is, and end")
    watched.add_argument("--every", type=int, default=1, metavar="N", help="measure one in N")
    return parser


def _name(text: str) -> str:
    """Accept an exercise's name, or the path of its file."""
    return text.replace("\\", "/").rsplit("/", maxsplit=1)[-1].removesuffix(".py")


def _folder(text: str) -> Path:
    """Accept a folder that is there."""
    if not folder(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return folder(text)


def _known(name: str) -> catalogue.Entry:
    if name in catalogue.exercises():
        return catalogue.entry(name)
    from difflib import get_close_matches

    near = get_close_matches(name, catalogue.exercises(), n=3)
    told = f"; did you mean {' or '.join(near)}?" if near else "; see `python -m grader list`"
    raise UnknownExercise(f"NAME is {name!r}, but there is no such exercise{told}")


def state(name: str, verdicts: dict[str, str]) -> str:
    """Say where an exercise stands, without running it."""
    begun = "begun" if stubs.is_begun(catalogue.exercise_path(name)) else ""
    return begun and verdicts.get(name, begun)


def _list(options: argparse.Namespace) -> int:
    """Print all exercises, by chapter."""
    entries = sorted(map(catalogue.entry, catalogue.exercises()), key=lambda e: (e.chapter, e.name))
    if options.json:
        sys.stdout.write(json.dumps([e.as_json() for e in entries], indent=1) + "\n")
        return 0
    verdicts = progress.states()
    for chapter in sorted({e.chapter for e in entries}):
        here = [e for e in entries if e.chapter == chapter]
        rows = [[e.name, e.level, state(e.name, verdicts)] for e in here]
        count = sum(row[-1] == "done" for row in rows)
        table(f"{chapter}  {count}/{len(here)}", ["exercise", "level", ""], rows)
    return 0


def _next(options: argparse.Namespace) -> int:
    """Print the next exercise whose predecessors are done."""
    for line in scoreboard.next_lines(progress.done()):
        say(line, wrap=False)
    return 0


def _show(options: argparse.Namespace) -> int:
    """Print what an exercise asks for and the claims behind it, or what its options name."""
    entry = _known(options.name)
    if options.accuracy:
        from grader.machine import accuracy

        return accuracy.show(entry.name)
    if options.solution or options.force:
        return _show_solution(entry.name, options.force)
    source = catalogue.solution_path(entry.name).read_text(encoding="utf8")
    rows = {claim.id: claim for claim in ledger.claims()}
    say(f"{entry.path}   level: {entry.level}")
    if entry.after:
        say(f"after: {', '.join(entry.after)}")
    say("\n" + stubs.stub(source), wrap=False)
    say("Claims of the notes:")
    for claim in entry.claims:
        if claim in rows:
            say(f"{claim} ({rows[claim].verdict}): {rows[claim].statement}")
    return 0


def _show_solution(name: str, force: bool) -> int:
    if name not in progress.done():
        if not force:
            sys.stderr.write(f"{name} isn't done: its solution opens then, or with --force\n")
            return 2
        say(f"{name} isn't done: this is shown because of --force.\n")
    say(catalogue.solution_path(name).read_text(encoding="utf8"), wrap=False)
    for style, source in catalogue.right_answers(name).items():
        say(f"\nAnother answer that is right, {style}:\n")
        say(source, wrap=False)
    return 0


def _plot(options: argparse.Namespace) -> int:
    """Draw an exercise's curves: the reference's, and your own over them."""
    from grader.machine import plot

    return plot.show(_known(options.name).name)


def _hint(options: argparse.Namespace) -> int:
    """Print one hint more each time."""
    entry = _known(options.name)
    for line in hints.one_more(entry.name):
        say(line)
    return 0


def _reset(options: argparse.Namespace) -> int:
    """Put the stub back, and keep a copy of what it replaces."""
    entry = _known(options.name)
    path = catalogue.exercise_path(entry.name)
    kept = stubs.keep_copy(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    source = catalogue.solution_path(entry.name).read_text(encoding="utf8")
    path.write_text(stubs.stub(source), encoding="utf8")
    hints.forget(entry.name)
    told = f"; your version is kept in {relative(kept)}" if kept else ""
    say(f"{relative(path)} is the stub again{told}", wrap=False)
    return 0


def _claims(options: argparse.Namespace) -> int:
    """Print the claims of the notes with their verdicts and their evidence."""
    if options.json:
        sys.stdout.write(json.dumps([c.as_json() for c in ledger.claims()], indent=1) + "\n")
        return 0
    rows = [[c.id, c.verdict, ", ".join(c.exercises)] for c in ledger.claims()]
    table("claims of the notes", ["claim", "verdict", "exercises"], rows)
    return 0


def _watch(options: argparse.Namespace) -> int:
    """Grade each exercise when its file is saved."""
    from grader.machine import latency, watch

    return latency.measure(options.every) if options.measure else watch.watch(options.target)


if __name__ == "__main__":
    sys.exit(main())
