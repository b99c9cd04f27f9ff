"""The kill matrix: which hidden test rejects which wrong answer, exercise by exercise."""

from collections import defaultdict
from pathlib import Path

from grader.machine.scoreboard import Board, Key


def write(board: Board, path: Path) -> None:
    """Write the matrices of a run over the wrong answers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(board), encoding="utf8")


def text(board: Board) -> str:
    """Return one table an exercise: rows are tests, columns wrong answers."""
    by_exercise: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in sorted(board.rejections):
        by_exercise[key[:2]].append(key)
    lines = ["# Kill matrix", "", "An `x` is a test (row) that rejects a wrong answer (column)."]
    for (chapter, name), keys in by_exercise.items():
        lines += ["", f"## {chapter}/{name}", "", *_table(board, keys)]
    return "\n".join(lines) + "\n"


def _table(board: Board, keys: list[Key]) -> list[str]:
    killers: dict[str, set[Key]] = defaultdict(set)
    for key in keys:
        for test, said in board.rejections[key].items():
            # One test with many parameters is one row; the parameters stand in brackets.
            killers[test.partition("[")[0]] |= {key} if said is not None else set()
    heads = [key[2].removeprefix("wrong-") for key in keys]
    lines = [f"| test | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for test, killed in killers.items():
        marks = ["x" if key in killed else "" for key in keys]
        lines.append(f"| {test.removeprefix('test_').replace('_', ' ')} | {' | '.join(marks)} |")
    also = board.also_said()
    for key in keys:
        if key in also:
            lines += [
                "",
                f"`{key[2].removeprefix('wrong-')}` is also told: {'; '.join(also[key])}.",
            ]
    return lines
