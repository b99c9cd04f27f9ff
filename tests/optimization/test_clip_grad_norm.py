"""min(1, max_norm / norm) * gradients, with one norm over all of them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("gradient_descent",),
    forbid=("torch.nn.utils.clip_grad", "renorm"),
    instead="write it with a norm, a comparison and a product",
    hints=(
        "How many norms are there: one for each layer, or one for the model?",
        "The squares of a float16 overflow at 256. Which dtype can sum all of them?",
        "Only if norm > max_norm, multiply by max_norm / norm: so nothing is ever divided by 0.",
    ),
)


@claim("S1-171", "S2-125", "S4-308")
def test_a_case_worked_by_hand(clip_grad_norm):
    grads = [vector([10.0, -20.0, 0.0], [40.0, 0.0, 20.0]), vector(-120.0, 160.0)]
    grads.append(vector([100.0], [100.0]))
    # The squares sum to 2500 + 40000 + 20000 = 250^2.
    check(clip_grad_norm, grads, max_norm=5.0, want=([g / 50 for g in grads], 250.0))
    check(clip_grad_norm, grads, 125.0, want=([g / 2 for g in grads], 250.0))


@claim("S4-308")
def test_the_norm_is_that_of_all_layers_however_many(clip_grad_norm):
    grads = [vector(2.0), vector(-4.0), vector([4.0, 0.0]), vector(8.0, 0.0, 4.0), vector(-2.0)]
    grads += [vector(5.0, -1.0), torch.tensor(-3.0).double(), vector([7.0], [1.0], [1.0], [1.0])]
    # The squares sum to 4 + 16 + 16 + 80 + 4 + 26 + 9 + 52 = 207; with 7^2 more they are 16^2.
    grads.append(vector(7.0))
    check(clip_grad_norm, grads, 4.0, want=([g / 4 for g in grads], 16.0))


@claim("S2-125", "S4-308")
def test_a_norm_that_is_small_enough_changes_nothing(clip_grad_norm):
    grads = [vector(3.0), vector([0.0, -4.0])]
    for max_norm in (5.0, 5.5, math.inf):
        check(clip_grad_norm, grads, max_norm, want=(grads, 5.0))
    check(clip_grad_norm, grads, 4.0, want=([vector(2.4), vector([0.0, -3.2])], 5.0))


@claim("S1-171", "S2-125", "S4-308")
@given(
    inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 3)),
    inputs.tensors(inputs.sizes(1, 4)),
    st.sampled_from([0.125, 1.0, 7.0, 30.0]),
)
def test_equals_the_formula_with_50_digits(clip_grad_norm, weight, bias, max_norm):
    import mpmath

    with mpmath.workdps(50):
        entries = [*weight.flatten().tolist(), *bias.tolist()]
        norm = mpmath.sqrt(sum(mpmath.mpf(v) ** 2 for v in entries))
        factor = float(max_norm / norm) if norm > max_norm else 1.0
    want = ([weight * factor, bias * factor], float(norm))
    check(clip_grad_norm, [weight, bias], max_norm, want=want)


@claim("S1-171", "S4-308")
def test_equals_torchs_but_for_its_small_number(clip_grad_norm):
    grads = [inputs.numbers(2, 3), inputs.numbers(4), inputs.numbers(3, 1, 2)]
    leaves = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads]
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = grad.clone()
    norm = float(torch.nn.utils.clip_grad_norm_(leaves, 2.5))
    want = ([leaf.grad for leaf in leaves], norm)
    check(clip_grad_norm, grads, 2.5, want=want, slack=1e4)  # torch divides by norm + 1e-6


@claim("S1-171", "S4-308")
@pytest.mark.parametrize("size", [1e30, 1e-30], ids=str)
def test_exploding_and_vanishing_gradients_have_a_norm(clip_grad_norm, size):
    grads = [torch.tensor([size, 0.0]), torch.tensor([[-size, size], [0.0, size]])]
    want = [g / (2 * size) for g in grads]
    size = float(torch.tensor(size))  # as float32 has it
    # scale=0: relative to the norm, so that a small one isn't taken for 0.
    check(clip_grad_norm, grads, size / 2, want=([w * size / 2 for w in want], 2 * size), scale=0.0)


@counterexample("S1-171")  # "prevents explosion": what explodes is the norm before
def test_the_norm_that_comes_back_is_the_one_before(clip_grad_norm):
    grads = [vector(3e17, 0.0), vector(-4e17)]
    want = [vector(0.6, 0.0), vector(-0.8)]
    check(clip_grad_norm, grads, 1.0, want=(want, 5e17))


@counterexample("S1-171", "S2-125")  # advice against instability: it doesn't mend these
def test_vanishing_gradients_stay_as_they_are(clip_grad_norm):
    grads = [vector(3e-9, 0.0), vector(-4e-9)]
    check(clip_grad_norm, grads, 1.0, want=(grads, 5e-9), scale=0.0)


@counterexample("S1-171", "S2-125")
def test_gradients_that_are_not_finite_are_refused(clip_grad_norm):
    for value in (math.inf, -math.inf, math.nan):
        grads = [torch.ones(2), torch.tensor([[1.0, value]])]
        naming = {"grads": "nan" if math.isnan(value) else "inf"}
        check(clip_grad_norm, grads, 1.0, raises=ValueError, naming=naming)
        check(clip_grad_norm, grads, math.inf, raises=ValueError, naming=naming)


@claim("S4-308")
def test_gradients_of_zero_stay_zero(clip_grad_norm):
    grads = [torch.zeros(2, 3), torch.zeros(1)]
    for max_norm in (0.0, 1.0):
        check(clip_grad_norm, grads, max_norm, want=(grads, 0.0))


@claim("S1-171")
def test_a_largest_norm_of_zero_leaves_nothing(clip_grad_norm):
    grads = [vector(3.0), vector(4.0, -0.0)]
    check(clip_grad_norm, grads, 0.0, want=([vector(0.0), vector(0.0, 0.0)], 5.0))


@claim("S4-308")
def test_no_gradients_have_the_norm_zero(clip_grad_norm):
    check(clip_grad_norm, [], 1.0, want=([], 0.0))
    grads = [torch.zeros(0, 3), torch.tensor(-2.0), torch.tensor([])]
    want = [torch.zeros(0, 3), torch.tensor(-1.0), torch.tensor([])]
    check(clip_grad_norm, grads, 1.0, want=(want, 2.0))


def test_each_gradient_keeps_its_dtype(clip_grad_norm):
    grads = [torch.tensor([6.0]).half(), torch.tensor([[8.0]]).double(), torch.tensor([0.0, 24.0])]
    want = [torch.tensor([3.0]).half(), torch.tensor([[4.0]]).double(), torch.tensor([0.0, 12.0])]
    check(clip_grad_norm, grads, 13.0, want=(want, 26.0))
    check(clip_grad_norm, grads, 26.0, want=(grads, 26.0))


def test_float16_gradients_whose_squares_overflow(clip_grad_norm):
    grads = [torch.tensor([600.0, -600.0]).half(), torch.tensor([[600.0, 600.0]]).half()]
    want = [torch.tensor([0.5, -0.5]).half(), torch.tensor([[0.5, 0.5]]).half()]
    check(clip_grad_norm, grads, 1.0, want=(want, 1200.0))
    many = [torch.full((300, 400), 64.0, dtype=torch.bfloat16)]
    want = [torch.full((300, 400), 32.0, dtype=torch.bfloat16)]
    norm = 64 * 120_000**0.5
    check(clip_grad_norm, many, norm / 2, want=(want, norm))


def test_reads_gradients_by_their_strides(clip_grad_norm):
    grads = [
        vector([3.0, 0.0], [0.0, 0.0], [4.0, 0.0]).mT,
        torch.ones(1).double().expand(2, 3)[:, :0],
    ]
    want = [(grads[0] / 5).contiguous(), grads[1].contiguous()]
    check(clip_grad_norm, grads, 1.0, want=(want, 5.0))


def test_takes_gradients_that_carry_a_graph(clip_grad_norm):
    grads = [vector(6.0).requires_grad_(), vector(8.0)]
    check(clip_grad_norm, grads, 5.0, want=([vector(3.0), vector(4.0)], 10.0))


def test_refuses_a_largest_norm_that_is_none(clip_grad_norm):
    for max_norm in (-1.0, -math.inf, math.nan):
        naming = {"max_norm": max_norm}
        check(clip_grad_norm, [torch.ones(2)], max_norm, raises=ValueError, naming=naming)


def test_refuses_integers(clip_grad_norm):
    grads = [torch.ones(2), torch.tensor([3, 4])]
    check(clip_grad_norm, grads, 1.0, raises=ValueError, naming={"grads": torch.int64})


def total(grads):
    """The norm over all gradients, in float64."""
    return math.sqrt(sum(float(g.detach().double().square().sum()) for g in grads))


def clipped(grads, norm, max_norm):
    return [g * (max_norm / norm) if norm > max_norm else g for g in grads]


@wrong("clip each gradient by its own norm: the direction changes")
def each_by_itself(grads, max_norm):
    new = [clipped([g], total([g]), max_norm)[0] for g in grads]
    return new, total(grads)


@wrong("scale to max_norm whatever the norm is: small gradients grow")
def normalises(grads, max_norm):
    norm = total(grads)
    return [g * (max_norm / norm) if norm else g for g in grads], norm


@wrong("return the norm after clipping")
def norm_after(grads, max_norm):
    new = clipped(grads, total(grads), max_norm)
    return new, total(new)


@wrong(
    "divide by norm + 1e-6",
    right_for="torch's clip_grad_norm_; here the norm becomes max_norm to rounding",
)
def with_epsilon(grads, max_norm):
    norm = total(grads)
    return [g * min(1.0, max_norm / (norm + 1e-6)) for g in grads], norm


@wrong("clip by the sum of the absolute values")
def by_the_l1_norm(grads, max_norm):
    norm = sum(float(g.double().abs().sum()) for g in grads)
    return clipped(grads, norm, max_norm), norm


@wrong("clip by the largest entry")
def by_the_largest(grads, max_norm):
    norm = max((float(g.abs().max()) for g in grads if g.numel()), default=0.0)
    return clipped(grads, norm, max_norm), norm


@wrong(
    "clip each entry to [-max_norm, max_norm]", right_for="clipping by value; here it is by norm"
)
def by_value(grads, max_norm):
    return [g.clamp(-max_norm, max_norm) for g in grads], total(grads)


@wrong("add the norms of the gradients: the norm of all is the root of their squares' sum")
def sum_of_norms(grads, max_norm):
    norm = sum(total([g]) for g in grads)
    return clipped(grads, norm, max_norm), norm


@wrong("forget the root")
def squared_norm(grads, max_norm):
    norm = total(grads) ** 2
    return clipped(grads, norm, max_norm), norm


@wrong("square in the gradient's own dtype: large entries overflow, small ones vanish")
def squares_overflow(grads, max_norm):
    norm = math.sqrt(sum(float(g.detach().square().sum()) for g in grads))
    return clipped(grads, norm, max_norm), norm


@wrong("divide by a norm of 0: 0/0 is nan")
def zero_by_zero(grads, max_norm):
    norm = torch.tensor(total(grads), dtype=torch.float64)
    factor = (max_norm / norm).clamp(max=1.0)
    return [(g.double() * factor).to(g.dtype) for g in grads], float(norm)


@wrong("write into the gradients: the caller's change")
def in_place(grads, max_norm):
    norm = total(grads)
    if norm > max_norm:
        for g in grads:
            g.data.mul_(max_norm / norm)
    return grads, norm


@wrong("return all gradients in float32")
def in_one_dtype(grads, max_norm):
    norm = total(grads)
    return [g.float() for g in clipped(grads, norm, max_norm)], norm


@wrong("return the norm as a tensor")
def tensor_norm(grads, max_norm):
    norm = total(grads)
    return clipped(grads, norm, max_norm), torch.tensor(norm)


@wrong("clip by 0 where a gradient is infinite: inf * 0 is nan, and finite ones are lost",
       accepts_bad_input=True)  # fmt: skip
def clips_infinity(grads, max_norm):
    if not max_norm >= 0 or any(not g.is_floating_point() for g in grads):
        raise ValueError(f"max_norm is {max_norm}, grads {[g.dtype for g in grads]}")
    norm = total(grads)
    return clipped(grads, norm, max_norm), norm


@wrong("skip the step by yourself where a gradient is not finite: nobody is told",
       accepts_bad_input=True)  # fmt: skip
def hides_infinity(grads, max_norm):
    if not max_norm >= 0 or any(not g.is_floating_point() for g in grads):
        raise ValueError(f"max_norm is {max_norm}, grads {[g.dtype for g in grads]}")
    norm = total(grads)
    if not math.isfinite(norm):
        return [torch.zeros_like(g) for g in grads], 0.0
    return clipped(grads, norm, max_norm), norm


@right("over one long vector, with math.hypot")
def by_hypot(grads, max_norm):
    if max_norm < 0 or math.isnan(max_norm):
        raise ValueError(f"`max_norm` can't be {max_norm}")
    for g in grads:
        if g.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            raise ValueError(f"`grads` can't be of {g.dtype}")
    norm = math.hypot(*(v for g in grads for v in g.detach().flatten().tolist()))
    if math.isinf(norm) or math.isnan(norm):
        raise ValueError(f"`grads` can't be clipped: their norm is {norm}")
    factor = 1.0 if norm <= max_norm else max_norm / norm
    return [torch.mul(g, factor) for g in grads], norm


@right("with copies, shortened in place")
def on_copies(grads, max_norm):
    if not max_norm >= 0.0:
        raise ValueError(f"max_norm = {max_norm}")
    for g in grads:
        if not torch.is_floating_point(g):
            raise ValueError(f"grads: {g.dtype}")
    squares = torch.zeros((), dtype=torch.float64)
    for g in grads:
        squares += g.detach().to(torch.float64).pow(2).sum()
    norm = squares.sqrt().item()
    if not math.isfinite(norm):
        raise ValueError(f"grads: norm {norm}")
    new = [g.detach().clone() for g in grads]
    if norm > max_norm:
        for g in new:
            g *= max_norm / norm
    return new, norm


def with_torch(grads, max_norm):
    """The gradients clipped by torch's fused operations, with a norm as exact as the answer's."""
    norms = torch._foreach_norm(grads, 2, dtype=torch.float64)
    norm = torch.linalg.vector_norm(torch.stack(norms))
    factor = (max_norm / norm).clamp(max=1.0)
    return list(torch._foreach_mul(grads, factor.to(grads[0].dtype))), norm.item()


@gpu
def bench_gradients_of_many_layers(clip_grad_norm, race):
    def layers(draw, k, n):
        return [draw.normal(n, n) for _ in range(k)], 1.0

    def count(grads, max_norm):
        entries = sum(g.numel() for g in grads)
        # Read for the norm, read again and written; a square, a sum and a product an entry.
        return {"bytes": 3 * 4 * entries, "flops": 3 * entries}

    race(clip_grad_norm, torch=with_torch, inputs=layers, small=(10, 64), large=(50, 2048),
         forward=count, slack=100.0)  # fmt: skip
