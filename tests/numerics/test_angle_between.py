"""The angle of a . b = |a| |b| cos(angle), where rounding lifts the cosine over 1 too."""

import math

import pytest
import torch
from hypothesis import assume, given

from grader import Exercise, check, check_gradient, claim, counterexample, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("cosine_similarity",),
    instead="write it with the lengths and the dot product of the vectors",
    hints=(
        "What is acos(1.0000001)? And how much does acos(c) move when c near 1 moves by 1e-16?",
        "Bring both vectors to length 1. Which other lengths in the picture tell the angle?",
        "|a - b| = 2 sin(angle / 2) and |a + b| = 2 cos(angle / 2): atan2 takes both.",
    ),
)


def by_definition(a, b):
    return torch.acos((a * b).sum() / (a.square().sum().sqrt() * b.square().sum().sqrt()))


@claim("S0-042")
def test_a_case_worked_by_hand(angle_between):
    a, b = inputs.vector(2, 0, 0), inputs.vector(-3, 3, 0)
    check(angle_between, a, b, want=torch.tensor(3 * math.pi / 4, dtype=torch.float64))


@claim("S0-042")
@given(inputs.tensors(2, inputs.sizes(2, 5)))
def test_gradients_flow_back_as_through_the_definition(angle_between, pair):
    a, b = pair
    dots = (a @ a) * (b @ b)
    assume(dots > 0 and (a @ b) ** 2 < 0.9 * dots)
    check_gradient(angle_between, a, b, like=by_definition)


@claim("S0-042")
@given(inputs.tensors(2, inputs.sizes(1, 5)))
def test_equals_the_definition_with_50_digits(angle_between, pair):
    import mpmath

    a, b = pair
    assume(a.any() and b.any())
    with mpmath.workdps(50):
        x, y = ([mpmath.mpf(v) for v in row] for row in pair.tolist())
        lengths = mpmath.sqrt(mpmath.fdot(x, x) * mpmath.fdot(y, y))
        want = float(mpmath.re(mpmath.acos(mpmath.fdot(x, y) / lengths)))
    # scale=1: a small angle is right to roundings of 1, as the unit vectors are.
    check(angle_between, a, b, want=torch.tensor(want, dtype=torch.float64), scale=1.0)


@counterexample("S0-042")  # the quotient as the notes have it exceeds 1, and acos(it) is nan
@pytest.mark.parametrize(
    "a",
    [torch.full((3,), 0.1), torch.ones(3, dtype=torch.float64), torch.full((5,), 0.3).double()],
    ids=["0.1 float32", "1.0 float64", "0.3 float64"],
)
def test_a_vector_has_the_angle_zero_with_itself(angle_between, a):
    zero = torch.zeros((), dtype=a.dtype)
    check(angle_between, a, a, want=zero)
    check(angle_between, a, 7 * a, want=zero)


@claim("S0-042")
@given(inputs.tensors(inputs.sizes(1, 5)))
def test_parallel_vectors_have_the_angle_zero_and_antiparallel_ones_pi(angle_between, a):
    assume(a.any())
    check(angle_between, a, a / 3, want=torch.tensor(0.0).double())
    check(angle_between, a, a / -3, want=torch.tensor(math.pi, dtype=torch.float64))


@claim("S0-042")
@pytest.mark.parametrize(
    ("dtype", "small"), [(torch.float32, 2.0**-12), (torch.float64, 2.0**-28)], ids=str
)
def test_nearly_parallel_vectors_keep_their_angle(angle_between, dtype, small):
    a, b = torch.tensor([[1.0, 0.0, 0.0], [1.0, small, 0.0]], dtype=dtype)
    angle = math.atan(small)
    check(angle_between, a, b, want=torch.tensor(angle, dtype=dtype), scale=1.0)
    check(angle_between, -a, b, want=torch.tensor(math.pi - angle, dtype=dtype))


@claim("S0-042")
def test_equals_numpys_cross_product_in_three_dimensions(angle_between):
    import numpy as np

    rows = inputs.numbers(8, 3)
    for a, b in zip(rows[:4], rows[4:], strict=True):
        x, y = a.numpy(), b.numpy()
        want = np.arctan2(np.linalg.norm(np.cross(x, y)), np.dot(x, y))
        check(angle_between, a, b, want=torch.tensor(want))


def test_large_and_small_vectors_neither_overflow_nor_vanish(angle_between):
    a, b = torch.tensor([3e30, 0.0]), torch.tensor([2e-30, 2e-30])
    check(angle_between, a, b, want=torch.tensor(math.pi / 4))
    check(angle_between, b, a, want=torch.tensor(math.pi / 4))


def test_gradients_of_large_and_small_vectors_are_right(angle_between):
    a, b = torch.tensor([2.0**90, 0.0]), torch.tensor([2.0**-90, 2.0**-90])
    upstream = torch.tensor(4.0)
    # The slope is 1 / length, at right angles to the vector, away from the other.
    want = (torch.tensor([0.0, -4 * 2.0**-90]), torch.tensor([-2.0, 2.0]) * 2.0**90)
    check_gradient(angle_between, a, b, upstream=upstream, want=want)


def test_a_line_has_only_two_directions(angle_between):
    a = torch.tensor([3.0])
    check(angle_between, a, torch.tensor([0.5]), want=torch.tensor(0.0))
    check(angle_between, a, torch.tensor([-0.5]), want=torch.tensor(math.pi))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_vectors(angle_between, dtype):
    a, b = torch.tensor([[1.0, 0.0, -2.0], [-0.5, 0.25, 3.0]], dtype=dtype)
    check(angle_between, a, b, want=by_definition(a.double(), b.double()).to(dtype))


def test_refuses_a_vector_without_a_direction(angle_between):
    some, none = torch.tensor([1.0, 2.0]), torch.zeros(2)
    check(angle_between, none, some, raises=ValueError, naming={"a": 0})
    check(angle_between, some, none, raises=ValueError, naming={"b": 0})


def test_refuses_vectors_that_do_not_match(angle_between):
    a = torch.tensor([1.0, 2.0])
    check(angle_between, a, torch.ones(3), raises=ValueError, naming={"b": (3,)})
    check(angle_between, a, torch.ones(1), raises=ValueError, naming={"b": (1,)})
    check(angle_between, a, a.double(), raises=ValueError, naming={"b": torch.float64})


def test_refuses_integers(angle_between):
    a = torch.tensor([1, 2])
    check(angle_between, a, a, raises=ValueError, naming={"a": torch.int64})


@wrong("take acos of the quotient as it is: rounding lifts it over 1, and that is nan")
def acos(a, b):
    return torch.acos(a @ b / (a.norm() * b.norm()))


@wrong("clamp the quotient before acos: half of the digits of a small angle are gone already")
def clamped(a, b):
    a, b = a / a.abs().amax(), b / b.abs().amax()
    return torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))


@wrong("clamp a little inside of 1: no two vectors are parallel any more")
def clamped_inside(a, b):
    return torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1 + 1e-7, 1 - 1e-7))


@wrong("return the cosine and not the angle")
def cosine(a, b):
    return a @ b / (a.norm() * b.norm())


@wrong("return degrees", right_for="degrees; here the angle is in radians")
def degrees(a, b):
    return stable(a, b).rad2deg()


@wrong(
    "take the absolute value of the dot product: an obtuse angle becomes acute",
    right_for="the angle between two lines; here it is between two vectors, which have directions",
)
def between_lines(a, b):
    return torch.minimum(stable(a, b), math.pi - stable(a, b))


@wrong("take twice the arcsine of half the chord: near pi it loses the digits, or is nan")
def by_the_chord(a, b):
    a, b = a / a.abs().amax(), b / b.abs().amax()
    return 2 * torch.asin((a / a.norm() - b / b.norm()).norm() / 2)


@wrong("forget that the chords belong to half the angle")
def half(a, b):
    return stable(a, b) / 2


@wrong("forget to bring the vectors to one length: the chords are then no chords")
def unscaled(a, b):
    return 2 * torch.atan2((a - b).norm(), (a + b).norm())


@wrong("square entries as large or as small as they come: that overflows, or vanishes")
def without_a_common_scale(a, b):
    a, b = a / a.square().sum().sqrt(), b / b.square().sum().sqrt()
    return 2 * torch.atan2((a - b).norm(), (a + b).norm())


@wrong("detach the lengths: the gradient gets a part along the vector")
def detached_lengths(a, b):
    a, b = a / a.abs().amax().detach(), b / b.abs().amax().detach()
    c = a @ b / (a.norm() * b.norm()).detach()
    return torch.atan2((1 - c.detach() ** 2).clamp(min=0).sqrt(), c)


@wrong("compute in float32 whatever the dtype of the vectors")
def always_float32(a, b):
    return stable(a.float(), b.float())


@wrong("add a small number to the product of the lengths: small vectors become perpendicular")
def with_epsilon(a, b):
    a, b = a / (a.norm() + 1e-8), b / (b.norm() + 1e-8)
    return 2 * torch.atan2((a - b).norm(), (a + b).norm())


def stable(a, b):
    a, b = a / a.abs().amax(), b / b.abs().amax()
    a, b = a / a.norm(), b / b.norm()
    return 2 * torch.atan2((a - b).norm(), (a + b).norm())


@right("split b into a part along a and a part across: atan2 of the two")
def along_and_across(a, b):
    if b.dtype != a.dtype:
        raise ValueError(f"`b` has dtype {b.dtype}, `a` has {a.dtype}")
    if b.size() != a.size():
        raise ValueError(f"`b` has shape {tuple(b.shape)}, `a` has {tuple(a.shape)}")
    if not a.dtype.is_floating_point:
        raise ValueError(f"`a` has dtype {a.dtype}")
    for name, v in {"a": a, "b": b}.items():
        if (v == 0).all():
            raise ValueError(f"`{name}` = {v.tolist()} has no direction")
    unit_a, unit_b = (v / v.detach().abs().max() for v in (a, b))
    unit_a, unit_b = (v / torch.linalg.vector_norm(v) for v in (unit_a, unit_b))
    along = torch.dot(unit_a, unit_b)
    return torch.atan2(torch.linalg.vector_norm(unit_b - along * unit_a), along)
