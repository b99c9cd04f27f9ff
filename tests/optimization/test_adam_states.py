"""Adam's moments are geometrically weighted sums of the gradients and of their squares."""

from fractions import Fraction

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adam import adam as torchs_adam

from grader import Exercise, check, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("adam_step",),
    forbid=("torch.optim", "fused_adam", "fused_adamw"),
    instead="write the two sums, or the two recursions",
    hints=(
        "Which moment has squares in it, and which beta goes with it?",
        "The sum at step i is beta times the sum at step i - 1, and a new term.",
        "m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2, from 0.",
    ),
)


def weighted(terms, beta):
    """The geometric sums as a matrix product: entry [i, k] weighs term k at step i."""
    i = torch.arange(len(terms), dtype=terms.dtype)
    weights = ((1 - beta) * beta ** (i[:, None] - i).clamp(min=0)).tril()
    return torch.tensordot(weights, terms, dims=1)


@claim("S0-361", "S0-362", "S3-369")
def test_a_case_worked_by_hand(adam_states):
    grads = vector([2.0, -8.0], [-4.0, 0.0], [6.0, 2.0])
    first = vector([1.0, -4.0], [-1.5, -2.0], [2.25, 0.0])
    second = vector([1.0, 16.0], [4.75, 12.0], [12.5625, 10.0])
    check(adam_states, grads, beta1=0.5, beta2=0.75, want=(first, second))


@claim("S3-369")
def test_the_first_moment_has_no_squares(adam_states):
    want = (vector(0.2, 0.08), vector(0.004, 0.004996))
    check(adam_states, vector(2.0, -1.0), want=want)


@claim("S0-361", "S0-362", "S3-369")
@given(
    inputs.tensors(inputs.sizes(1, 6), 2),
    st.integers(0, 7),
    st.integers(0, 7),
)
def test_equals_the_sums_in_exact_fractions(adam_states, grads, eighths1, eighths2):
    def moments(power, eighths):
        beta, rows = Fraction(eighths, 8), []
        for i in range(len(grads)):
            terms = [
                [(1 - beta) * beta ** (i - k) * Fraction(g) ** power for g in grads[k].tolist()]
                for k in range(i + 1)
            ]
            rows.append([float(sum(column)) for column in zip(*terms, strict=True)])
        return torch.tensor(rows, dtype=torch.float64)

    want = (moments(1, eighths1), moments(2, eighths2))
    check(adam_states, grads, eighths1 / 8, eighths2 / 8, want=want, scale=10.0)


@claim("S0-361", "S0-362", "S3-369")
def test_are_the_states_that_torch_keeps(adam_states):
    grads = torch.arange(24, dtype=torch.float64).reshape(4, 2, 3).sin()
    theta, m, v = (torch.zeros(2, 3, dtype=torch.float64) for _ in range(3))
    step, first, second = torch.tensor(0.0), [], []
    for g in grads:
        torchs_adam(
            [theta], [g], [m], [v], [], [step], amsgrad=False, beta1=0.7, beta2=0.95, lr=0.1,
            weight_decay=0.0, eps=1e-8, maximize=False,
        )  # fmt: skip
        first.append(m.clone())
        second.append(v.clone())
    check(adam_states, grads, 0.7, 0.95, want=(torch.stack(first), torch.stack(second)))


@claim("S0-362")
def test_the_second_moment_of_a_constant_gradient_is_not_its_variance(adam_states):
    grads = torch.full((200,), 5.0, dtype=torch.float64)
    t = torch.arange(1, 201, dtype=torch.float64)
    want = (5 * (1 - 0.75**t), 25 * (1 - 0.5**t))
    check(adam_states, grads, 0.75, 0.5, want=want)


def test_without_memory_the_moments_are_the_gradient_and_its_square(adam_states):
    grads = vector(1.0, -2.0, 3.0)
    check(adam_states, grads, 0.0, 0.0, want=(grads, grads**2))


def test_no_steps_have_no_moments(adam_states):
    none = torch.zeros(0, 3, dtype=torch.float64)
    check(adam_states, none, 0.5, 0.75, want=(none, none))


def test_one_step_of_single_precision(adam_states):
    check(adam_states, torch.tensor([[4.0, -2.0]]), 0.5, 0.75,
          want=(torch.tensor([[2.0, -1.0]]), torch.tensor([[4.0, 1.0]])))  # fmt: skip


def test_many_steps_of_single_precision(adam_states):
    grads = torch.tensor([3.0, -1.0]).repeat(100)
    want = (weighted(grads.double(), 0.5).float(), weighted(grads.double() ** 2, 0.25).float())
    check(adam_states, grads, 0.5, 0.25, want=want)


def test_many_steps_with_little_memory(adam_states):
    t = torch.arange(1, 201, dtype=torch.float64)
    want = (1 - 0.01**t, 1 - 0.25**t)
    check(adam_states, torch.ones(200).double(), 0.01, 0.25, want=want)


def test_refuses_betas_out_of_range(adam_states):
    for beta in (1.0, 1.5, -0.5):
        check(adam_states, torch.ones(2), beta, raises=ValueError, naming={"beta1": beta})
        naming = {"beta2": beta}
        check(adam_states, torch.ones(2), 0.5, beta, raises=ValueError, naming=naming)


def test_refuses_a_number_in_place_of_a_series(adam_states):
    check(adam_states, torch.tensor(2.5), raises=ValueError, naming={"grads": 2.5})


@wrong("square the gradients in the first moment, as the notes write it")
def squares_in_both(grads, beta1=0.9, beta2=0.999):
    return weighted(grads**2, beta1), weighted(grads**2, beta2)


@wrong("weigh the second moment with beta1")
def one_beta(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta1), weighted(grads**2, beta1)


@wrong("leave the squares out of the second moment")
def no_squares(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta1), weighted(grads, beta2)


@wrong("square the second sum and not its terms")
def square_of_the_sum(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta1), weighted(grads, beta2) ** 2


@wrong("correct the bias: the moments are asked for as they are")
def corrected(grads, beta1=0.9, beta2=0.999):
    ones = torch.ones_like(grads)
    return (
        weighted(grads, beta1) / weighted(ones, beta1),
        weighted(grads**2, beta2) / weighted(ones, beta2),
    )


@wrong("start the means from the first gradient and not from 0")
def started(grads, beta1=0.9, beta2=0.999):
    i = torch.arange(len(grads), dtype=grads.dtype).reshape(-1, *[1] * (grads.dim() - 1))
    first = weighted(grads, beta1) + beta1 ** (i + 1) * grads[0]
    return first, weighted(grads**2, beta2) + beta2 ** (i + 1) * grads[0] ** 2


@wrong("give the oldest gradient the largest weight")
def oldest_first(grads, beta1=0.9, beta2=0.999):
    def reversed_sums(terms, beta):
        return torch.stack([weighted(terms[: i + 1].flip(0), beta)[-1] for i in range(len(terms))])

    return reversed_sums(grads, beta1), reversed_sums(grads**2, beta2)


@wrong("return the moments before each step: they are asked for after it")
def before_each_step(grads, beta1=0.9, beta2=0.999):
    earlier = torch.cat([torch.zeros_like(grads[:1]), grads[:-1]])
    return weighted(earlier, beta1), weighted(earlier**2, beta2)


@wrong("swap the two betas")
def swapped_betas(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta2), weighted(grads**2, beta1)


@wrong("square the first moment for the second one: its squares are those of the gradients")
def squares_of_the_mean(grads, beta1=0.9, beta2=0.999):
    first = weighted(grads, beta1)
    return first, weighted(first**2, beta2)


@wrong("divide a running sum by the powers of beta: they leave the dtype's range in many steps")
def divided_by_powers(grads, beta1=0.9, beta2=0.999):
    def sums(terms, beta):
        i = torch.arange(len(terms), dtype=terms.dtype).reshape(-1, *[1] * (terms.dim() - 1))
        return (1 - beta) * (terms * beta**-i).cumsum(0) / beta**-i if beta else terms

    return sums(grads, beta1), sums(grads**2, beta2)


@wrong("leave out the factors 1 - beta")
def plain_sums(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta1) / (1 - beta1), weighted(grads**2, beta2) / (1 - beta2)


@wrong("return the last moments only and not those of each step")
def last_only(grads, beta1=0.9, beta2=0.999):
    return weighted(grads, beta1)[-1], weighted(grads**2, beta2)[-1]


@right("by a triangular matrix of weights")
def by_a_matrix(grads, beta1=0.9, beta2=0.999):
    if grads.ndim == 0:
        raise ValueError(f"grads = {grads} is no series")
    for beta, name in ((beta1, "beta1"), (beta2, "beta2")):
        if beta < 0 or beta >= 1:
            raise ValueError(f"{name} = {beta} is not in [0, 1)")
    return weighted(grads, beta1), weighted(grads**2, beta2)
