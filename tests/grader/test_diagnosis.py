"""Of several known mistakes that agree where an answer failed, it is told the one that it repeats."""

import time
from collections import deque
from fractions import Fraction

import pytest
import torch

from grader import check, check_gradient, effect, wrong
from grader.machine.state import undrawn
from grader.machine.subject import Instance, Subject
from grader.words import diagnosis, probes
from grader.words.call import Call
from grader.words.exercise import Exercise
from grader.words.verdict import Mismatch, Verdict

TWO = torch.tensor([2.0, 2.0])
SQUARE = torch.tensor([[0.0, 1.0], [1.0, 0.0]])


def told(answer, *mistakes, args=(), right=(), **call):
    """Return what is said of an answer among mistakes, each named by its docstring or its name."""

    def subject(*args, **kwargs):
        return answer(*args, **kwargs)

    subject.mistakes = tuple(wrong(m.__name__)(m) for m in mistakes)
    subject.remembered = deque(right)
    with pytest.raises(Verdict) as caught:
        check(subject, *args, **{"want": None, **call})
    return caught.value.diagnoses


@pytest.mark.parametrize(
    ("first", "second", "call"),
    [
        (lambda x: 2 * x, lambda x: x**2, {"args": (TWO,)}),
        (lambda x: 2 * x, lambda x: x**2, {"args": (2,)}),
        (lambda x: 2 * x, lambda x: x**2, {"args": (2.0,)}),
        (lambda x: 2 * x, lambda x: x**2, {"args": (Fraction(2),)}),
        (lambda x: x[0] + x[1], lambda x: x[0] * x[1], {"args": ([2, 2],)}),
        (lambda x, y: x, lambda x, y: y, {"args": (3, 3)}),
        (lambda *, beta: beta, lambda *, beta: 0.5, {"beta": 0.5}),
        (lambda x, beta=0.5: beta, lambda x, beta=0.1: beta, {"args": (TWO,), "beta": 0.3}),
        (lambda x, keep=True: keep, lambda x, keep=True: True, {"args": (TWO,), "keep": True}),
        (lambda x: x.sum(), lambda x: x.mean(), {"args": (TWO[:1],)}),
        (lambda x: x.flip(0), lambda x: x, {"args": (TWO,)}),
        (lambda x: x.mT, lambda x: x, {"args": (SQUARE,)}),
        (lambda x: x.abs(), lambda x: x, {"args": (TWO,)}),
        (lambda x: x, lambda x: x.float(), {"args": (TWO,)}),
        (lambda x: x.clamp(max=50), lambda x: x, {"args": (TWO,)}),
        (lambda t: t, lambda t: torch.zeros_like(t), {"args": (torch.tensor([0, 0, 0]),)}),
        (lambda m: ~m, lambda m: torch.ones_like(m), {"args": (torch.tensor([False, False]),)}),
    ],
)
def test_mistakes_that_agree_on_the_failing_call_are_parted(first, second, call):
    first.__name__, second.__name__ = "first", "second"
    assert told(first, first, second, **call) == ["first"]
    assert told(second, first, second, **call) == ["second"]


def test_logits_keep_their_targets_when_a_dimension_changes():
    def picked(logits, targets):
        return logits[range(len(targets)), targets].sum()

    def largest(logits, targets):
        return logits.amax(1).sum()

    call = {"args": (torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([1]))}
    assert told(picked, picked, largest, **call) == ["picked"]
    assert told(largest, picked, largest, **call) == ["largest"]


def test_gradients_part_mistakes_that_have_the_same_values():
    def straight(x):
        return x + (x**3 - x).detach()

    def straight_above_0(x):
        return x.relu() + (x**3 - x.relu()).detach()

    mistakes = tuple(wrong(m.__name__)(m) for m in (straight, straight_above_0))
    for mistake in (straight, straight_above_0):

        def answer(x, mistake=mistake):
            return mistake(x)

        answer.mistakes = mistakes
        with pytest.raises(Mismatch) as caught:
            check_gradient(answer, TWO, like=lambda x: x**3)
        assert caught.value.diagnoses == [mistake.__name__]


def test_values_of_other_calls_are_tried():
    def ignores(x, mode="a"):
        return x

    def knows(x, mode="a"):
        return x if mode == "a" else -x

    kept = []

    def subject(x, mode="a"):
        return knows(x, mode)

    subject.mistakes = (wrong("ignore")(ignores), wrong("know")(knows))
    subject.remember = lambda call, outcome: kept.append((call, outcome))
    check(subject, torch.tensor([0.0]), mode="b", want=torch.tensor([0.0]))
    subject.remembered = kept
    with pytest.raises(Mismatch) as caught:
        check(subject, TWO, want=-TWO)
    assert caught.value.diagnoses == ["know"]
    assert len(kept) == 1  # the further calls aren't remembered


def test_two_that_are_the_same_are_both_told():
    once, again = wrong("count twice")(lambda x: 2 * x), wrong("add it to itself")(lambda x: x + x)

    def answer(x):
        return 2 * x

    answer.mistakes = (once, again)
    with pytest.raises(Mismatch) as caught:
        check(answer, TWO, want=TWO)
    assert caught.value.in_full().split("\n")[-2:] == [
        "This is what you get when you count twice.",
        "This is also what you get when you add it to itself.",
    ]


def test_an_answer_that_refuses_what_the_mistakes_accept_is_still_told_its_own():
    def doubled(x):
        return 2 * x

    def squared(x):
        return x**2

    def careful(x):
        if x.dtype != torch.float32 or (x < 0).any() or x.shape != (2,):
            raise ValueError("x")
        return 2 * x

    assert told(careful, doubled, squared, args=(TWO,)) == ["doubled"]


def test_an_input_that_breaks_everything_says_nothing():
    def doubled(x):
        if x != 2:
            raise [KeyError, SystemError, Verdict][x % 3]("no")
        return 2 * x

    def squared(x):
        return x**2

    assert told(doubled, doubled, squared, args=(2,)) == ["doubled", "squared"]


def test_a_mistake_that_never_ends_is_interrupted(monkeypatch):
    monkeypatch.setattr(diagnosis, "SECONDS", 0.1)

    def endless(x):
        while x != 2:
            x = x + 0
        return 2 * x

    def squared(x):
        return x**2

    start = time.monotonic()
    assert "squared" in told(squared, endless, squared, args=(2,))
    assert time.monotonic() - start < 1


def test_the_methods_of_an_object_are_not_called_again():
    class Counter:
        def __init__(self):
            self.count = 0

        def add(self, n):
            self.count += n
            return self.count

    convention = wrong("count on", right_for="a sum; here each call counts alone")
    subject = Subject("c", "counter", "x", Exercise(level="core"), (convention(Counter),))
    subject.mistakes += (wrong("double")(type("Doubled", (), {"add": lambda self, n: 2 * n})),)
    instance = Instance(replaced(subject, Counter), (), {})
    check(instance.add, 2, want=2)
    with pytest.raises(Mismatch) as caught:
        check(instance.add, 2, want=2)
    assert caught.value.in_full().endswith("It is right for a sum; here each call counts alone.")
    check(instance.add, 1, want=5)


def replaced(subject, answer):
    """Give a subject that is called from the tests its answer."""
    subject.given = answer
    return subject


def test_a_diagnosis_draws_no_random_numbers():
    def answer(x):
        return 2 * x + 0 * torch.rand(2)

    answer.mistakes = (wrong("double")(answer), wrong("square")(lambda x: x**2))
    with pytest.raises(Mismatch) as caught:
        check(answer, TWO, want=TWO)
    state = torch.get_rng_state()
    assert caught.value.diagnoses == ["double"]
    assert torch.equal(torch.get_rng_state(), state)


def test_a_convention_is_told_as_such():
    population = wrong(
        "divide by n", right_for="the population's variance; here it is the sample's"
    )(lambda x: x.var(correction=0))

    def answer(x):
        return x.var(correction=0)

    answer.mistakes = (population,)
    with pytest.raises(Mismatch) as caught:
        check(answer, torch.tensor([1.0, 3.0]), want=torch.tensor(2.0))
    assert caught.value.in_full().split("\n")[-2:] == [
        "This is what you get when you divide by n.",
        "It is right for the population's variance; here it is the sample's.",
    ]


def test_a_convention_says_what_holds_here():
    with pytest.raises(ValueError, match="must end in '; here"):
        wrong("divide by n", right_for="the population's variance")


ARGUMENTS = [
    {0: torch.rand(3, 4), 1: torch.tensor([0, 1, 2])},
    {0: torch.empty(0, 3), "dim": -1},
    {0: torch.tensor(1.0), "x": True, "e": 1e308, "f": float("nan"), "g": None, "h": "mean"},
    {0: (1, 2.0, "a", (torch.ones(2),)), 1: [], 2: {"a": 1}, "q": Fraction(1, 3)},
    {0: SQUARE, 1: SQUARE.bool(), 2: torch.zeros(2, dtype=torch.complex64)},
    {0: torch.full((2, 3), torch.inf), 1: torch.ones(4).expand(3, 4), 2: torch.rand(5, 4).mT},
    {0: torch.tensor([[0.5, 0.5], [1, 0]], requires_grad=True)},
    {0: 10**400, 1: float("inf"), 2: torch.tensor([], dtype=torch.int64)},
]


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_further_arguments_are_the_same_in_every_run(arguments):
    first, second = ([str(a) for a in probes.variants(arguments)] for _ in range(2))
    assert first == second
    assert len(first) > 10


def test_what_holds_of_arguments_goes_on_to_hold():
    p = torch.tensor([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]])
    near = list(probes.others(p))[:4]
    assert all(torch.allclose(v.sum(-1), torch.ones(2)) for v in near)
    assert not any(torch.equal(v, p) for v in near)
    changed = list(probes.others(SQUARE))[1:4]  # entries put in and taken out
    assert not any(torch.equal(v, SQUARE) for v in changed)
    assert all(torch.equal(v, v.mT) for v in changed)


def test_a_mistake_that_draws_from_torchs_own_generator_is_told_by_its_draws():
    def uniform(x):
        return torch.rand(3)

    def normal(x):
        return torch.randn(3)

    def answer(x):
        with undrawn():
            return uniform(x)

    assert told(answer, uniform, normal, args=(TWO,)) == ["uniform"]
    answer.mistakes = (uniform, normal)
    call = Call(answer, (TWO,), {})
    right = [(call, call.run(answer))]
    torch.rand(5)  # the next test draws from somewhere else
    assert told(answer, uniform, normal, args=(TWO,), right=right) == ["uniform"]


def test_an_effect_tells_the_mistake_that_has_it():
    def fills(x):
        x.grad = torch.ones_like(x)
        return x.detach()

    def thaws(x):
        return x.requires_grad_().detach()

    def act(x):
        return fills(x)

    act.mistakes = tuple(wrong(m.__name__)(m) for m in (thaws, fills))
    with pytest.raises(Mismatch, match=r"^act\(") as caught:
        check(effect(act, lambda x: x.grad), TWO, want=None)
    assert caught.value.diagnoses == ["fills"]
    check(effect(act, lambda x: x.requires_grad), TWO, want=False)
