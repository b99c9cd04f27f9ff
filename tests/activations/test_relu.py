"""relu(x) = max(x, 0); nan stays nan, and the slope at 0 is 0."""

import pytest
import torch
from hypothesis import given

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    forbid=(
        "relu",
        "relu6",
        "leaky_relu",
        "prelu",
        "rrelu",
        "elu",
        "celu",
        "threshold",
    ),
    instead="choose between x and 0",
    hints=(
        "torch has several ways to choose. Which slope has each of them at x = 0? Try it.",
        "clamp() has slope 1 at 0, and maximum() 1/2; where() has that of the branch it takes.",
        "Is nan > 0? Is nan <= 0? Ask the question whose answer leaves nan alone.",
    ),
)


@claim("S1-030", "S2-076")
def test_a_case_worked_by_hand(relu):
    x = torch.tensor([[-1.5, 2.0, 0.25], [0.0, -0.125, 7.0]])
    check(relu, x, want=torch.tensor([[0.0, 2.0, 0.25], [0.0, 0.0, 7.0]]))


@claim("S1-030", "S2-076")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(0, 4), inputs.sizes()))
def test_keeps_what_is_positive_entry_by_entry(relu, x):
    kept = [v if v > 0 else 0.0 for v in x.flatten().tolist()]
    check(relu, x, want=torch.tensor(kept, dtype=torch.float64).reshape(x.shape))


@claim("S1-030")
@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int8], ids=str
)
def test_keeps_the_dtype_integers_too(relu, dtype):
    x = torch.tensor([[3, -2, 0], [-128, 100, 7]], dtype=dtype)
    check(relu, x, want=torch.tensor([[3, 0, 0], [0, 100, 7]], dtype=dtype))


@claim("S1-030", "S1-131", "S4-117")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-1, high=1))
def test_gradients_flow_back_as_through_torchs(relu, x):
    check_gradient(relu, x, like=torch.relu)


@claim("S1-131", "S4-117")
def test_the_slope_is_1_above_0_and_0_below_however_far(relu):
    x = torch.tensor([1e-30, 1e30, 3.0, -1e-30, -1e30, -2.0])
    upstream = torch.tensor([2.0, -3.0, 0.5, 4.0, 5.0, -6.0])
    want = torch.tensor([2.0, -3.0, 0.5, 0.0, 0.0, 0.0])
    check_gradient(relu, x, upstream=upstream, want=(want,))


@claim("S4-118")
def test_the_slope_at_0_is_0(relu):
    x = torch.tensor([0.0, -0.0, 1.0])
    upstream = torch.tensor([2.0, 3.0, 5.0])
    check_gradient(relu, x, upstream=upstream, want=(torch.tensor([0.0, 0.0, 5.0]),))


@claim("S1-030", "S2-076")
def test_infinite_entries_and_nan(relu):
    inf, nan = torch.inf, torch.nan
    x = torch.tensor([inf, -inf, nan, -1.0])
    check(relu, x, want=torch.tensor([inf, 0.0, nan, 0.0]))
    upstream = torch.tensor([2.0, 3.0, 5.0])
    want = torch.tensor([2.0, 0.0, 5.0])
    check_gradient(relu, torch.tensor([inf, -inf, 1.0]), upstream=upstream, want=(want,))


def test_large_integers_keep_their_digits(relu):
    x = torch.tensor([2**53 + 1, -(2**60)])
    check(relu, x, want=torch.tensor([2**53 + 1, 0]))


def test_any_shape_will_do(relu):
    check(relu, torch.tensor(-2.0), want=torch.tensor(0.0))
    x = inputs.numbers(2, 5, 3)
    want = [[[max(v, 0.0) for v in row] for row in block] for block in x.mT.tolist()]
    check(relu, x.mT, want=torch.tensor(want, dtype=torch.float64))


def test_refuses_what_has_no_sign(relu):
    x = torch.tensor([True, False])
    check(relu, x, raises=ValueError, naming={"x": torch.bool})
    x = torch.tensor([1 + 2j])
    check(relu, x, raises=ValueError, naming={"x": torch.complex64})


@wrong("use clamp(): its slope at 0 is 1")
def by_clamp(x):
    return x.clamp(min=0)


@wrong("use maximum(): it shares the gradient at 0 between x and 0")
def by_maximum(x):
    return torch.maximum(x, torch.zeros_like(x))


@wrong("let where() keep what is above 0: nan is not, and becomes 0")
def nan_is_not_above_0(x):
    return torch.where(x > 0, x, 0)


@wrong("multiply by the mask: -inf * 0 is nan")
def by_the_mask(x):
    return x * (x > 0).to(x.dtype)


@wrong("return (x + |x|) / 2: of an integer it is a float, and inf - inf is nan")
def half_the_sum(x):
    return (x + x.abs()) / 2


@wrong("return |x|")
def absolute(x):
    return x.abs()


@wrong("keep the negative part and not the positive")
def negative_part(x):
    return torch.where(x >= 0, 0, x)


@wrong("let a tenth of the negative part through, as leaky ReLU does")
def leaky(x):
    return torch.where(x > 0, x, x / 10)


@wrong("cut at 6 as well, as ReLU6 does")
def relu6(x):
    return torch.where(x > 6, torch.full_like(x, 6), torch.where(x <= 0, 0, x))


@wrong("set negative entries to 0 in place: the caller's tensor changes")
def in_place(x):
    with torch.no_grad():
        x[x <= 0] = 0
    return x * 1


@wrong("detach the result: no gradient reaches x")
def detached(x):
    return torch.where(x <= 0, 0, x).detach()


@wrong("pass the gradient straight through, also below 0")
def straight_through(x):
    kept = torch.where(x <= 0, 0, x)
    return x.nan_to_num() + (kept - x.nan_to_num()).detach() if x.is_floating_point() else kept


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x):
    return torch.relu(x.float())


@right("by masking a copy")
def masked(x):
    if x.dtype in (torch.bool, torch.complex32, torch.complex64, torch.complex128):
        raise ValueError(f"`x` must hold real numbers, got {x.dtype}")
    return x.masked_fill(x <= 0, 0)


@right("clamped below, and cut off from the graph where nothing is to flow")
def clamped(x):
    if not (
        x.is_floating_point() or x.dtype in (torch.int8, torch.int16, torch.int32, torch.int64)
    ):
        raise ValueError(f"x: {x.dtype}")
    return torch.where(x == 0, x.detach(), x.clamp(min=0))


@plot(x="x", y="value")
def plot_relu_and_its_slope(relu):
    x = torch.linspace(-3, 3, 201, dtype=torch.float64, requires_grad=True)
    value = relu(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return {"relu": (x, value), "its slope": (x, slope)}


@gpu
def bench_a_layer_of_activations(relu, race):
    race(
        relu,
        torch=torch.relu,
        inputs=lambda draw, n: (draw.normal(n),),
        small=(100_000,),
        large=(1 << 26,),
        # One comparison an entry, and no exponential.
        forward=lambda x: {"bytes": 2 * x.nbytes, "flops": x.numel()},
        # x or the result is read beside g, of which what x < 0 has is left out.
        backward=lambda x: {"bytes": 3 * x.nbytes, "flops": x.numel()},
    )
