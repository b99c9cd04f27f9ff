"""The gradient passes through the mask of the forward pass, by the same factor 1 / (1 - p)."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("dropout",),
    forbid=("autograd", "dropout", "native_dropout_backward", "dropout_backward"),
    instead="apply the mask and the factor yourself",
    hints=(
        "For a given mask dropout multiplies each entry by a constant. By which?",
        "where(keep, grad_output, 0) / (1 - p)",
    ),
)
GRAD = vector([3.0, 6.0, -9.0], [1.5, 0.0, 12.0])
KEEP = torch.tensor([[True, False, True], [True, True, False]])


@claim("S2-110", "S2-105")
def test_a_case_worked_by_hand(dropout_backward):
    want = vector([4.0, 0.0, -12.0], [2.0, 0.0, 0.0])
    check(dropout_backward, GRAD, KEEP, 0.25, want=want)
    check(dropout_backward, GRAD, keep=KEEP, p=0.75, want=3 * want)
    check(dropout_backward, GRAD, KEEP, 1 - 2.0**-9, want=384 * want)


@claim("S2-110", "S2-105")
@given(
    inputs.tensors(4, 3, low=1 / 8),
    inputs.tensors(4, 3),
    st.sampled_from([0.125, 0.5, 0.8]),
    st.integers(0, 99),
)
def test_is_the_gradient_of_torchs_own_dropout(dropout_backward, x, grad, p, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        y = torch.nn.functional.dropout(x.requires_grad_(), p, training=True)
    (want,) = torch.autograd.grad(y, x, grad)
    check(dropout_backward, grad, y.detach() != 0, p, want=want)


@claim("S2-110")
def test_without_loss_the_gradient_passes_and_with_certain_loss_nothing(dropout_backward):
    check(dropout_backward, GRAD, torch.ones_like(KEEP), 0.0, want=GRAD)
    none = torch.zeros_like(GRAD)
    check(dropout_backward, GRAD, torch.zeros_like(KEEP), 1.0, want=none)


@claim("S2-110")
def test_a_lost_entry_stops_infinite_gradients_too(dropout_backward):
    grad = vector([4.0, math.inf, -math.inf], [math.inf, math.nan, math.nan])
    want = vector([8.0, 0.0, -math.inf], [math.inf, math.nan, 0.0])
    check(dropout_backward, grad, KEEP, 0.5, want=want)


@claim("S2-110")
def test_where_all_is_lost_nothing_flows_back_whatever_comes(dropout_backward):
    grad = vector([4.0, math.inf, -math.inf], [math.nan, 2.0, -1.0])
    for keep in (KEEP, torch.zeros_like(KEEP)):
        check(dropout_backward, grad, keep, 1.0, want=torch.zeros_like(grad))


@claim("S2-110")
def test_a_kept_entry_that_was_zero_passes_its_gradient(dropout_backward):
    # The mask can't be read off the output: relu has made zeros of its own.
    grad, keep = vector(1.0, 2.0), torch.tensor([True, False])
    check(dropout_backward, grad, keep, 0.5, want=vector(2.0, 0.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(dropout_backward, dtype):
    want = torch.tensor([[4, 0, -12], [2, 0, 0]], dtype=dtype)
    check(dropout_backward, GRAD.to(dtype), KEEP, 0.25, want=want)


def test_reads_by_strides_and_any_shape(dropout_backward):
    want = vector([4.0, 0.0, -12.0], [2.0, 0.0, 0.0]).mT
    check(dropout_backward, GRAD.mT, KEEP.mT, 0.25, want=want.contiguous())
    one = torch.tensor(2.0)
    check(dropout_backward, one, torch.tensor(True), 0.5, want=torch.tensor(4.0))
    none = torch.zeros(0, 3)
    check(dropout_backward, none, none.bool(), 0.5, want=none)


def test_refuses_what_is_no_probability_and_no_mask(dropout_backward):
    for p in (-0.5, 1.5, math.nan):
        check(dropout_backward, GRAD, KEEP, p, raises=ValueError, naming={"p": p})
    for keep in (KEEP.double(), KEEP.long()):
        naming = {"keep": keep.dtype}
        check(dropout_backward, GRAD, keep, 0.5, raises=ValueError, naming=naming)
    for keep in (KEEP[:1], KEEP.mT, KEEP[0]):
        naming = {"keep": tuple(keep.shape)}
        check(dropout_backward, GRAD, keep, 0.5, raises=ValueError, naming=naming)


def passed(grad_output, keep, factor):
    return torch.where(keep, grad_output, 0) * factor


def grown(p):
    return 0.0 if p == 1 else 1 / (1 - p)


@wrong("multiply by 0 where p is 1: an infinite gradient makes nan of it")
def zero_times_infinity(grad_output, keep, p):
    return passed(grad_output, keep, grown(p)) if p < 1 else 0 * grad_output


@wrong("forget the factor 1 / (1 - p)")
def unscaled(grad_output, keep, p):
    return passed(grad_output, keep, float(p < 1))


@wrong("pass the gradient straight through, to the lost entries as well")
def straight_through(grad_output, keep, p):
    return grad_output * grown(p)


@wrong("shrink the gradient by 1 - p: the survivors grew")
def shrunk(grad_output, keep, p):
    return passed(grad_output, keep, 1 - p)


@wrong(
    "divide by p",
    right_for="a p that is the probability to stay; here it is to go",
)
def divided_by_p(grad_output, keep, p):
    return passed(grad_output, keep, 1 / p if p else 1.0)


@wrong("pass what was lost, and stop what was kept")
def inverted_mask(grad_output, keep, p):
    return passed(grad_output, ~keep, grown(p))


@wrong("multiply by the mask: 0 times infinity is nan")
def by_product(grad_output, keep, p):
    return grad_output * keep * grown(p)


@wrong("divide by 1 - p where p is 1")
def nan_at_one(grad_output, keep, p):
    return passed(grad_output, keep, 1) / (1 - torch.tensor(p, dtype=grad_output.dtype))


@wrong("divide by the share that was kept in fact, and not by 1 - p")
def actual_share(grad_output, keep, p):
    kept = float(keep.double().mean()) if keep.numel() else 1.0
    return passed(grad_output, keep, 1 / kept if kept else 0.0)


@wrong("draw a new mask")
def new_mask(grad_output, keep, p):
    again = torch.rand(keep.shape, generator=torch.Generator().manual_seed(0)) >= p
    return passed(grad_output, again, grown(p))


@wrong("write the zeros into the caller's gradient")
def in_place(grad_output, keep, p):
    grad_output[~keep] = 0
    return grad_output * grown(p)


@right("by indexing with the mask")
def by_indexing(grad_output, keep, p):
    if not p >= 0 or p > 1:
        raise ValueError(f"p={p}")
    if keep.dtype is not torch.bool:
        raise ValueError(f"keep: {keep.dtype}")
    if grad_output.shape != keep.shape:
        raise ValueError(f"keep: {tuple(keep.shape)}")
    grad = torch.zeros(grad_output.shape, dtype=grad_output.dtype)
    if p < 1:
        grad[keep] = grad_output[keep] * (1 / (1 - p))
    return grad


@gpu
def bench_activations_of_a_transformer(dropout_backward, race):
    race(
        dropout_backward,
        torch=lambda grad, keep, p: torch.ops.aten.native_dropout_backward(grad, keep, 1 / (1 - p)),
        inputs=lambda draw, n, d: (draw.normal(n, d), draw.uniform(n, d) >= 0.1, 0.1),
        small=(64, 512),
        large=(8192, 4096),
        forward=lambda grad, keep, p: {
            "bytes": 2 * grad.nbytes + keep.nbytes,
            "flops": grad.numel(),
        },
    )
