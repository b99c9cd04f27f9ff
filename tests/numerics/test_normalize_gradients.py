"""g / |g|, over all layers together: against exploding and vanishing gradients, with a hole at 0."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("torch.nn.utils.clip_grad", "normalize", "torch.nn.functional.normalize"),
    instead="write it with squares, a sum and a root",
    hints=(
        "Is the norm one number for the whole network, or one for each layer?",
        "(1e30)^2 is inf in float32 and (1e-30)^2 is 0. Which factor can go out of the root first?",
        "Divide by the largest entry of all, then by the norm of that; and what if it is 0?",
    ),
)


@claim("S2-124")
def test_a_case_worked_by_hand(normalize_gradients):
    grads = [torch.tensor([[1.0, -2.0, 0.0], [4.0, 0.0, 2.0]]), torch.tensor([-12.0, 16.0])]
    grads.append(torch.tensor([[10.0], [10.0]]))
    # The squares sum to 25 + 400 + 200 = 25^2.
    want = [g / 25 for g in grads]
    check(normalize_gradients, grads, want=want)


@claim("S2-124")
def test_the_length_is_a_choice(normalize_gradients):
    grads = [inputs.vector(3), inputs.vector(0, -4)]
    check(normalize_gradients, grads, 10.0, want=[inputs.vector(6), inputs.vector(0, -8)])
    check(normalize_gradients, grads, length=0.5, want=[inputs.vector(0.3), inputs.vector(0, -0.4)])


@claim("S2-124")
@given(
    inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 3)),
    inputs.tensors(inputs.sizes(1, 4)),
    st.sampled_from([0.125, 1.0, 3.0]),
)
def test_equals_the_quotient_with_50_digits(normalize_gradients, weight, bias, length):
    import mpmath

    with mpmath.workdps(50):
        squares = [mpmath.mpf(v) ** 2 for g in (weight, bias) for v in g.flatten().tolist()]
        factor = float(length / mpmath.sqrt(sum(squares))) if any(squares) else 0.0
    check(normalize_gradients, [weight, bias], length, want=[weight * factor, bias * factor])


@claim("S2-124")
@pytest.mark.parametrize("size", [1e30, 1e-30, 2.0**-149, 3e38], ids=str)
def test_exploding_and_vanishing_gradients_get_the_same_length(normalize_gradients, size):
    grads = [torch.tensor([size, 0.0]), torch.tensor([[-size, size], [0.0, size]])]
    want = [torch.tensor([0.5, 0.0]), torch.tensor([[-0.5, 0.5], [0.0, 0.5]])]
    check(normalize_gradients, grads, want=want)


@counterexample("S2-124")  # scaled to a fixed norm, as the notes put it: 0/0
def test_gradients_of_zero_have_no_fixed_norm(normalize_gradients):
    check(
        normalize_gradients,
        [torch.zeros(2, 3), torch.zeros(1)],
        want=[torch.zeros(2, 3), torch.zeros(1)],
    )


@counterexample("S2-124")  # the norm is fixed, and one layer vanishes beside the other all the same
def test_the_ratio_between_layers_stays_as_it_is(normalize_gradients):
    grads = [inputs.vector(3e-9, -4e-9), inputs.vector(5e6)]
    want = [inputs.vector(6e-16, -8e-16), inputs.vector(1)]
    check(normalize_gradients, grads, want=want, scale=0.0)


@counterexample("S2-124")  # near a minimum what is left is noise, and its steps stay as long
def test_noise_is_blown_up_to_a_full_step(normalize_gradients):
    noise = [inputs.vector(3e-12), inputs.vector(-4e-12)]
    check(normalize_gradients, noise, want=[inputs.vector(0.6), inputs.vector(-0.8)])


def test_each_gradient_keeps_its_dtype(normalize_gradients):
    grads = [torch.tensor([3.0]).half(), torch.tensor([4.0]).double(), torch.tensor([0.0, 12.0])]
    want = [g.double() / 13 for g in grads]
    want = [w.to(g.dtype) for w, g in zip(want, grads, strict=True)]
    check(normalize_gradients, grads, want=want)


def test_float16_gradients_beyond_the_root_of_the_format(normalize_gradients):
    grads = [torch.tensor([600.0, -600.0]).half(), torch.tensor([[600.0, 600.0]]).half()]
    want = [torch.tensor([0.5, -0.5]).half(), torch.tensor([[0.5, 0.5]]).half()]
    check(normalize_gradients, grads, want=want)


def test_a_small_gradient_beside_a_large_one_is_scaled_by_the_same_factor(normalize_gradients):
    grads = [torch.tensor([2.0**-120]), torch.tensor([2.0**-130, 2.0**-131])]
    root = math.sqrt(1 + 2.0**-20 + 2.0**-22)
    want = [torch.tensor([1 / root]), torch.tensor([2.0**-10, 2.0**-11]) / root]
    check(normalize_gradients, grads, want=want, scale=0.0)


def test_of_no_gradients_none_are_returned(normalize_gradients):
    check(normalize_gradients, [], want=[])


def test_refuses_a_length_that_is_none(normalize_gradients):
    for length in (0.0, -1.0, math.inf, math.nan):
        naming = {"length": length}
        check(normalize_gradients, [torch.ones(2)], length, raises=ValueError, naming=naming)


def test_refuses_gradients_that_are_infinite_or_nan(normalize_gradients):
    for value in (-math.inf, math.nan):
        grads = [torch.ones(2), torch.tensor([1.0, value])]
        check(normalize_gradients, grads, raises=ValueError, naming={"grads": value})


def total(grads):
    """The norm over all gradients, without overflow."""
    entries = torch.cat([torch.zeros(1).double(), *(g.double().flatten() for g in grads)])
    return entries.norm()


def scaled(grads, factor):
    return [(g.double() * factor).to(g.dtype) for g in grads]


@wrong("divide by the norm of 0 as well: 0/0 is nan")
def zero_by_zero(grads, length=1.0):
    return scaled(grads, length / total(grads))


@wrong("normalise each gradient by itself: the ratios between the layers are lost")
def each_by_itself(grads, length=1.0):
    return [(g.double() * length / max(total([g]), 1e-300)).to(g.dtype) for g in grads]


@wrong(
    "only shorten: that is clipping, and small gradients stay small",
    right_for="clipping by the norm; here small gradients grow as well",
)
def clips(grads, length=1.0):
    return scaled(grads, min(1.0, float(length / total(grads))) if total(grads) > 0 else 1.0)


@wrong("ignore `length`")
def ignores_length(grads, length=1.0):
    return scaled(grads, 1 / max(total(grads), 1e-300))


@wrong("add a small number to the norm: gradients that have vanished don't come back")
def with_epsilon(grads, length=1.0):
    return scaled(grads, length / (total(grads) + 1e-8))


@wrong("square the entries in their own dtype: large ones overflow, small ones vanish")
def squares_overflow(grads, length=1.0):
    squares = sum((g.square().sum().double() for g in grads), torch.zeros(()).double())
    return scaled(grads, length / squares.sqrt() if squares > 0 else 1.0)


@wrong("divide by the squared norm: the root is missing")
def without_the_root(grads, length=1.0):
    return scaled(grads, length / max(total(grads) ** 2, 1e-300))


@wrong("add the norms of the gradients: the norm of all is the root of their squares' sum")
def sum_of_norms(grads, length=1.0):
    return scaled(grads, length / max(sum(total([g]) for g in grads), 1e-300))


@wrong("divide by the largest entry", right_for="the maximum norm; here it is the Euclidean one")
def by_the_largest(grads, length=1.0):
    top = max((float(g.abs().amax()) for g in grads if g.numel()), default=0.0)
    return scaled(grads, length / top if top else 1.0)


@wrong("divide by the root of the mean square, not of the sum: the number of weights comes in")
def root_mean_square(grads, length=1.0):
    count = max(sum(g.numel() for g in grads), 1)
    return scaled(grads, length * count**0.5 / max(total(grads), 1e-300))


@wrong("scale the gradients in place: the caller's change")
def in_place(grads, length=1.0):
    factor = length / max(total(grads), 1e-300)
    return [g.mul_(factor) for g in grads]


@wrong("return all gradients in one dtype")
def in_one_dtype(grads, length=1.0):
    return [g.float() for g in scaled(grads, length / max(total(grads), 1e-300))]


@wrong("give gradients of 0 the length too, in a direction that you make up")
def makes_up_a_direction(grads, length=1.0):
    if any(g.any() for g in grads):
        return scaled(grads, length / total(grads))
    count = max(sum(g.numel() for g in grads), 1)
    return [torch.full_like(g, length / count**0.5) for g in grads]


@wrong("leave gradients of entries below 1e-12 alone, as if they were 0")
def leaves_tiny_ones(grads, length=1.0):
    return scaled(grads, length / total(grads) if total(grads) > 1e-10 else 1.0)


@right("with math.hypot, which scales by itself")
def by_hypot(grads, length=1.0):
    if not (math.isfinite(length) and length > 0):
        raise ValueError(f"`length` can't be {length}")
    entries = [v for g in grads for v in g.flatten().tolist()]
    for value in entries:
        if not math.isfinite(value):
            raise ValueError(f"`grads` has an entry {value}")
    norm = math.hypot(*entries)
    if norm == 0.0:
        return [torch.zeros_like(g) for g in grads]
    return [g.to(torch.float64).div(norm).mul(length).to(g.dtype) for g in grads]


@gpu
def bench_gradients_of_many_layers(normalize_gradients, race):
    def torchs(grads):
        norms = torch._foreach_norm(grads, 2, dtype=torch.float64)
        norm = torch.linalg.vector_norm(torch.stack(norms))
        return list(torch._foreach_mul(grads, (1 / norm).to(grads[0].dtype)))

    race(
        normalize_gradients,
        torch=torchs,
        inputs=lambda draw, k, n: ([draw.normal(n, n) for _ in range(k)],),
        small=(10, 64),
        large=(50, 2048),
        # Read for the norm, read again and written; a square, a sum and a product an entry.
        forward=lambda grads: {
            "bytes": 3 * sum(g.nbytes for g in grads),
            "flops": 3 * sum(g.numel() for g in grads),
        },
        slack=100.0,
    )
