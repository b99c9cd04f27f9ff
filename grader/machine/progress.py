"""How far each exercise is: derived from verdicts, and true only while its file is the same."""

import hashlib
import json
import os

from grader.machine import catalogue
from grader.machine.paths import LEFT_BEHIND

FILE = LEFT_BEHIND / "progress.json"
KEPT = ("done", "to mend")


def done() -> set[str]:
    """Return the exercises that passed all their tests and haven't been changed since."""
    return {name for name, state in states().items() if state == "done"}


def states() -> dict[str, str]:
    """Return the last verdict, "done" or "to mend", of each exercise that is as it was then."""
    return {
        name: state
        for name, (state, mark) in _stored().items()
        if name in catalogue.paths() and mark == fingerprint(name)
    }


def remember(proved: dict[str, str]) -> None:
    """Keep which exercises a run proved done, or proved not to be."""
    new = {n: [state, fingerprint(n)] for n, state in proved.items() if state in KEPT}
    stored = _stored()
    if not new.items() <= stored.items():
        _write(stored | new)


def fingerprint(name: str) -> str:
    """Return what tells one state of an exercise's file from another."""
    path = catalogue.exercise_path(name)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def _stored() -> dict[str, list[str]]:
    """Return what the file holds; a file that something has spoilt holds nothing."""
    try:
        found = json.loads(FILE.read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {name: entry for name, entry in entries if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 2
        and entry[0] in KEPT
        and isinstance(entry[1], str)
    )


def _write(stored: dict[str, list[str]]) -> None:
    """Put a whole new file in the old one's place: another run may read it, or write as well."""
    LEFT_BEHIND.mkdir(exist_ok=True)
    draft = FILE.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(stored, indent=1, sort_keys=True), encoding="utf8")
    draft.replace(FILE)
