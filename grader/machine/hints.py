"""Hints, one more each time they are asked for; how many were shown is remembered."""

import json

from grader.machine import catalogue
from grader.machine.paths import LEFT_BEHIND

FILE = LEFT_BEHIND / "hints.json"


def one_more(name: str) -> list[str]:
    """Return the hints of an exercise shown so far, and the next."""
    all_hints = list((catalogue.metadata(catalogue.paths()[name]) or {}).get("hints", ()))
    if not all_hints:
        return [f"{name} has no hints."]
    shown = min(_stored().get(name, 0) + 1, len(all_hints))
    _store({**_stored(), name: shown})
    lines = [f"Hint {i} of {len(all_hints)}: {h}" for i, h in enumerate(all_hints[:shown], 1)]
    return [*lines, "That was the last."] if shown == len(all_hints) else lines


def forget(name: str) -> None:
    """Begin with the vaguest hint again."""
    _store({key: shown for key, shown in _stored().items() if key != name})


def _stored() -> dict[str, int]:
    try:
        found = json.loads(FILE.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _store(shown: dict[str, int]) -> None:
    if shown or FILE.exists():
        LEFT_BEHIND.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(shown, indent=1, sort_keys=True), encoding="utf8")
