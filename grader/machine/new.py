"""Scaffold an exercise: a solution and its hidden tests, with gaps to fill in."""

import sys

from grader.machine.catalogue import exercises
from grader.machine.paths import SOLUTIONS, TESTS, relative

SOLUTION = '''"""TODO: one line on where this is met."""

import torch
from jaxtyping import Float
from torch import Tensor


def {name}(x: Float[Tensor, " n"], scale: float = 1.0) -> Float[Tensor, " n"]:
    """TODO: one sentence that starts with what is returned.

        TODO: the definition, as a formula

    TODO: conventions (axis, mean or sum, dtype) and limits.

    Raises:
        ValueError: naming `scale` and its value, if it is not positive. TODO

    Notes: TODO, where in the notes.

    >>> {name}(torch.ones(2), 3.0)
    tensor([3., 3.])
    """
    if scale <= 0:
        raise ValueError(f"scale is {{scale}}, but must be positive")
    return x * scale  # TODO
'''

TEST = '''"""TODO: the formula, in one line."""

import torch
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",  # TODO: warm-up, core or hard
    after=(),  # TODO: the exercises to do first
    hints=("TODO: the vaguest first.", "TODO: the last may be the formula."),
)


@claim("TODO")
def test_a_case_worked_by_hand({name}):
    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    check({name}, x, 3.0, want=torch.tensor([3.0, -6.0, 1.5], dtype=torch.float64))  # TODO


@given(inputs.tensors(inputs.sizes()))
def test_equals_an_independent_oracle({name}, x):
    check({name}, x, 0.5, want=x / 2)  # TODO


@given(inputs.tensors(inputs.sizes()))
def test_gradients_flow_back({name}, x):
    check_gradient({name}, x, 0.5, like=lambda x, scale: x / 2)  # TODO


def test_refuses_a_scale_that_is_not_positive({name}):
    check({name}, torch.ones(2), -1.0, raises=ValueError, naming={{"scale": -1.0}})


@wrong("TODO: complete the sentence 'This is what you get when you ...'")
def ignores_scale(x, scale=1.0):
    return x


@wrong("TODO: divide by the scale")
def divided(x, scale=1.0):
    return x / scale


@wrong("TODO: cut the result off from the graph")
def detached(x, scale=1.0):
    return x.detach() * scale


@wrong("TODO: change the argument in place")
def in_place(x, scale=1.0):
    return x.mul_(scale)


@right("TODO: in another style")
def by_addition(x, scale=1.0):
    if not scale > 0:
        raise ValueError(f"`scale` must be positive, got {{scale}}")
    return x + (scale - 1) * x
'''


def main(arguments: list[str]) -> int:
    """Write the two files of CHAPTER NAME, never over existing ones."""
    if len(arguments) != 2 or not all(a.isidentifier() and a.islower() for a in arguments):
        sys.stderr.write("usage: nox -s new -- CHAPTER NAME   (both in lower_case)\n")
        return 2
    chapter, name = arguments
    if name in exercises():
        sys.stderr.write(f"NAME is {name!r}, but {relative(exercises()[name].path)} is there\n")
        return 2
    for path, text in (
        (SOLUTIONS / chapter / f"{name}.py", SOLUTION),
        (TESTS / chapter / f"test_{name}.py", TEST),
    ):
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf8") as file:
            file.write(text.format(name=name))
        sys.stdout.write(f"wrote {relative(path)}\n")
    sys.stdout.write(f"fill in each TODO, then: nox -s stubs, nox -s wrong -- {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
