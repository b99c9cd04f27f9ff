"""The mean is that without dropout; the variance is p / (1 - p) sum_j w_j^2 x_j^2."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("dropout",),
    hints=(
        "x'_j is x_j / (1 - p) times a coin: what are the coin's mean and variance?",
        "The terms of the sum are independent: their variances add up, with squared weights.",
        "x W^T and p / (1 - p) (x^2) (W^2)^T; with p = 1 both are 0.",
    ),
)
X = vector([2.0, 1.0, 0.0], [-1.0, 4.0, 3.0])
WEIGHT = vector(
    [1.0, -3.0, 5.0],
    [0.5, 2.0, -1.0],
    [0.0, 0.0, 1.0],
    [1.0, 1.0, 1.0],
)


def over_all_masks(x, weight, p):
    """Add up the 2^d masks, each with its probability."""
    mean, square = 0, 0
    for mask in itertools.product([0, 1], repeat=x.shape[1]):
        lost = mask.count(0)
        chance = p**lost * (1 - p) ** (len(mask) - lost)
        output = (x * torch.tensor(mask).to(x) / (1 - p)) @ weight.mT
        mean, square = mean + chance * output, square + chance * output**2
    return mean, square - mean**2


@claim("S2-106", "S3-209", "S3-210")
def test_a_case_worked_by_hand(dropout_moments):
    # Without dropout: 2 - 3, 1 + 2 and so on; p / (1 - p) = 1 leaves the sums of squares.
    mean = vector([-1.0, 3.0, 0.0, 3.0], [2.0, 4.5, 3.0, 6.0])
    variance = vector([13.0, 5.0, 0.0, 5.0], [370.0, 73.25, 9.0, 26.0])
    check(dropout_moments, X, WEIGHT, 0.5, want=(mean, variance))
    check(dropout_moments, X, weight=WEIGHT, p=0.75, want=(mean, 3 * variance))
    check(dropout_moments, X, WEIGHT, 0.2, want=(mean, variance / 4))


@claim("S2-106", "S3-209")
@pytest.mark.parametrize(
    ("p", "variance"), [(0.5, 4.0), (0.9, 36.0), (0.2, 1.0), (0.0, 0.0), (1 - 2.0**-12, 16380.0)]
)
def test_the_variance_of_a_single_entry(dropout_moments, p, variance):
    two, one = vector([2.0]), vector([1.0])
    check(dropout_moments, two, one, p, want=(two, vector([variance])))


@claim("S2-106", "S3-210", "S3-209")
@given(
    inputs.tensors(inputs.sizes(1, 3), 3),
    inputs.tensors(inputs.sizes(1, 4), 3),
    st.sampled_from([0.125, 0.3, 0.5, 0.875]),
)
def test_equals_the_sum_over_all_masks(dropout_moments, x, weight, p):
    # The oracle's variance is a difference of squares: of entries up to 5 * 5 * 3 / (1 - p).
    want = over_all_masks(x, weight, p)
    check(dropout_moments, x, weight, p, want=want, scale=1e6)


@claim("S2-106")
def test_of_a_rare_loss_the_variance_has_all_digits(dropout_moments):
    x, weight = torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 0.0], [2.0, -4.0]])
    want = (torch.tensor([[3.0, 2.0]]), torch.tensor([[9e-6, 52e-6]]))
    check(dropout_moments, x, weight, 1e-6, want=want)


@counterexample("S2-106")  # for every p, p = 1 among them
def test_where_all_is_lost_mean_and_variance_are_0(dropout_moments):
    none = torch.zeros(2, 4).double()
    check(dropout_moments, X, WEIGHT, 1.0, want=(none, none))


@claim("S2-106")
@given(inputs.tensors(2, 3), inputs.tensors(4, 3), st.sampled_from([0.25, 0.8, 1.0]))
@pytest.mark.parametrize("at", [0, 1])
def test_gradients_flow_back_through_both(dropout_moments, at, x, weight, p):
    def like(x, weight, p):
        if p == 1:
            return 0 * x @ weight.mT, 0 * x @ weight.mT
        spread = torch.einsum("nd,kd->nkd", x, weight).square().sum(-1)
        return x @ weight.mT, spread * p / (1 - p)

    check_gradient(dropout_moments, x, weight, p, of=at, like=like)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(dropout_moments, dtype):
    x, weight = X[:, :2].to(dtype), WEIGHT[:, :2].to(dtype)
    mean = torch.tensor([[-1, 3, 0, 3], [-13, 7.5, 0, 3]], dtype=dtype)
    variance = torch.tensor([[13, 5, 0, 5], [145, 64.25, 0, 17]], dtype=dtype)
    check(dropout_moments, x, weight, 0.5, want=(mean, variance))


def test_reads_by_strides_and_takes_no_rows(dropout_moments):
    mean = vector([-1.0, 3.0, 0.0, 3.0], [2.0, 4.5, 3.0, 6.0])
    variance = vector([13.0, 5.0, 0.0, 5.0], [370.0, 73.25, 9.0, 26.0])
    turned = X.mT.contiguous().mT
    check(dropout_moments, turned, WEIGHT.mT.contiguous().mT, 0.5, want=(mean, variance))
    none = torch.zeros(0, 4).double()
    check(dropout_moments, X[:0], WEIGHT, 0.5, want=(none, none))


def test_refuses_what_is_no_probability_and_shapes_that_differ(dropout_moments):
    for p in (-0.25, 1.25, math.nan):
        check(dropout_moments, X, WEIGHT, p, raises=ValueError, naming={"p": p})
    for weight in (WEIGHT[:, :2], WEIGHT[:, :1], WEIGHT.mT):
        naming = {"weight": tuple(weight.shape)}
        check(dropout_moments, X, weight, 0.5, raises=ValueError, naming=naming)
    whole = torch.tensor([[1, 2, 3]])
    check(dropout_moments, whole, WEIGHT, 0.5, raises=ValueError, naming={"x": torch.int64})


def moments(x, weight, p, mean=1.0, variance=None):
    variance = (p / (1 - p) if p < 1 else 0) if variance is None else variance
    return (mean if p < 1 else 0) * (x @ weight.mT), variance * (x**2 @ (weight**2).mT)


@wrong("forget the factor 1 / (1 - p): the mean shrinks")
def unscaled(x, weight, p):
    return moments(x, weight, p, 1 - p, p * (1 - p))


@wrong("take the variance of the coin, p (1 - p), and forget that it is divided by 1 - p")
def coin(x, weight, p):
    return moments(x, weight, p, 1.0, p * (1 - p))


@wrong("divide the variance by 1 - p squared, and forget that of the coin")
def squared_factor(x, weight, p):
    return moments(x, weight, p, 1.0, p / (1 - p) ** 2 if p < 1 else 0.0)


@wrong("take p for the probability to stay", right_for="p that is to stay; here it is to go")
def keep_probability(x, weight, p):
    return moments(x, weight, p, 1.0, (1 - p) / p if p else 0.0)


@wrong("return the second moment, not the variance")
def second_moment(x, weight, p):
    mean, variance = moments(x, weight, p)
    return mean, variance + mean**2


@wrong("return the standard deviation, not the variance")
def deviation(x, weight, p):
    mean, variance = moments(x, weight, p)
    return mean, variance.sqrt()


@wrong("square the sum: the entries would be lost all at once, and not each on its own")
def lost_together(x, weight, p):
    return (
        moments(x, weight, p)[0],
        (p / (1 - p) if p < 1 else 0) * (x @ weight.mT) ** 2,
    )


@wrong("subtract the squares from the second moment: where p is small, they differ by rounding")
def difference_of_moments(x, weight, p):
    mean, variance = moments(x, weight, p)
    if p == 1:
        return mean, variance
    squares = (weight**2).mT
    return mean, (x / (1 - p)) ** 2 @ squares * (1 - p) - x**2 @ squares


@wrong("forget to square the weights")
def linear_weights(x, weight, p):
    return moments(x, weight, p)[0], (p / (1 - p) if p < 1 else 0) * (x**2 @ weight.mT)


@wrong("keep the mean where p is 1: nothing is left of it")
def mean_at_one(x, weight, p):
    return x @ weight.mT, moments(x, weight, p)[1]


@wrong("detach the variance")
def detached(x, weight, p):
    mean, variance = moments(x, weight, p)
    return mean, variance.detach()


@right("entry by entry, with the terms of each sum laid out")
def laid_out(x, weight, p):
    if not x.is_floating_point():
        raise ValueError(f"x: {x.dtype}")
    if math.isnan(p) or abs(p - 0.5) > 0.5:
        raise ValueError(f"p: {p}")
    if weight.ndim != 2 or x.shape[-1] != weight.shape[-1]:
        raise ValueError(f"weight: {tuple(weight.shape)}")
    terms = x[:, None] * weight
    if p == 1:
        terms = terms * 0
        p = 0.0
    return terms.sum(-1), terms.square().sum(-1) * (1 / (1 - p) - 1)


@gpu
def bench_activations_of_a_transformer(dropout_moments, race):
    def torchs(x, weight, p):
        variance = torch.nn.functional.linear(x.square(), weight.square())
        return torch.nn.functional.linear(x, weight), variance * (p / (1 - p))

    race(
        dropout_moments,
        torch=torchs,
        inputs=lambda draw, n, d, k: (draw.normal(n, d), draw.normal(k, d) / d**0.5, 0.1),
        small=(64, 128, 96),
        large=(8192, 4096, 1024),
        # Two products, with 2 operations for each n, d and k; the squares; one factor an output.
        forward=lambda x, weight, p: {
            "bytes": x.nbytes + weight.nbytes + 8 * len(x) * len(weight),
            "flops": 4 * len(weight) * x.numel()
            + x.numel()
            + weight.numel()
            + len(x) * len(weight),
        },
        slack=100.0,  # sums of up to 4096 products
    )
