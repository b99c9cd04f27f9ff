"""Answers under test: what a subject adds to the call of a function or class."""

import time

import pytest
import torch

from grader import Exercise, check
from grader.machine.limits import Clock
from grader.machine.subject import Subject
from grader.words.verdict import Mismatch

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


def remembering(answer, times, **call):
    subject = Subject("graphs", "answer", "exercises", ABOUT, given=answer)
    for number in range(times):
        check(subject, number, **call)
    return subject


def test_an_answer_that_changes_is_unsteady():
    seen = []

    def counts(number):
        seen.append(number)
        return len(seen) < 4

    unsteady = remembering(counts, 3, want=True).unsteady()
    assert isinstance(unsteady, Mismatch)
    assert "gave another result" in str(unsteady)


def test_rounding_within_what_the_check_allowed_is_no_change():
    def noise(number):
        return time.perf_counter() * 1e-30

    assert remembering(noise, 2, want=0.0, scale=1.0).unsteady() is None


def test_a_slow_answer_is_called_again_as_long_as_there_is_time():
    def slow(number):
        time.sleep(0.06)
        return number >= 0

    subject = remembering(slow, 6, want=True)
    subject.answer.clock = Clock(0.15)
    assert subject.unsteady() is None


class Counter:
    """An object that returns a part of itself."""

    def __init__(self):
        self.n = torch.zeros(2)

    def step(self):
        """Count."""
        self.n += 1
        return self.n


def test_what_an_object_returned_is_remembered_as_it_was():
    subject = Subject("graphs", "answer", "exercises", ABOUT, given=Counter)
    counter = subject()
    for k in (1.0, 2.0):
        check(counter.step, want=torch.full((2,), k))
    assert [outcome.value.tolist() for _, outcome in subject.remembered] == [[1, 1], [2, 2]]


def test_a_result_that_is_changed_later_is_noticed():
    results = []

    def changes(number):
        for result in results:
            result += 1
        results.append(torch.zeros(2))
        return results[-1]

    unsteady = remembering(changes, 3, want=torch.zeros(2)).unsteady()
    assert isinstance(unsteady, Mismatch)
