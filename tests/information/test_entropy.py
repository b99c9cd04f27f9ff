"""H(p) = -sum p_i log p_i, with 0 log 0 = 0 and without a nan in the gradient."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from grader import Exercise, accuracy, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("entr", "xlogy", "torch.distributions", "scipy.special", "scipy.stats"),
    instead="write it with log and sum, and see to 0 log 0 yourself",
    hints=(
        "What is 0 * log(0) in floating point, and what should it be?",
        "Choosing with torch.where after the logarithm mends the value, but not the gradient.",
        "Replace the zeros by 1 before the logarithm; log to base b is log / log b.",
    ),
)


def over_the_support(p, base=math.e):
    """The sum over the positive entries alone, row by row."""
    rows = [-(r[r > 0] * r[r > 0].log()).sum() / math.log(base) for r in p.reshape(-1, p.shape[-1])]
    return torch.stack(rows).reshape(p.shape[:-1])


@claim("S3-395", "S0-307")
def test_a_case_worked_by_hand(entropy):
    p = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.75, 0.0]], dtype=torch.float64)
    want = torch.tensor([1.5, 2 - 0.75 * math.log2(3)], dtype=torch.float64)
    check(entropy, p, base=2.0, want=want)


@claim("S3-141")
def test_three_equal_classes_hold_the_logarithm_of_three(entropy):
    p = torch.full((3,), 1 / 3, dtype=torch.float64)
    check(entropy, p, want=torch.tensor(math.log(3), dtype=torch.float64))
    check(entropy, p, 2.0, want=torch.tensor(1.584962500721156, dtype=torch.float64))


@claim("S3-395", "S0-307")
@given(inputs.distributions(inputs.sizes(1, 3), inputs.sizes(1, 5), zeros=True))
def test_equals_scipys_entropy(entropy, p):
    from scipy.stats import entropy as scipys

    check(entropy, p, want=torch.from_numpy(scipys(p.numpy(), axis=-1)))


@claim("S0-307")
@pytest.mark.parametrize("base", [2.0, 10.0, 1.5])
def test_the_base_divides_by_its_logarithm(entropy, base):
    p = torch.tensor([0.125, 0.0, 0.25, 0.625], dtype=torch.float64)
    check(entropy, p, base=base, want=over_the_support(p, base))


@claim("S3-395")
def test_a_certain_outcome_leaves_nothing_open(entropy):
    check(entropy, torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), want=torch.zeros(2))
    check(entropy, torch.ones(2, 1), want=torch.zeros(2))


def test_keeps_all_dimensions_but_the_last(entropy):
    p = torch.tensor([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], dtype=torch.float32)
    check(entropy, p, want=over_the_support(p))


@given(inputs.distributions(inputs.sizes(1, 3), inputs.sizes(2, 5)))
def test_gradients_are_minus_log_p_minus_one(entropy, p):
    check_gradient(entropy, p, like=lambda p: -(p * p.log()).sum(-1))


def test_the_gradient_is_zero_and_not_nan_at_an_entry_of_zero(entropy):
    p = torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]], dtype=torch.float64)
    check_gradient(entropy, p, like=over_the_support)
    check_gradient(entropy, p, base=2.0, like=over_the_support, wrt=(0,))


def test_a_tiny_probability_counts(entropy):
    # 1e-30 adds 1e-30 * 69, far below the rounding of the sum, so look at its slope.
    p = torch.tensor([1.0, 1e-30])
    check_gradient(entropy, p, like=over_the_support)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(entropy, dtype):
    p = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]], dtype=dtype)
    check(entropy, p, 2.0, want=torch.tensor([1.5, 1.0], dtype=dtype))


def test_a_sum_off_by_rounding_is_taken_as_it_is(entropy):
    p = torch.tensor([0.5, 0.5 + 2.0**-11], dtype=torch.float64)
    check(entropy, p, want=over_the_support(p))


def test_refuses_what_is_no_distribution(entropy):
    whole = torch.tensor([0.5, 0.25], dtype=torch.float64)
    check(entropy, whole, raises=ValueError, naming={"p": 0.75})
    above = torch.tensor([0.5, 0.5 + 2.0**-9], dtype=torch.float64)
    check(entropy, above, raises=ValueError, naming={"p": "1.00"})
    below = torch.tensor([1.25, -0.25], dtype=torch.float64)
    check(entropy, below, raises=ValueError, naming={"p": -0.25})
    lost = torch.tensor([math.nan, 1.0], dtype=torch.float64)
    check(entropy, lost, raises=ValueError, naming={"p": math.nan})
    rows = torch.tensor([[0.5, 0.5], [0.75, 0.5]], dtype=torch.float64)
    check(entropy, rows, raises=ValueError, naming={"p": 1.25})
    little = torch.tensor([-1e-7, 1.0], dtype=torch.float64)
    check(entropy, little, raises=ValueError, naming={"p": -1e-7})
    # The sums are 1 and 1 + 2^-9: less than 1e-3 from 1 in the mean.
    rows = torch.stack([torch.full_like(above, 0.5), above])
    check(entropy, rows, raises=ValueError, naming={"p": "1.00"})


def test_refuses_a_base_without_a_logarithm(entropy):
    p = torch.tensor([0.5, 0.5])
    check(entropy, p, base=1, raises=ValueError, naming={"base": 1})
    check(entropy, p, base=-2, raises=ValueError, naming={"base": -2})
    check(entropy, p, base=math.nan, raises=ValueError, naming={"base": math.nan})


@wrong("multiply 0 by log 0 = -inf: a probability of 0 makes the entropy nan")
def nan_at_zero(p, base=math.e):
    return -(p * p.log()).sum(-1) / math.log(base)


@wrong("mend 0 log 0 after the logarithm: the value is right, the gradient nan")
def nan_gradient(p, base=math.e):
    return -torch.where(p > 0, p * p.log(), 0).sum(-1) / math.log(base)


@wrong("add a small number inside the logarithm")
def with_epsilon(p, base=math.e):
    return -(p * (p + 1e-7).log()).sum(-1) / math.log(base)


@wrong("clamp the probabilities from below at 1e-12: the slope at smaller ones is cut off")
def clamped(p, base=math.e):
    return -(p * p.clamp(min=1e-12).log()).sum(-1) / math.log(base)


@wrong("ignore the base")
def ignores_base(p, base=math.e):
    return over_the_support(p)


@wrong(
    "compute in bits unless a base is given",
    right_for="bits; here the default is the natural logarithm",
)
def bits_by_default(p, base=2.0):
    return over_the_support(p, base)


@wrong("multiply by log base instead of dividing")
def multiplies(p, base=math.e):
    return over_the_support(p) * math.log(base)


@wrong("forget the minus sign")
def without_minus(p, base=math.e):
    return -over_the_support(p, base)


@wrong("take the mean of -p log p and not the sum")
def mean(p, base=math.e):
    return over_the_support(p, base) / p.shape[-1]


@wrong("add up all distributions")
def over_everything(p, base=math.e):
    return over_the_support(p, base).sum()


@wrong("detach the logarithm: the gradient loses its -1")
def detached_logarithm(p, base=math.e):
    return -(p * torch.where(p > 0, p, 1).log().detach()).sum(-1) / math.log(base)


@wrong("rescale the probabilities to sum to 1 first: their gradient is another one")
def rescaled(p, base=math.e):
    return over_the_support(p / p.sum(-1, keepdim=True), base)


@right("row by row, over the positive entries")
def row_by_row(p, base=math.e):
    if not base > 1:
        raise ValueError(f"bad base: {base}")
    if p.lt(0).any():
        raise ValueError(f"p has negative entries: {p[p < 0].tolist()}")
    sums = p.detach().sum(-1)
    off = ~((sums - 1).abs() <= 1e-3)
    if off.any():
        raise ValueError(f"p doesn't sum to 1 but to {sums[off].tolist()}")
    return over_the_support(p, base)


@accuracy(
    "the small entries",
    inputs=lambda draw, size: (
        F.normalize(torch.cat([torch.ones(1), size * draw.uniform(7)]), p=1, dim=0),
    ),
    torch=lambda p: torch.special.entr(p).sum(-1),
    decades=(-12, 0),
    dtypes=("float32", "float64"),  # the entries of bfloat16 don't sum to 1
)
def exact(mp, p):
    return -sum(a * mp.log(a) for a in p)
