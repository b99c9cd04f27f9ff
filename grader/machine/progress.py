"""Which exercises are done: derived from verdicts, and true only while the file is the same."""

import hashlib
import json
from typing import TYPE_CHECKING

from grader.machine import catalogue
from grader.machine.paths import LEFT_BEHIND

if TYPE_CHECKING:
    from grader.machine.scoreboard import Board

FILE = LEFT_BEHIND / "progress.json"


def done() -> set[str]:
    """Return the exercises that passed all their tests and haven't been changed since."""
    return {
        name
        for name, mark in _stored().items()
        if name in catalogue.paths() and mark == fingerprint(name)
    }


def remember(board: "Board") -> None:
    """Add what a run proved done, and drop what it proved not to be."""
    stored = _stored()
    for key in board.outcomes:
        name, state = key[1], board.state(key)
        if state == "done":
            stored[name] = fingerprint(name)
        elif state == "to mend":
            stored.pop(name, None)
    if stored != _stored():
        LEFT_BEHIND.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(stored, indent=1, sort_keys=True), encoding="utf8")


def fingerprint(name: str) -> str:
    """Return what tells one state of an exercise's file from another."""
    path = catalogue.exercise_path(name)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def _stored() -> dict[str, str]:
    try:
        found = json.loads(FILE.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
