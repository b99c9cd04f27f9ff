"""loss + lam * size: half the squares, the absolute values, or the count of what isn't 0."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "A size is one number for all tensors. How do the sizes of two tensors add up?",
        "Squares and absolute values add up over tensors; the square root of squares doesn't.",
        "loss + lam * sum(w.square().sum() / 2 for w in weights), and alike for the other kinds",
    ),
)
LOSS = torch.tensor(1.5, dtype=torch.float64)
A, B = vector([3.0, -4.0, 0.0], [1.0, -1.0, 0.0]), vector(-2.0, 0.5)


def number(x, dtype=torch.float64):
    return torch.tensor(x, dtype=dtype)


@claim("S1-059", "S1-060", "S2-089", "S4-021", "S4-026", "S2-096")
def test_a_case_worked_by_hand(regularized_loss):
    # Squares: 9 + 16 + 1 + 1 in the matrix, 4 + 1/4 in the vector.
    check(regularized_loss, LOSS, B, A, lam=0.25, want=number(1.5 + 0.25 * 31.25 / 2))
    check(regularized_loss, LOSS, A, lam=2.0, kind="l2", want=number(28.5))


@claim("S0-335", "S4-033", "S4-034")
def test_absolute_values_and_the_count_worked_by_hand(regularized_loss):
    check(regularized_loss, LOSS, B, A, lam=0.25, kind="l1", want=number(1.5 + 0.25 * 11.5))
    check(regularized_loss, LOSS, B, A, lam=0.25, kind="l0", want=number(1.5 + 0.25 * 6))


@claim("S2-092", "S1-061")
@pytest.mark.parametrize(("kind", "power"), [("l2", 2), ("l1", 1), ("l0", 0)])
def test_twice_the_weights_cost_more_and_their_signs_nothing(regularized_loss, kind, power):
    zero = number(0.0)
    price = {"l2": 31.25 / 2, "l1": 11.5, "l0": 6.0}[kind] * 0.5
    for factor in (1.0, -1.0, 2.0, -4.0):
        want = number(price * abs(factor) ** power)
        check(regularized_loss, zero, factor * A, factor * B, lam=0.5, kind=kind, want=want)


@claim("S4-021", "S4-034")
@pytest.mark.parametrize("kind", ["l2", "l1", "l0"])
def test_without_weights_or_price_it_is_the_loss(regularized_loss, kind):
    check(regularized_loss, LOSS, lam=3.0, kind=kind, want=LOSS)
    check(regularized_loss, LOSS, A, B, lam=0.0, kind=kind, want=LOSS)
    check(regularized_loss, LOSS, torch.zeros(2, 0).double(), 0 * B, lam=2.0, kind=kind, want=LOSS)


@claim("S1-059", "S4-026", "S4-033", "S0-335")
@given(
    inputs.tensors(),
    inputs.tensors(inputs.sizes(0, 3), 2),
    inputs.tensors(inputs.sizes(1, 4)),
    st.integers(0, 12).map(lambda k: k / 8),
)
def test_gradients_are_lam_w_and_lam_sign_w(regularized_loss, loss, a, b, lam):
    for kind, slope in (("l2", lambda w: w), ("l1", torch.sign), ("l0", torch.zeros_like)):
        want = (number(2.0), 2 * lam * slope(a), 2 * lam * slope(b))
        check_gradient(
            regularized_loss, loss, a, b, lam=lam, kind=kind, upstream=number(2.0), want=want
        )


@claim("S1-061")
def test_the_pull_grows_with_the_weight(regularized_loss):
    weights = vector(0.0, 1e-3, -1.0, 1e3)
    want = (0.5 * weights,)
    args = (LOSS, weights)
    check_gradient(regularized_loss, *args, lam=0.5, wrt=(1,), upstream=number(1.0), want=want)


@claim("S1-059", "S1-060")
@counterexample("S1-060")  # "a constant": which one, the texts differ
def test_half_the_squares_and_not_their_sum_nor_their_mean(regularized_loss):
    # Other texts mean 2.5 by the same lam = 0.1, or, with n = 10 examples, 0.125.
    check(regularized_loss, number(0.0), vector(3.0, 4.0), lam=0.1, want=number(1.25))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(regularized_loss, dtype):
    args = (LOSS.to(dtype), A.to(dtype))
    for kind, want in (("l2", 8.25), ("l1", 6.0), ("l0", 3.5)):
        check(regularized_loss, *args, lam=0.5, kind=kind, want=number(want, dtype))


@pytest.mark.parametrize(("kind", "price"), [("l2", 6.75), ("l1", 4.5), ("l0", 2.0)])
def test_the_dtype_is_that_of_the_loss_whatever_the_weights_are(regularized_loss, kind, price):
    half, wide = A.half(), A.double()
    want = number(1.5 + price, torch.float32)
    check(regularized_loss, LOSS.float(), half, lam=0.5, kind=kind, want=want)
    check(regularized_loss, LOSS.float(), wide, lam=0.5, kind=kind, want=want)


@claim("S4-034")
def test_a_tiny_weight_is_one_that_is_not_0(regularized_loss):
    weights = vector(1e-9, -1e-300, 0.0, -0.0)
    check(regularized_loss, LOSS, weights, lam=0.5, kind="l0", want=number(2.5))
    want = number(0.5 * 1e-9)
    check(regularized_loss, number(0.0), weights, lam=0.5, kind="l1", want=want, scale=0.0)


def test_takes_scalars_and_reads_by_strides(regularized_loss):
    turned = A.mT
    check(regularized_loss, LOSS, turned, number(-2.0), lam=0.5, want=number(9.25))
    check(regularized_loss, LOSS, turned, number(-2.0), lam=0.5, kind="l1", want=number(7.0))


@claim("S4-021")
def test_refuses_a_price_that_is_none(regularized_loss):
    for lam in (-0.5, math.inf, math.nan):
        check(regularized_loss, LOSS, A, lam=lam, raises=ValueError, naming={"lam": lam})
        check(regularized_loss, LOSS, lam=lam, raises=ValueError, naming={"lam": lam})


def test_refuses_another_kind(regularized_loss):
    for kind in ("l3", "L2", ""):
        args = (LOSS, A)
        check(regularized_loss, *args, lam=1.0, kind=kind, raises=ValueError, naming={"kind": kind})
        check(regularized_loss, LOSS, lam=1.0, kind=kind, raises=ValueError, naming={"kind": kind})


def priced(loss, weights, lam, kind, l2=0.5):
    return promoting(loss, weights, lam, kind, l2).to(loss.dtype)


def promoting(loss, weights, lam, kind, l2=0.5):
    def size(w):
        if kind == "l2":
            return l2 * (w**2).sum()
        return w.abs().sum() if kind == "l1" else (w != 0).to(w.dtype).sum()

    return loss + lam * sum(map(size, weights))


@wrong(
    "take the whole squares and not half of them",
    right_for="a penalty of lam * ||w||^2; here it is half of that",
)
def whole_squares(loss, *weights, lam, kind="l2"):
    return priced(loss, weights, lam, kind, l2=1.0)


@wrong("take the norm and not its square")
def norms(loss, *weights, lam, kind="l2"):
    if kind != "l2":
        return priced(loss, weights, lam, kind)
    return loss + lam * sum(torch.linalg.vector_norm(w) for w in weights) / 2


@wrong("average over the entries: large tensors then count no more than small ones")
def means(loss, *weights, lam, kind="l2"):
    whole = priced(0 * loss, weights, lam, kind)
    return loss + whole / max(1, sum(w.numel() for w in weights))


@wrong("penalise the first tensor alone")
def first_only(loss, *weights, lam, kind="l2"):
    return priced(loss, weights[:1], lam, kind)


@wrong('take "l2" whatever `kind` says')
def ignores_kind(loss, *weights, lam, kind="l2"):
    return priced(loss, weights, lam, "l2")


@wrong("leave out the absolute values: weights of both signs cancel")
def signed(loss, *weights, lam, kind="l2"):
    if kind != "l1":
        return priced(loss, weights, lam, kind)
    return loss + lam * sum(w.sum() for w in weights)


@wrong('halve all three: "l1" has no square whose slope would need it')
def always_halved(loss, *weights, lam, kind="l2"):
    return priced(loss, weights, lam if kind == "l2" else lam / 2, kind)


@wrong("detach the weights: the penalty pulls at nothing")
def detached(loss, *weights, lam, kind="l2"):
    return priced(loss, [w.detach() for w in weights], lam, kind)


@wrong('count all weights for "l0", those that are 0 as well')
def counts_zeros(loss, *weights, lam, kind="l2"):
    if kind != "l0":
        return priced(loss, weights, lam, kind)
    return loss + lam * sum(w.numel() for w in weights)


@wrong("leave matrices' one-dimensional fellows out: these are weights, whatever their shape")
def matrices_only(loss, *weights, lam, kind="l2"):
    return priced(loss, [w for w in weights if w.dim() > 1], lam, kind)


@wrong('take small weights for 0 in "l0"')
def counts_the_large(loss, *weights, lam, kind="l2"):
    if kind != "l0":
        return priced(loss, weights, lam, kind)
    return loss + lam * sum(int((w.abs() > 1e-8).sum()) for w in weights)


@wrong("let weights that are more exact than the loss decide the dtype")
def promoted(loss, *weights, lam, kind="l2"):
    return promoting(loss, weights, lam, kind)


@right("of one long vector")
def of_one_vector(loss, *weights, lam, kind="l2"):
    if lam < 0 or not math.isfinite(lam):
        raise ValueError(f"lam: {lam}")
    if kind not in ("l0", "l1", "l2"):
        raise ValueError(f"kind: {kind!r}")
    flat = torch.cat([loss.new_zeros(0), *(w.reshape(-1).to(loss) for w in weights)])
    if kind == "l0":
        return loss + lam * len(flat[flat != 0])
    return loss + lam * (flat @ flat / 2 if kind == "l2" else (flat * flat.sign()).sum())
