"""D*(x) = p_data(x) / (p_data(x) + p_g(x))."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("gan_value_discrete",),
    hints=(
        "Maximise a log y + b log(1 - y) over y, at each point by itself.",
        "a / (a + b); where both are 0 the divisor has to be replaced, not the result alone.",
    ),
)

PAIRS = st.integers(1, 5).flatmap(
    lambda n: st.tuples(*[inputs.tensors(n, low=0, high=3, step=1 / 4)] * 2)
)


@claim("S3-401")
def test_a_case_worked_by_hand(optimal_discriminator):
    p_data, p_g = torch.tensor([0.125, 0.75, 0.125]), torch.tensor([0.375, 0.25, 0.375])
    check(optimal_discriminator, p_data, p_g, want=torch.tensor([0.25, 0.75, 0.25]))


@claim("S3-400", "S3-401")
@given(PAIRS)
def test_equals_the_exact_fractions(optimal_discriminator, pair):
    points = zip(*(p.tolist() for p in pair), strict=True)
    want = [float(Fraction(a) / Fraction(a + b)) if a + b else 0.5 for a, b in points]
    check(optimal_discriminator, *pair, want=torch.tensor(want, dtype=torch.float64))


@claim("S3-401")
def test_no_other_discriminator_on_a_grid_is_better(optimal_discriminator):
    # By brute force: of 999 values at each point the best is D*.
    p_data, p_g = (torch.tensor(p, dtype=torch.float64) for p in ([0.9, 0.1], [0.1, 0.9]))
    y = torch.arange(1, 1000, dtype=torch.float64)[:, None] / 1000
    best = (p_data * y.log() + p_g * (1 - y).log()).argmax(0)
    check(optimal_discriminator, p_data, p_g, want=y[best, 0])


@claim("S3-402")
@given(st.integers(1, 5).flatmap(lambda n: inputs.tensors(n, low=1 / 4, high=3)))
def test_is_one_half_where_the_densities_are_equal(optimal_discriminator, p):
    check(optimal_discriminator, p, p.clone(), want=torch.full_like(p, 0.5))


@claim("S3-400", "S3-401")
def test_is_1_and_0_where_only_one_of_them_has_samples(optimal_discriminator):
    p_data, p_g = torch.tensor([0.25, 0.75, 0, 0]), torch.tensor([0, 0, 0.5, 0.5])
    check(optimal_discriminator, p_data, p_g, want=torch.tensor([1.0, 1, 0, 0]))


@claim("S3-400", "S3-401")
def test_is_one_half_where_neither_has_samples(optimal_discriminator):
    p_data, p_g = torch.tensor([[1.0, 0], [0, 0]]), torch.tensor([[1.0, 0], [3, 0]])
    check(optimal_discriminator, p_data, p_g, want=torch.tensor([[0.5, 0.5], [0, 0.5]]))


@claim("S3-401")
@pytest.mark.parametrize("size", [1e-30, 1e-8, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_only_the_ratio_of_the_densities_matters(optimal_discriminator, size, dtype):
    p_data, p_g = torch.tensor([size, 0], dtype=dtype), torch.tensor([3 * size, size], dtype=dtype)
    check(optimal_discriminator, p_data, p_g, want=torch.tensor([0.25, 0], dtype=dtype))


@claim("S3-401")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_small_share_keeps_its_digits(optimal_discriminator, dtype):
    tiny, one = torch.tensor([1e-20], dtype=dtype), torch.tensor([1], dtype=dtype)
    check(optimal_discriminator, tiny, one, want=tiny)
    check(optimal_discriminator, one, tiny, want=one)


@claim("S3-401")
def test_gradients_flow_back_to_both_densities(optimal_discriminator):
    p_data = torch.tensor([0.5, 1.5, 0.25, 0], dtype=torch.float64)
    p_g = torch.tensor([1.5, 0.25, 0.25, 2], dtype=torch.float64)
    check_gradient(optimal_discriminator, p_data, p_g, like=lambda a, b: a / (a + b))


def test_no_nan_flows_back_from_where_neither_has_samples(optimal_discriminator):
    p_data = torch.tensor([0.5, 0], dtype=torch.float64)
    p_g = torch.tensor([1.5, 0], dtype=torch.float64)
    up = torch.tensor([2.0, 3.0], dtype=torch.float64)
    # d/da a/(a+b) = b/(a+b)^2 and d/db = -a/(a+b)^2, at a + b = 2
    want = torch.tensor([0.75, 0]).double(), torch.tensor([-0.25, 0]).double()
    check_gradient(optimal_discriminator, p_data, p_g, upstream=up, want=want)


def test_keeps_shape_and_dtype(optimal_discriminator):
    p = torch.tensor([[0.5, 1.5, 0.25], [1, 1, 4]], dtype=torch.bfloat16)
    q = torch.tensor([[1.5, 0.5, 0.25], [3, 0, 4]], dtype=torch.bfloat16)
    want = torch.tensor([[0.25, 0.75, 0.5], [0.25, 1, 0.5]], dtype=torch.bfloat16)
    check(optimal_discriminator, p, q, want=want)
    check(optimal_discriminator, torch.tensor(1.0), torch.tensor(3.0), want=torch.tensor(0.25))


def test_refuses_negative_densities(optimal_discriminator):
    bad, fine = torch.tensor([0.5, -0.25]), torch.tensor([0.5, 0.5])
    check(optimal_discriminator, bad, fine, raises=ValueError, naming={"p_data": -0.25})
    check(optimal_discriminator, fine, bad, raises=ValueError, naming={"p_g": -0.25})


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 1)], ids=str)
def test_refuses_different_shapes(optimal_discriminator, shape):
    naming = {"p_g": list(shape)}
    check(optimal_discriminator, torch.ones(2), torch.ones(shape), raises=ValueError, naming=naming)


@wrong("divide by 0 where neither has samples")
def naive(p_data, p_g):
    return p_data / (p_data + p_g)


@wrong("add 1e-8 to the divisor: small densities vanish in it")
def with_epsilon(p_data, p_g):
    nowhere = p_data + p_g == 0
    return torch.where(nowhere, 0.5, p_data / (p_data + p_g + 1e-8))


@wrong("take 1 less the share of the generated samples: a small share of the data rounds away")
def one_less(p_data, p_g):
    total = p_data + p_g
    share = 1 - p_g / torch.where(total > 0, total, 1)
    return torch.where(total > 0, share, 0.5)


@wrong("return the probability of a generated sample")
def of_the_generator(p_data, p_g):
    return torch.where(p_data + p_g > 0, p_g / (p_data + p_g), 0.5)


@wrong("return the ratio p_data / p_g of the densities and not its share")
def ratio(p_data, p_g):
    return p_data / p_g


@wrong("decide for the larger density: 0 or 1 and nothing between")
def hard(p_data, p_g):
    return 0.5 * (1 + torch.sign(p_data - p_g))


@wrong("return 0 where neither has samples, and not 1/2")
def zero_outside(p_data, p_g):
    total = p_data + p_g
    return p_data / torch.where(total > 0, total, 1)


@wrong("replace nan by 1/2 afterwards: it still flows back as the gradient")
def masked_afterwards(p_data, p_g):
    return torch.where(p_data + p_g == 0, 0.5, p_data / (p_data + p_g))


@wrong("detach the divisor: the gradient loses a term")
def detached(p_data, p_g):
    total = p_data + p_g
    safe = torch.where(total > 0, total, 1).detach()
    return torch.where(total > 0, p_data / safe, 0.5 + 0 * p_g)


@wrong("normalise over all points: the result should hold at each point by itself")
def over_everything(p_data, p_g):
    return naive(p_data / p_data.sum(), p_g / p_g.sum())


@right("as the sigmoid of the difference of the logarithms, away from zeros")
def by_the_sigmoid(p_data, p_g):
    if p_g.shape != p_data.shape:
        raise ValueError(f"p_g: {tuple(p_g.shape)} isn't {tuple(p_data.shape)}")
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if p.numel() and p.min() < 0:
            raise ValueError(f"{name}: {float(p.min())} is negative")
    both = (p_data > 0) & (p_g > 0)
    a, b = torch.where(both, p_data, 1.0), torch.where(both, p_g, 1.0)
    inside = torch.sigmoid(a.double().log() - b.double().log()).to(p_data.dtype)
    # Where one of them is 0, the share's derivative by that one isn't: take the fraction there.
    one = (p_data > 0) ^ (p_g > 0)
    edge = p_data / torch.where(one, p_data + p_g, 1.0)
    return torch.where(both, inside, torch.where(one, edge, 0.5))
