"""Every chore is a session: `nox -l` lists them, `nox -s NAME -- ARGUMENTS` runs one."""

import os
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "none"  # all sessions share one environment: torch is large
nox.options.sessions = ["grade"]

ENVIRONMENT = Path(".nox", "deepclaims")
GROUPS = nox.project.load_toml("pyproject.toml")
OWN_ANSWERS = "solutions,right,wrong"
WORKERS = ("-n", os.environ.get("DEEPCLAIMS_WORKERS", "auto"))


def python(session: nox.Session, group: str) -> str:
    """Return the environment's Python; what the dependency group lacks is installed first."""
    bin_ = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin")
    interpreter = bin_ / ("python.exe" if sys.platform == "win32" else "python")
    if not interpreter.exists():
        session.run(sys.executable, "-m", "virtualenv", "--quiet", str(ENVIRONMENT), external=True)
    stamp = ENVIRONMENT / "installed.txt"
    there = set(stamp.read_text().splitlines()) if stamp.exists() else set()
    needed = set(nox.project.dependency_groups(GROUPS, group))
    if not needed <= there:
        install = (str(interpreter), "-m", "pip", "install", "--quiet", *sorted(needed))
        session.run(*install, external=True)
        stamp.write_text("\n".join(sorted(there | needed)))
    return str(interpreter)


def run(session: nox.Session, group: str, *command: str, **options: object) -> None:
    """Run a module of the environment."""
    session.run(python(session, group), "-m", *command, external=True, **options)


@nox.session
def grade(session: nox.Session) -> None:
    """Grade your exercises: `nox -s grade -- softmax exercises/losses -x`."""
    run(session, "run", "pytest", *joined(session.posargs))


def joined(arguments: list[str]) -> list[str]:
    """Write `--target FOLDER` with an equals sign.

    pytest reads its first arguments before it knows of --target: it would take the folder for one
    of tests, and what lies in it (a conftest.py, say) for its own.
    """
    text = "\0".join(arguments)
    return text.replace("--target\0", "--target=").split("\0") if text else []


@nox.session
def watch(session: nox.Session) -> None:
    """Grade each exercise when you save its file: `-- --target FOLDER` for another folder."""
    # Ctrl-C reaches the watch as well: nox waits for it to end by itself.
    run(session, "run", "grader", "watch", *session.posargs, interrupt_timeout=10.0)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all of the project's own tests: solutions, right and wrong answers, notes, suite, grader."""
    paths = ("tests", "solutions", "grader")
    arguments = session.posargs or ("--doctest-modules", *WORKERS, *paths)
    # torch says the second once a process: as an error it would seem to come at random.
    strict = ("-W", "error", "-W", "ignore:Converting a tensor with requires_grad")
    run(session, "run", "pytest", *strict, "-rfE", f"--target={OWN_ANSWERS}", *arguments)


@nox.session
def stubs(session: nox.Session) -> None:
    """Cut the exercises from the solutions; what somebody has begun stays as it is."""
    run(session, "run", "grader.machine.stubs")


@nox.session
def new(session: nox.Session) -> None:
    """Scaffold an exercise: `nox -s new -- losses hinge_loss`."""
    run(session, "run", "grader.machine.new", *session.posargs)


@nox.session
def wrong(session: nox.Session) -> None:
    """Prove each wrong answer caught and each right one accepted; write the kill matrix."""
    matrix = ".deepclaims/kill_matrix.md"
    run(session, "run", "pytest", "--target=right,wrong", f"--matrix={matrix}", *session.posargs)
    session.log(f"the kill matrix is in {matrix}")


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutate the solutions, and see which mutants no test notices: `-- NAME` for one."""
    run(session, "mutants", "grader.machine.mutants", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks small, on the CPU: `-- --target exercises` times your answers."""
    target = (
        () if any(a.startswith("--target") for a in session.posargs) else ("--target=solutions",)
    )
    run(session, "run", "pytest", "--bench=cpu", *target, *session.posargs, success_codes=[0, 5])


@nox.session
def bench_gpu(session: nox.Session) -> None:
    """Run the benchmarks on a CUDA device: `-- losses` for one chapter."""
    target = (
        () if any(a.startswith("--target") for a in session.posargs) else ("--target=solutions",)
    )
    run(session, "run", "pytest", "--bench=gpu", *target, *session.posargs, success_codes=[0, 5])


@nox.session
def claims(session: nox.Session) -> None:
    """Write tests/notes/README.md: what the notes get wrong, and all claims by chapter."""
    run(session, "run", "grader.machine.ledger")


@nox.session
def hostile(session: nox.Session) -> None:
    """Write .github/ATTACKS.md: what hostile and careless submissions come to."""
    run(session, "run", "tests.hostile.table")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the grader's types."""
    run(session, "lint", "ruff", "check", ".")
    run(session, "lint", "ruff", "format", "--check", ".")
    run(session, "lint", "mypy")
