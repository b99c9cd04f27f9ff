"""The variance of columns: by deviations, and not as a difference of two large numbers."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, accuracy, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=(
        "var",
        "std",
        "var_mean",
        "std_mean",
        "cov",
        "corrcoef",
        "batch_norm",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means and squares",
    hints=(
        "Two forms, equal on paper. Which subtracts large numbers that have lost their last digits?",
        "Even the mean of numbers near 1e8 is rounded in float32. Which numbers near 0 have the same variance?",
        "Subtract the first row, then the mean, square, add up.",
    ),
)


@claim("S4-178")
def test_a_case_worked_by_hand(column_variance):
    x = inputs.vector(1, 10, 2, 10, 6, 16).reshape(3, 2)
    check(column_variance, x, want=inputs.vector(7, 12))


@claim("S4-178")
def test_the_correction_is_what_n_is_diminished_by(column_variance):
    x = inputs.vector(1, 10, 3, 10, 6, 16, 6, 12).reshape(4, 2)
    check(column_variance, x, correction=0, want=inputs.vector(4.5, 6))
    check(column_variance, x, 2, want=inputs.vector(9, 12))


@claim("S4-178")
@given(inputs.tensors(inputs.sizes(3, 6), inputs.sizes(1, 3)), st.integers(0, 2))
def test_equals_the_definition_in_exact_fractions(column_variance, x, correction):
    want = [float(exact_variance(column, correction)) for column in x.T.tolist()]
    check(column_variance, x, correction, want=inputs.vector(*want), scale=5.0)


def exact_variance(column, correction):
    values = [Fraction(v) for v in column]
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / (len(values) - correction)


@claim("S4-178")
@given(inputs.tensors(inputs.sizes(3, 6), inputs.sizes(1, 3)), st.integers(0, 2))
def test_gradients_flow_back_as_through_torchs(column_variance, x, correction):
    check_gradient(column_variance, x, correction, like=lambda x, c: torch.var(x, 0, correction=c))


@claim("S4-178")
@pytest.mark.parametrize(
    ("dtype", "far", "step"),
    [(torch.float32, 1e8, 8.0), (torch.float32, -1e4, 2.0**-10), (torch.float64, 1e16, 2.0)],
    ids=str,
)
def test_far_away_from_0_the_variance_is_that_of_the_steps(column_variance, dtype, far, step):
    steps = torch.tensor([[0.0, 3.0], [3.0, 1.0], [1.0, 1.0], [7.0, 4.0], [2.0, 1.0]], dtype=dtype)
    want = torch.tensor([7.3, 2.0], dtype=dtype) * step**2
    check(column_variance, far + step * steps, want=want)


@claim("S4-178")
def test_columns_have_their_own_size(column_variance):
    x = torch.tensor([[1e8, 1e-3, 2.0], [1e8 + 16, 3e-3, 2.0]])
    want = torch.tensor([128.0, 2e-6, 0.0])
    check(column_variance, x, want=want, scale=0.0)
    # 1e8 and -1e8 are 2e8 apart, where neighbours in float32 are 16 apart: no shift fits both.
    x = torch.tensor([[1e8, -1e8], [1e8 + 8, -1e8], [1e8 + 8, -1e8 + 8], [1e8, -1e8]])
    check(column_variance, x, 0, want=torch.tensor([16.0, 12.0]))


@claim("S4-178")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_constant_column_has_the_variance_zero(column_variance, dtype):
    x = torch.full((3, 2), 0.1, dtype=dtype)
    # scale=0: nothing but 0 itself.
    check(column_variance, x, want=torch.zeros(2, dtype=dtype), scale=0.0)
    check(column_variance, 1e9 * x, want=torch.zeros(2, dtype=dtype), scale=0.0)


@claim("S4-178")
def test_gradients_far_away_from_0_are_those_of_the_steps(column_variance):
    x = 1e8 + 8 * torch.tensor([[0.0], [3.0], [1.0], [7.0], [4.0]])
    want = 2 / 4 * 8 * torch.tensor([[-3.0], [0.0], [-2.0], [4.0], [1.0]])
    check_gradient(column_variance, x, upstream=torch.tensor([1.0]), want=(want,))


def test_one_row_has_a_variance_as_a_population_only(column_variance):
    check(column_variance, torch.tensor([[3.0, -1.0]]), 0, want=torch.zeros(2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(column_variance, dtype):
    x = torch.tensor([[1.0, 0.5], [2.0, -2.0], [4.5, 1.0]], dtype=dtype)
    check(column_variance, x, want=x.double().var(0).to(dtype))


def test_reads_a_transposed_tensor_by_its_strides(column_variance):
    x = inputs.numbers(2, 5)
    check(column_variance, x.mT, want=x.var(1))


def test_refuses_fewer_rows_than_there_must_be(column_variance):
    check(column_variance, torch.zeros(1, 3), raises=ValueError, naming={"x": (1, 3)})
    check(column_variance, torch.zeros(0, 3), 0, raises=ValueError, naming={"x": (0, 3)})
    check(column_variance, torch.zeros(3, 4), 3, raises=ValueError, naming={"x": (3, 4)})
    check(column_variance, torch.zeros(3), raises=ValueError, naming={"x": (3,)})
    check(column_variance, torch.zeros(3, 2, 2), raises=ValueError, naming={"x": (3, 2, 2)})


def test_refuses_a_negative_correction(column_variance):
    check(column_variance, torch.zeros(3, 4), -1, raises=ValueError, naming={"correction": -1})


def test_refuses_integers(column_variance):
    x = torch.tensor([[1, 2], [3, 4]])
    check(column_variance, x, raises=ValueError, naming={"x": torch.int64})


def spread(x, correction):
    """The variance by deviations, computed in float64."""
    deviations = x.double() - x.double().mean(0)
    return (deviations.square().sum(0) / (len(x) - correction)).to(x.dtype)


@wrong("subtract the squared mean from the mean of squares: far away from 0 nothing is left")
def difference_of_squares(x, correction=1):
    n = len(x)
    return (x.square().sum(0) - n * x.mean(0) ** 2) / (n - correction)


@wrong("clamp the difference of squares at 0: its digits are lost all the same")
def clamped_difference(x, correction=1):
    return difference_of_squares(x, correction).clamp(min=0)


@wrong("subtract a mean that is itself rounded: at 1e8 in float32 it is off by a few steps")
def rounded_mean(x, correction=1):
    return (x - x.sum(0) / len(x)).square().sum(0) / (len(x) - correction)


@wrong(
    "divide by n whatever `correction` says",
    right_for="the variance of a population; here `correction` says what n is diminished by",
)
def population(x, correction=1):
    return spread(x, 0)


@wrong("divide by n - 1 whatever `correction` says")
def sample(x, correction=1):
    return spread(x, 1)


@wrong("take the variance of the rows")
def of_the_rows(x, correction=1):
    return (x - x.mean(1, keepdim=True)).square().sum(1) / (x.shape[1] - correction)


@wrong("take the variance of all entries together")
def of_all(x, correction=1):
    squares = (x - x.mean()).square().sum() / (x.numel() - correction)
    return squares.expand(x.shape[1]).clone()


@wrong("return the standard deviation: the root of the variance")
def deviation(x, correction=1):
    return spread(x, correction).sqrt()


@wrong("subtract the mean of all entries and not each column's own")
def one_mean(x, correction=1):
    return (x - x.mean()).square().sum(0) / (len(x) - correction)


@wrong("measure from the first row and not from the mean")
def from_the_first_row(x, correction=1):
    return (x - x[:1]).square().sum(0) / (len(x) - correction)


@wrong("take absolute deviations")
def absolute(x, correction=1):
    return (x - x.mean(0)).abs().sum(0) / (len(x) - correction)


@wrong("detach the shift: nothing flows back by way of the first row")
def detached_first_row(x, correction=1):
    shifted = torch.cat([x[:1].detach(), x[1:]]) - x[:1].detach()
    return spread(shifted, correction)


@wrong("add a small number, as a normalisation layer does: a constant column has no variance")
def with_epsilon(x, correction=1):
    return spread(x, correction) + 1e-5


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, correction=1):
    return spread(x.float(), correction)


@wrong("subtract in place: the caller's x changes")
def in_place(x, correction=1):
    with torch.no_grad():
        x -= x[:1].clone()
    return spread(x, correction)


def refuse(x, correction):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if correction < 0:
        raise ValueError(f"`correction` = {correction}")
    if x.ndim != 2 or x.shape[0] - correction < 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)} has no variance")


@right("from the differences of all pairs of rows: no mean at all")
def by_pairs(x, correction=1):
    refuse(x, correction)
    differences = x[:, None, :] - x[None, :, :]
    n = x.shape[0]
    return (differences * differences).sum((0, 1)) / (2 * n * (n - correction))


@right("Welford's recursion, one row at a time")
def welford(x, correction=1):
    refuse(x, correction)
    mean, squares = torch.zeros_like(x[0]), torch.zeros_like(x[0])
    for i, row in enumerate(x - x[0]):
        delta = row - mean
        mean = mean + delta / (i + 1)
        squares = squares + delta * (row - mean)
    return squares / (len(x) - correction)


@right("two passes, the second of which sees how far the mean was off")
def corrected_two_passes(x, correction=1):
    refuse(x, correction)
    rough = x - x.mean(0)
    rest = rough - rough.mean(0)
    rest = rest - rest.mean(0)
    constant = (x == x[0]).all(0)
    return torch.where(constant, 0, rest.pow(2).sum(0) / (len(x) - correction))


@accuracy(
    "distance of the mean from 0, for a deviation of 1",
    inputs=lambda draw, size: (size + draw.normal(24, 4),),
    torch=lambda x: x.var(0),
)
def exact(mp, x):
    columns = list(zip(*x, strict=True))
    means = [sum(column) / len(column) for column in columns]
    return [
        sum((v - mean) ** 2 for v in column) / (len(column) - 1)
        for column, mean in zip(columns, means, strict=True)
    ]
