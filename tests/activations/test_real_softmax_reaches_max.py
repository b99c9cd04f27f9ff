"""log(exp(a) + exp(b)) > max(a, b): proved for reals, and false in float32."""

import torch

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("log_sum_exp",),
    hints=(
        "The proof says exp(a) + exp(b) > exp(a). When is that false of floats?",
        "float32 has 24 bits: what is less than 2^-25 of the larger term is lost.",
        "2^-25 = exp(-17.3): a and b must be some 18 apart.",
    ),
)


def is_admissible(pair):
    """Whether it is a float32 vector of two numbers between -10 and 10."""
    two = pair.shape == (2,) and pair.dtype == torch.float32
    return two and bool(pair.isfinite().all()) and pair.abs().max().item() <= 10


@claim("S3-144")
def test_are_two_float32_numbers_of_moderate_size(real_softmax_reaches_max):
    told = "a float32 vector of 2 numbers between -10 and 10"
    check(real_softmax_reaches_max, want=such_that(told, is_admissible))


@claim("S3-144")
def test_real_softmax_is_not_above_the_maximum(real_softmax_reaches_max):
    def refutes(pair):
        a, b = pair
        return is_admissible(pair) and bool(not (a.exp() + b.exp()).log() > torch.maximum(a, b))

    told = "a and b with log(exp(a) + exp(b)) <= max(a, b), computed in float32"
    check(real_softmax_reaches_max, want=such_that(told, refutes))


@wrong("take a tie: there the sum is as far above the maximum as it can be, by log 2")
def a_tie():
    return torch.tensor([5.0, 5.0])


@wrong("take numbers whose exponentials underflow: beyond the range that was asked for")
def underflow():
    return torch.tensor([-200.0, -300.0])


@wrong("take numbers whose distance is too small: exp(b) still changes the sum")
def too_near():
    return torch.tensor([5.0, -5.0])


@wrong("take -inf for one of the two, which is no real number")
def infinite():
    return torch.tensor([0.0, -torch.inf])


@wrong("compute in float64, where 18 apart is not far enough")
def in_float64():
    return torch.tensor([9.0, -9.0], dtype=torch.float64)


@right("found by a search over the whole numbers")
def by_search():
    pairs = [torch.tensor([float(a), float(b)]) for a in range(11) for b in range(-10, 0)]
    return next(p.flip(0) for p in pairs if p.exp().sum().log() <= p.max())
