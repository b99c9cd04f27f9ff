"""w * sqrt(theta) / ||w|| outside the ball, w inside."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    forbid=("renorm", "torch.nn.utils"),
    instead="compute the norm, and scale",
    hints=(
        "The nearest point of a ball lies on the line to its centre.",
        "theta bounds ||w||^2: what is the radius?",
        "w * sqrt(theta) / ||w|| if ||w||^2 > theta, else w",
    ),
)


@claim("S2-093")
def test_a_case_worked_by_hand(project_l2):
    weights = vector([1.0, -4.0, 2.0], [-2.0, 0.0, 0.0])  # the squares sum to 25
    check(project_l2, weights, 6.25, want=weights / 2)
    check(project_l2, weights, theta=1.0, want=weights / 5)


@claim("S2-093", "S2-095")
def test_inside_nothing_changes(project_l2):
    weights = vector(3.0, -4.0)
    for theta in (25.0, 26.0, 1e9):
        check(project_l2, weights, theta, want=weights)
    check(project_l2, vector(0.25, 0.25), 0.5, want=vector(0.25, 0.25))


@claim("S2-095")
def test_a_bound_of_0_leaves_0(project_l2):
    check(project_l2, vector(3.0, -4.0), 0.0, want=vector(0.0, 0.0))
    check(project_l2, vector(0.0, 0.0), 0.0, want=vector(0.0, 0.0))


@claim("S2-093")
@given(inputs.tensors(inputs.sizes(1, 5)), st.integers(0, 80).map(lambda k: k / 8))
def test_no_point_of_the_ball_is_nearer(project_l2, weights, theta):
    def nearest(point):
        # The ball lies on the far side of the plane through the nearest point: its support there
        # is sqrt(theta) times the normal's length.
        normal = weights - point
        slack = 1e-9 * (1 + theta)
        inside = float(point @ point) <= theta + slack
        support = math.sqrt(theta) * float(normal.norm()) <= float(normal @ point) + 1e-7
        return inside and support

    told = "the point of the ball that is nearest to the weights"
    check(project_l2, weights, theta, want=such_that(told, nearest))


def test_gradients_flow_back(project_l2):
    # Outside: sqrt(theta) / ||w|| times what is across w.
    want = (vector(16.0, -12.0) / 25 * 2 / 5 * (4 * 4 - 2 * -3) / 4,)
    upstream = vector(4.0, -2.0)
    want = (2 / 5 * (upstream - vector(3.0, 4.0) * (upstream @ vector(3.0, 4.0)) / 25),)
    check_gradient(project_l2, vector(3.0, 4.0), theta=4.0, upstream=upstream, want=want)
    check_gradient(project_l2, vector(3.0, 4.0), theta=36.0, upstream=upstream, want=(upstream,))


def test_gradients_flow_back_to_weights_of_0(project_l2):
    upstream = vector(4.0, -2.0)
    check_gradient(project_l2, vector(0.0, 0.0), theta=1.0, upstream=upstream, want=(upstream,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(project_l2, dtype):
    weights = torch.tensor([[6.0], [8.0]], dtype=dtype)
    check(project_l2, weights, 25.0, want=torch.tensor([[3.0], [4.0]], dtype=dtype))


def test_many_weights_in_half_precision(project_l2):
    # 2^18 squares of 1/4 sum to 65536: float16 ends at 65504.
    weights = torch.full((512, 512), 0.5).half()
    check(project_l2, weights, 64.0, want=weights / 32)


def test_takes_scalars_and_reads_by_strides(project_l2):
    check(project_l2, torch.tensor(-4.0), 4.0, want=torch.tensor(-2.0))
    turned = vector([3.0, 0.0], [0.0, 4.0], [0.0, 0.0]).mT
    check(project_l2, turned, 6.25, want=turned / 2)


def test_refuses_a_bound_that_is_none(project_l2):
    for theta in (-0.5, math.inf, math.nan):
        check(project_l2, torch.ones(2), theta, raises=ValueError, naming={"theta": theta})


@wrong("take theta for the radius", right_for="||w|| <= theta; here it is ||w||^2 <= theta")
def radius(weights, theta):
    size = torch.linalg.vector_norm(weights)
    return weights * (theta / size) if size > theta else weights.clone()


@wrong("scale by theta / ||w||^2, without the root")
def without_root(weights, theta):
    squares = weights.square().sum()
    return weights * (theta / squares) if squares > theta else weights.clone()


@wrong("lead weights inside the ball out to its edge")
def to_the_edge(weights, theta):
    squares = weights.square().sum()
    return weights * (theta / squares).sqrt() if squares > 0 else weights.clone()


@wrong("clamp each weight on its own: that is the nearest point of a cube")
def cube(weights, theta):
    return weights.clamp(-(theta**0.5), theta**0.5)


@wrong("bound each row on its own")
def by_rows(weights, theta):
    if weights.dim() < 2:
        return radius(weights, theta**0.5)
    squares = weights.square().sum(-1, keepdim=True)
    return torch.where(squares > theta, weights * (theta / squares).sqrt(), weights)


@wrong("divide by a norm that is 0: nan")
def divides_by_zero(weights, theta):
    size = torch.linalg.vector_norm(weights)
    return weights * min(1.0, theta**0.5 / size.item()) if size else weights / size


@wrong("choose behind the division: at weights of 0 the side not taken makes the gradient nan")
def chosen_behind(weights, theta):
    squares = weights.double().square().sum()
    scaled = (weights * (theta / squares).sqrt()).to(weights.dtype)
    return torch.where(squares <= theta, weights, scaled)


@wrong("scale in place: the caller's weights change")
def in_place(weights, theta):
    squares = weights.square().sum()
    return weights.mul_((theta / squares) ** 0.5) if squares > theta else weights


@wrong("detach the norm: what is along the weights flows back too")
def detached(weights, theta):
    squares = weights.detach().square().sum()
    return weights * (theta / squares).sqrt() if squares > theta else weights.clone()


@wrong("sum the squares in half precision: of many weights they are infinite, and all becomes 0")
def overflowing(weights, theta):
    squares = weights.square().sum()
    return weights * (theta / squares).sqrt() if squares > theta else weights.clone()


@right("by a factor of 1 at the most")
def by_a_factor(weights, theta):
    if theta < 0 or not math.isfinite(theta):
        raise ValueError(f"theta: {theta}")
    size = weights.double().square().sum().sqrt()
    factor = (theta**0.5 / size).clamp(max=1) if bool(size) else torch.ones_like(size)
    return weights * factor.to(weights.dtype)
