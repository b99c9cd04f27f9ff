"""Cov(one-hot) = diag(p) - p p^T: the second derivative of softmax cross-entropy."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "What is the mean of a one-hot vector, and what is x_i x_j for i != j?",
        "Cov = E[x x^T] - E[x] E[x]^T, and x x^T has a single 1, on its diagonal.",
    ),
)


def by_enumeration(p):
    """E[(x - Ex)(x - Ex)^T] over the k outcomes, row by row."""
    k = p.shape[-1]
    matrices = []
    for row in p.reshape(-1, k):
        apart = torch.eye(k, dtype=p.dtype) - row
        matrices.append(sum(row[j] * torch.outer(apart[j], apart[j]) for j in range(k)))
    return torch.stack(matrices).reshape(*p.shape, k)


@claim("S3-140")
def test_a_case_worked_by_hand(one_hot_covariance):
    p = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    want = torch.tensor([[4.0, -2, -2], [-2, 3, -1], [-2, -1, 3]], dtype=torch.float64) / 16
    check(one_hot_covariance, p, want=want)


@claim("S3-140")
@given(inputs.distributions(inputs.sizes(1, 3), inputs.sizes(1, 5), zeros=True))
def test_is_the_mean_over_all_outcomes(one_hot_covariance, p):
    # The k terms of an entry may cancel.
    check(one_hot_covariance, p, want=by_enumeration(p), scale=1.0)


@claim("S3-140")
@given(inputs.tensors(inputs.sizes(2, 5), low=-3, high=3))
def test_is_the_second_derivative_of_softmax_cross_entropy(one_hot_covariance, logits):
    target = torch.tensor(1)
    want = oracles.hessian(lambda z: torch.nn.functional.cross_entropy(z, target), logits)
    check(one_hot_covariance, logits.softmax(-1), want=want, scale=1.0)


@claim("S3-140")
def test_a_certain_class_does_not_vary(one_hot_covariance):
    check(one_hot_covariance, torch.tensor([0.0, 1.0, 0.0]), want=torch.zeros(3, 3))
    check(one_hot_covariance, torch.ones(2, 1), want=torch.zeros(2, 1, 1))


@claim("S3-140")
def test_equal_classes_vary_by_k_minus_1_over_k_squared(one_hot_covariance):
    want = torch.full((4, 4), -1 / 16)
    want.fill_diagonal_(3 / 16)
    check(one_hot_covariance, torch.full((4,), 0.25), want=want)


def test_each_distribution_has_its_own_matrix(one_hot_covariance):
    p = torch.tensor([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], dtype=torch.float64)
    check(one_hot_covariance, p, want=by_enumeration(p))


@claim("S3-140")
@given(inputs.distributions(inputs.sizes(1, 2), inputs.sizes(2, 4)))
def test_gradients_are_those_of_the_polynomial(one_hot_covariance, p):
    def polynomial(p):
        k = p.shape[-1]
        rows = [
            torch.stack([p[..., i] * (float(i == j) - p[..., j]) for j in range(k)], -1)
            for i in range(k)
        ]
        return torch.stack(rows, -2)

    check_gradient(one_hot_covariance, p, like=polynomial, scale=10.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(one_hot_covariance, dtype):
    want = torch.tensor([[3.0, -3.0], [-3.0, 3.0]], dtype=dtype) / 16
    check(one_hot_covariance, torch.tensor([0.25, 0.75], dtype=dtype), want=want)


def test_a_sum_off_by_rounding_is_taken_as_it_is(one_hot_covariance):
    p = torch.tensor([0.5, 0.5 + 2.0**-11], dtype=torch.float64)
    check(one_hot_covariance, p, want=p.diag() - torch.outer(p, p))


def test_refuses_what_is_no_distribution(one_hot_covariance):
    whole = torch.tensor([0.5, 0.25], dtype=torch.float64)
    check(one_hot_covariance, whole, raises=ValueError, naming={"p": 0.75})
    above = torch.tensor([0.5, 0.5 + 2.0**-9], dtype=torch.float64)
    check(one_hot_covariance, above, raises=ValueError, naming={"p": "1.00"})
    lost = torch.tensor([float("nan"), 1.0], dtype=torch.float64)
    check(one_hot_covariance, lost, raises=ValueError, naming={"p": float("nan")})
    below = torch.tensor([1.25, -0.25], dtype=torch.float64)
    check(one_hot_covariance, below, raises=ValueError, naming={"p": -0.25})
    little = torch.tensor([-1e-7, 1.0], dtype=torch.float64)
    check(one_hot_covariance, little, raises=ValueError, naming={"p": -1e-7})


def test_looks_at_each_distribution_and_not_at_their_mean(one_hot_covariance):
    # The sums are 1 and 1 + 2^-9: less than 1e-3 from 1 in the mean.
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.5 + 2.0**-9]], dtype=torch.float64)
    check(one_hot_covariance, rows, raises=ValueError, naming={"p": "1.00"})


def moments(p):
    """E[x x^T] and E[x] E[x]^T."""
    return torch.diag_embed(p), p[..., :, None] * p[..., None, :]


@wrong("forget to subtract the product of the means")
def second_moment(p):
    return moments(p)[0]


@wrong("treat the classes as independent: the covariances aren't 0")
def independent(p):
    return torch.diag_embed(p * (1 - p))


@wrong("make the covariances positive: one class's 1 is another's 0")
def positive(p):
    second, product = moments(p)
    return torch.diag_embed(p * (1 - p)) + product - second * p[..., None, :]


@wrong("return the variances alone")
def variances(p):
    return p * (1 - p)


@wrong("divide by k - 1 as for a sample")
def of_a_sample(p):
    second, product = moments(p)
    k = p.shape[-1]
    return (second - product) * k / max(k - 1, 1)


@wrong("return correlations: covariances divided by both deviations")
def correlations(p):
    second, product = moments(p)
    deviation = (p * (1 - p)).sqrt()
    return (second - product) / (deviation[..., :, None] * deviation[..., None, :])


@wrong("multiply each distribution with all others: the batch is summed over")
def across_the_batch(p):
    flat = p.reshape(-1, p.shape[-1])
    return torch.diag_embed(p) - flat.mT @ flat


@wrong("treat one factor of p p^T as constant: its gradient is lost")
def detached_factor(p):
    return torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2).detach()


@wrong("put p through softmax first, as if it were logits")
def of_logits(p):
    second, product = moments(p.softmax(-1))
    return second - product


@right("entry by entry: p_i (delta_ij - p_j)")
def entry_by_entry(p):
    if p.lt(0).any():
        raise ValueError(f"p must not be negative, but has {p.min()}")
    sums = p.detach().sum(-1).reshape(-1).tolist()
    for total in sums:
        if not abs(total - 1) <= 1e-3:
            raise ValueError(f"p sums to {total}")
    return p[..., :, None] * (torch.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])
