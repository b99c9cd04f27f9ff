"""(y_hat - y)^2 / 2 as a column, whatever shape the targets come in."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("mse",),
    forbid=("mse_loss",),
    instead="write it with a difference and a square",
    hints=(
        "Print the shape of a column less a vector.",
        "Reshape the targets to the shape of the predictions first.",
    ),
)

SHAPES = ((3, 1), (3,), (1, 3), (1, 3, 1))


@claim("S3-120", "S1-004")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_case_worked_by_hand_for_targets_of_any_shape(squared_loss, shape):
    y_hat, y = torch.tensor([[1.0], [5.0], [-3.0]]), torch.tensor([2.0, 1.0, -3.0])
    want = torch.tensor([[0.5], [8.0], [0.0]])
    check(squared_loss, y_hat, y.reshape(shape), want=want)


def test_one_target_may_be_a_number(squared_loss):
    check(squared_loss, torch.tensor([[5.0]]), torch.tensor(1.0), want=torch.tensor([[8.0]]))


@claim("S3-121")
@given(inputs.sizes(1, 5).flatmap(lambda n: st.tuples(*[inputs.tensors(n, 1)] * 2)))
def test_columns_need_no_reshape(squared_loss, pair):
    y_hat, y = pair
    check(squared_loss, y_hat, y, want=0.5 * (y_hat - y).square())


@claim("S3-120")
@given(inputs.sizes(1, 5).flatmap(lambda n: st.tuples(inputs.tensors(n, 1), inputs.tensors(n))))
def test_gradients_are_the_error_and_its_negative(squared_loss, pair):
    y_hat, y = pair
    upstream = torch.arange(1.0, 1 + len(y), dtype=torch.float64)[:, None] / 4
    error = upstream * (y_hat - y[:, None])
    check_gradient(squared_loss, y_hat, y, upstream=upstream, want=(error, -error[:, 0]))


@claim("S1-004")
@given(inputs.sizes(1, 5).flatmap(lambda n: inputs.tensors(n, 1)))
def test_it_is_zero_where_the_prediction_is_exact(squared_loss, y):
    check(squared_loss, y, y[:, 0].clone(), want=torch.zeros_like(y))


@claim("S1-015", "S3-125")
def test_each_example_has_its_own_loss_with_the_half(squared_loss):
    y_hat, y = torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    check(squared_loss, y_hat, y, want=torch.tensor([[0.5], [4.5]]))


def test_rows_of_another_stride_are_read_in_their_order(squared_loss):
    y = inputs.numbers(3, 2).T  # [2, 3], its entries 0 2 4 1 3 5
    y_hat = torch.zeros(6, 1).double()
    want = y.contiguous().reshape(6, 1) ** 2 / 2
    check(squared_loss, y_hat, y, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_keeps_the_dtype(squared_loss, dtype):
    y_hat, y = torch.tensor([[0.5], [-1.0]], dtype=dtype), torch.tensor([2.0, 3.0], dtype=dtype)
    check(squared_loss, y_hat, y, want=torch.tensor([[1.125], [8.0]], dtype=dtype))


def test_refuses_more_targets_or_fewer(squared_loss):
    for shape in ((3,), (5, 1), (1,), (4, 4), (4, 0), ()):
        call = torch.ones(4, 1), torch.ones(shape)
        check(squared_loss, *call, raises=ValueError, naming={"y": shape})


def column(y):
    return y.reshape(-1, 1)


@wrong("broadcast: a column less a vector is a matrix of all pairs")
def broadcasts(y_hat, y):
    return (y_hat - y) ** 2 / 2


@wrong("add the axis by hand: a column of targets gets one too many")
def unsqueezed(y_hat, y):
    return (y_hat - y.unsqueeze(-1)) ** 2 / 2


@wrong("drop the axis of the predictions")
def squeezed(y_hat, y):
    return (y_hat[:, 0] - y.flatten()) ** 2 / 2


@wrong(
    "leave out the 1/2: the gradient is twice the error",
    right_for="torch's squared error; here there is a 1/2, as in Gluon's L2Loss",
)
def without_half(y_hat, y):
    return (y_hat - column(y)) ** 2


@wrong("average over the examples")
def averaged(y_hat, y):
    return ((y_hat - column(y)) ** 2 / 2).mean()


@wrong("average and keep the column")
def averaged_column(y_hat, y):
    return (y_hat - column(y)) ** 2 / 2 / max(1, len(y_hat))


@wrong("take absolute errors")
def absolute(y_hat, y):
    return (y_hat - column(y)).abs() / 2


@wrong("add the targets")
def added(y_hat, y):
    return (y_hat + column(y)) ** 2 / 2


@wrong("reshape the predictions to the shape of the targets: so is the result")
def shape_of_targets(y_hat, y):
    return (y_hat.reshape(y.shape) - y) ** 2 / 2


@wrong("detach the targets: no gradient flows back to them")
def detached(y_hat, y):
    return (y_hat - column(y).detach()) ** 2 / 2


@wrong("repeat one target for all predictions", accepts_bad_input=True)
def accepts_one_target(y_hat, y):
    if y.numel() not in (1, y_hat.numel()):
        raise ValueError(f"y {tuple(y.shape)}")
    return (y_hat - column(y)) ** 2 / 2


@wrong("read the targets in the order of memory")
def in_memory_order(y_hat, y):
    flat = y.as_strided((y.numel(),), (1,)) if y.numel() else y.flatten()
    return (y_hat - flat[:, None]) ** 2 / 2


@right("as vectors, and back to a column")
def vectors(y_hat, y):
    if y.nelement() != len(y_hat):
        raise ValueError(f"y: {tuple(y.shape)}")
    error = y_hat.flatten() - y.flatten()
    return (0.5 * error * error)[:, None]
