"""(1/n) sum (1/2) (y - x w - b)^2, with w and b in one vector."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("squared_loss",),
    forbid=("mse_loss", "linear"),
    instead="write it with a product, a square and a mean",
    hints=(
        "Which column has to be added to x for its product with w to hold the bias?",
        "The last: torch.cat([x, ones], dim=1) @ w.",
    ),
)


@st.composite
def regressions(draw):
    n, d = draw(inputs.sizes(1, 4)), draw(inputs.sizes(0, 3))
    return draw(inputs.tensors(n, d)), draw(inputs.tensors(n)), draw(inputs.tensors(d + 1))


@claim("S3-097", "S1-004")
def test_a_case_worked_by_hand(linreg_loss):
    x = torch.tensor([[1.0, 2.0], [0.0, 3.0], [-1.0, 1.0], [2.0, 0.0]])
    y, w = torch.tensor([4.0, 1.0, 2.0, 8.0]), torch.tensor([3.0, -1.0, 0.5])
    # Predictions 1.5, -2.5, -3.5, 6.5; errors 2.5, 3.5, 5.5, 1.5.
    check(linreg_loss, x, y, w, want=torch.tensor((6.25 + 12.25 + 30.25 + 2.25) / 8))


@claim("S3-097")
@given(regressions())
def test_equals_the_formula_in_exact_fractions(linreg_loss, regression):
    from fractions import Fraction

    x, y, w = ([*map(Fraction, t.flatten().tolist())] for t in regression)
    n, d = regression[0].shape
    rows = [[*x[i * d : (i + 1) * d], Fraction(1)] for i in range(n)]
    errors = [
        t - sum(a * b for a, b in zip(r, w, strict=True)) for t, r in zip(y, rows, strict=True)
    ]
    want = float(sum(e * e for e in errors) / 2 / n)
    check(linreg_loss, *regression, want=torch.tensor(want, dtype=torch.float64), scale=1.0)


@claim("S3-097")
@given(regressions())
def test_gradients_flow_back_to_data_and_weights(linreg_loss, regression):
    def with_bias(x, y, w):
        return ((x * w[:-1]).sum(1) + w[-1] - y).pow(2).sum() / (2 * len(y))

    check_gradient(linreg_loss, *regression, like=with_bias)


@claim("S3-097")
def test_the_gradient_by_the_weights_is_the_normal_equations(linreg_loss):
    x, y, w = inputs.numbers(5, 2), inputs.numbers(5) - 1, inputs.vector(1, -2, 0.5)
    folded = torch.cat([x, torch.ones(5, 1).double()], 1)
    want = folded.T @ (folded @ w - y) / 5
    one = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(linreg_loss, x, y, w, wrt=(2,), upstream=one, want=(want,))


@claim("S3-097", "S1-004")
def test_a_line_through_all_points_costs_nothing(linreg_loss):
    x = inputs.numbers(6, 2)
    check(linreg_loss, x, x @ inputs.vector(2, -1) + 3, inputs.vector(2, -1, 3), want=ZERO)


ZERO = torch.tensor(0.0, dtype=torch.float64)


def test_one_row_and_no_feature(linreg_loss):
    w = inputs.vector(2)
    want = torch.tensor(4.5, dtype=torch.float64)
    check(linreg_loss, torch.zeros(1, 0).double(), inputs.vector(5), w, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(linreg_loss, dtype):
    x, y = torch.tensor([[1.0], [2.0]], dtype=dtype), torch.tensor([0.0, 4.0], dtype=dtype)
    want = torch.tensor(0.5, dtype=dtype)
    check(linreg_loss, x, y, torch.tensor([2.0, -1.0], dtype=dtype), want=want)


def test_refuses_targets_of_another_shape(linreg_loss):
    for shape in ((4, 1), (3,), (5,), ()):
        call = torch.ones(4, 2), torch.ones(shape), torch.ones(3)
        check(linreg_loss, *call, raises=ValueError, naming={"y": shape})


def test_refuses_weights_without_a_bias_or_with_too_many(linreg_loss):
    for shape in ((2,), (4,), (0,), (3, 1), (1, 3)):
        call = torch.ones(4, 2), torch.ones(4), torch.ones(shape)
        check(linreg_loss, *call, raises=ValueError, naming={"w": shape})


def test_refuses_no_examples(linreg_loss):
    call = torch.ones(0, 2), torch.ones(0), torch.ones(3)
    check(linreg_loss, *call, raises=ValueError, naming={"x": (0, 2)})


def errors(x, y, w):
    return y - (x @ w[:-1] + w[-1])


@wrong("leave out the 1/2", right_for="torch's mean squared error; here there is a 1/2")
def without_half(x, y, w):
    return errors(x, y, w).square().mean()


@wrong("sum over the examples and don't divide by n")
def summed(x, y, w):
    return errors(x, y, w).square().sum() / 2


@wrong("divide by the number of weights and not by that of examples")
def by_weights(x, y, w):
    return errors(x, y, w).square().sum() / 2 / len(w)


@wrong("take the first entry of w for the bias: here it is the last")
def bias_first(x, y, w):
    return (y - x @ w[1:] - w[0]).square().mean() / 2


@wrong("forget the bias")
def without_bias(x, y, w):
    return (y - x @ w[:-1]).square().mean() / 2


@wrong("add the bias once to the loss, and not to each prediction")
def bias_outside(x, y, w):
    return (y - x @ w[:-1]).square().mean() / 2 + w[-1]


@wrong("subtract as column and row: all pairs are averaged")
def broadcasts(x, y, w):
    return (y - (x @ w[:-1] + w[-1])[:, None]).square().mean() / 2


@wrong(
    "accept a column of targets: less a vector, it is a matrix of all pairs", accepts_bad_input=True
)
def accepts_a_column(x, y, w):
    if len(w) != x.shape[1] + 1:
        raise ValueError(f"w {tuple(w.shape)}")
    if len(x) == 0:
        raise ValueError(f"x {tuple(x.shape)}")
    if y.dim() == 0 or len(y) != len(x):
        raise ValueError(f"y {tuple(y.shape)}")
    return errors(x, y, w).square().mean() / 2


@wrong("take absolute errors")
def absolute(x, y, w):
    return errors(x, y, w).abs().mean() / 2


@wrong("square the mean error")
def square_of_mean(x, y, w):
    return errors(x, y, w).mean().square() / 2


@wrong("detach the bias: it gets no gradient")
def detached_bias(x, y, w):
    return (y - x @ w[:-1] - w[-1].detach()).square().mean() / 2


@right("with the bias added to each prediction")
def with_bias(x, y, w):
    n, d = x.shape
    if tuple(y.shape) != (n,):
        raise ValueError(f"y: {tuple(y.shape)}")
    if tuple(w.shape) != (d + 1,):
        raise ValueError(f"w: {tuple(w.shape)}")
    if n == 0:
        raise ValueError(f"x: {tuple(x.shape)}")
    return torch.dot(errors(x, y, w), errors(x, y, w)) / (2 * n)
