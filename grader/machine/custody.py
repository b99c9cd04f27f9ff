"""One stay of an answer in the grader's process: limited, fenced, and left as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.machine.fence import fenced
from grader.machine.limits import Clock, interrupted_by_hand, little_memory
from grader.machine.state import unchanged
from grader.words.verdict import Stopped


@contextmanager
def custody(path: Path, clock: Clock) -> Iterator[None]:
    """Run the block as code of the answer in this file.

    What it raises to be caught comes through; what would end the run, or a test unseen (sys.exit,
    a skip, an interrupt that nobody pressed), becomes a verdict.
    """
    with interrupted_by_hand() as pressed:
        try:
            with little_memory(), unchanged(), fenced(path), clock.running():
                yield
        except Exception:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and pressed:
                raise
            raise Stopped(f"raised {type(error).__name__}: it would have ended the run") from None
