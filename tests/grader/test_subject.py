"""Answers under test: what a subject adds to the call of a function or class."""

import pytest
import torch

from grader import Exercise
from grader.machine.subject import Subject

ABOUT = Exercise(level="core")


def solution(answer):
    return Subject("graphs", "answer", "solutions", ABOUT, given=answer)


def on_the_default_device(x):
    return x + torch.ones(2)


def where_x_is(x):
    return x + x.new_ones(2)


class Shift:
    """A class whose method makes a tensor on the default device."""

    def add(self, x):
        """Add ones."""
        return on_the_default_device(x)


def test_a_solution_cannot_count_on_the_default_device():
    x = torch.tensor([1.0, 2.0])
    assert solution(where_x_is)(x).tolist() == [2, 3]
    with pytest.raises(RuntimeError, match="meta"):
        solution(on_the_default_device)(x)
    with pytest.raises(RuntimeError, match="meta"):
        solution(Shift)().add(x)


def test_a_generator_has_a_device_as_well():
    def drawn(generator):
        return torch.rand(2, generator=generator)

    assert solution(drawn)(torch.Generator()).is_meta


def test_a_solution_without_tensors_among_its_arguments_may_use_the_default_device():
    def ones(n):
        return torch.ones(n)

    assert solution(ones)(2).tolist() == [1, 1]


def test_other_answers_may_use_the_default_device():
    answer = Subject("graphs", "answer", "exercises", ABOUT, given=on_the_default_device)
    assert answer(torch.tensor([1.0, 2.0])).tolist() == [2, 3]


def test_a_function_of_the_test_may_use_the_default_device():
    def moved(x, step):
        return step(x)

    x = torch.tensor([1.0, 2.0])
    assert solution(moved)(x, on_the_default_device).tolist() == [2, 3]
