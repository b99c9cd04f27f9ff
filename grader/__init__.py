"""The words that hidden tests are written in; what runs under them lives in `grader.machine`.

They are fetched when they are asked for: the command line, and a run over exercises that nobody
has begun, need none of them, and so don't wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.words import inputs, oracles
    from grader.words.accuracy import accuracy
    from grader.words.check import check, check_gradient
    from grader.words.compare import such_that
    from grader.words.effect import effect, through
    from grader.words.exercise import Exercise, claim, counterexample, gpu, right, slow, wrong
    from grader.words.plot import plot

HOMES = {
    "Exercise": "exercise",
    "accuracy": "accuracy",
    "check": "check",
    "check_gradient": "check",
    "claim": "exercise",
    "counterexample": "exercise",
    "effect": "effect",
    "gpu": "exercise",
    "plot": "plot",
    "right": "exercise",
    "slow": "exercise",
    "such_that": "compare",
    "through": "effect",
    "wrong": "exercise",
}

__all__ = [
    "Exercise",
    "accuracy",
    "check",
    "check_gradient",
    "claim",
    "counterexample",
    "effect",
    "gpu",
    "inputs",
    "oracles",
    "plot",
    "right",
    "slow",
    "such_that",
    "through",
    "wrong",
]


def __getattr__(word: str) -> Any:
    if word in ("inputs", "oracles"):
        return import_module(f"grader.words.{word}")
    if word in HOMES:
        return getattr(import_module(f"grader.words.{HOMES[word]}"), word)
    raise AttributeError(f"module 'grader' has no attribute {word!r}")
