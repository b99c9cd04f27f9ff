"""Where things are: the eight names, and the folder for what runs leave behind."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"
TESTS = ROOT / "tests"
NOTES = TESTS / "notes"
LEFT_BEHIND = ROOT / ".deepclaims"  # progress, kept attempts, benchmark results; not in git

OWN_TARGETS = ("exercises", "solutions", "right", "wrong")


def folder(target: str) -> Path:
    """Return the folder of the answers of a target."""
    known = {"exercises": EXERCISES, "solutions": SOLUTIONS}
    return known.get(target) or Path(target).resolve()


def relative(path: Path) -> str:
    """Name a file as seen from the repository, in the same way on every system."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
