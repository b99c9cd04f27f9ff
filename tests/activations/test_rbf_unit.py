"""h_ij = exp(-|x_i - c_j|^2 / sigma_j^2): 1 at the centre, and nothing far from it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("cdist",),
    instead="write the distances yourself",
    hints=(
        "Which shape has the difference of each row to each centre?",
        "x[:, None] - centers is [n, k, d]; sigma belongs to its middle dimension.",
        "exp(-sum(((x[:, None] - centers) / sigma[:, None])^2)), the sum over the last dimension",
    ),
)


@st.composite
def networks(draw):
    """Draw x [n, d], centers [k, d] and positive sigma [k], with rows that lie on a centre."""
    d, k = draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 4))
    x = draw(inputs.tensors(inputs.sizes(1, 3), d, low=-2, high=2, step=1 / 2))
    centers = draw(inputs.tensors(k, d, low=-2, high=2, step=1 / 2))
    return x, centers, draw(inputs.tensors(k, low=1 / 4, high=4, step=1 / 4))


def by_loops(x, centers, sigma):
    rows = [
        [
            math.exp(-sum((a - b) ** 2 for a, b in zip(row, center, strict=True)) / s**2)
            for center, s in zip(centers.tolist(), sigma.tolist(), strict=True)
        ]
        for row in x.tolist()
    ]
    return torch.tensor(rows, dtype=torch.float64)


def by_hand(x, centers, sigma, upstream):
    """Return the three gradients by their formulas."""
    difference = x[:, None] - centers
    flow = (upstream * by_loops(x, centers, sigma))[..., None]
    down = -2 * flow * difference / sigma[:, None] ** 2
    wider = 2 * (flow * difference**2).sum(-1) / sigma**3
    return down.sum(1), -down.sum(0), wider.sum(0)


@claim("S4-104")
def test_a_case_worked_by_hand(rbf_unit):
    x = inputs.vector(3, 4, 0, 0, 1, 0).reshape(3, 2)
    centers = inputs.vector(3, 4, 0, 0).reshape(2, 2)
    sigma = inputs.vector(5, 0.5)
    # squared distances 0, 25; 25, 0; 20, 1
    want = torch.tensor(
        [[1.0, math.exp(-100)], [math.exp(-1), 1.0], [math.exp(-0.8), math.exp(-4)]],
        dtype=torch.float64,
    )
    check(rbf_unit, x, centers, sigma, want=want, scale=0.0)


@claim("S4-104")
@given(networks())
def test_equals_slow_loops(rbf_unit, network):
    check(rbf_unit, *network, want=by_loops(*network))


@claim("S4-104")
@given(networks())
def test_gradients_flow_back_to_all_three_by_their_formulas(rbf_unit, network):
    x, centers, _ = network
    upstream = inputs.numbers(len(x), len(centers)) + 1 / 8
    # scale: terms of this size cancel where a row lies between two centres.
    want = by_hand(*network, upstream)
    check_gradient(rbf_unit, *network, upstream=upstream, want=want, scale=100.0)


@claim("S4-104")
def test_at_the_centre_it_is_1_and_hands_nothing_down(rbf_unit):
    x, sigma = torch.tensor([[0.25, -3.0, 2.0]]), torch.tensor([0.5])
    check(rbf_unit, x, x.clone(), sigma, want=torch.ones(1, 1))
    zeros = torch.zeros(1, 3), torch.zeros(1, 3), torch.zeros(1)
    check_gradient(rbf_unit, x, x.clone(), sigma, upstream=torch.tensor([[4.0]]), want=zeros)


@claim("S4-104", "S4-292")
def test_five_widths_away_nothing_is_left_of_it_or_of_its_slope(rbf_unit):
    x, centers = inputs.vector(5, 0, 0).reshape(1, 3), torch.zeros(1, 3, dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    want = torch.tensor([[1.3887943864964021e-11]], dtype=torch.float64)
    check(rbf_unit, x, centers, one, want=want, scale=0.0)
    slope = torch.tensor([[-1.3887943864964021e-10, 0, 0]], dtype=torch.float64)
    upstream = torch.ones(1, 1, dtype=torch.float64)
    call = x, centers, one
    check_gradient(rbf_unit, *call, wrt=(0,), upstream=upstream, want=(slope,), scale=0.0)


@claim("S4-104")
def test_far_from_0_distances_keep_their_digits(rbf_unit):
    x = torch.tensor([[4096.0, -4096.0], [4096.5, -4096.25]])
    centers, sigma = torch.tensor([[4096.25, -4096.0]]), torch.tensor([0.5])
    want = torch.tensor([[math.exp(-0.25)], [math.exp(-0.5)]])
    check(rbf_unit, x, centers, sigma, want=want)


@claim("S4-104")
def test_far_from_0_the_width_divides_what_is_left_of_the_distance(rbf_unit):
    x, centers, sigma = torch.tensor([[10002.0, -7001.0]]), torch.tensor([[10000.0, -7000.0]]), 3.0
    want = torch.tensor([[math.exp(-5 / 9)]])
    check(rbf_unit, x, centers, torch.tensor([sigma]), want=want)


@claim("S4-104")
def test_a_narrow_unit_responds_at_its_centre_alone(rbf_unit):
    x, centers = torch.tensor([[1.0], [1.5]]), torch.tensor([[1.0]])
    check(rbf_unit, x, centers, torch.tensor([1e-25]), want=torch.tensor([[1.0], [0.0]]))
    near = torch.tensor([[3e-25]]), torch.tensor([[1e-25]])
    check(rbf_unit, *near, torch.tensor([2e-25]), want=torch.tensor([[math.exp(-1)]]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(rbf_unit, dtype):
    x, centers = torch.tensor([[1, 2], [0, 1]], dtype=dtype), torch.tensor([[1, 1]], dtype=dtype)
    want = torch.tensor([[math.exp(-0.25)], [math.exp(-0.25)]], dtype=dtype)
    check(rbf_unit, x, centers, torch.tensor([2], dtype=dtype), want=want)


def test_reads_by_strides(rbf_unit):
    x, centers, sigma = inputs.numbers(2, 3).mT, inputs.numbers(2, 4).mT, inputs.vector(1, 2, 3, 4)
    check(rbf_unit, x, centers, sigma, want=by_loops(x, centers, sigma))


def test_refuses_shapes_that_do_not_fit(rbf_unit):
    for shapes in (
        ((2, 3), (4, 2), (4,)),
        ((2, 3), (4, 3), (3,)),
        ((3,), (4, 3), (4,)),
        ((2, 3), (4, 3), (4, 1)),
        ((2, 3), (3,), (3,)),
        ((3,), (4,), (4,)),
    ):
        naming = dict(zip(("x", "centers", "sigma"), shapes, strict=True))
        check(rbf_unit, *map(torch.ones, shapes), raises=ValueError, naming=naming)


def test_refuses_a_width_that_is_not_positive(rbf_unit):
    x, centers = torch.ones(2, 3), torch.ones(2, 3)
    for value in (0.0, -1.0, math.nan):
        sigma = torch.tensor([1.0, value])
        check(rbf_unit, x, centers, sigma, raises=ValueError, naming={"sigma": value})


def squared(x, centers):
    return (x[:, None] - centers).square().sum(-1)


@wrong(
    "divide by 2 sigma^2",
    right_for="the density of a normal variable; here a unit falls to 1/e at the distance sigma",
)
def normal_density(x, centers, sigma):
    return (-squared(x, centers) / (2 * sigma**2)).exp()


@wrong("divide by sigma and not by its square")
def by_sigma(x, centers, sigma):
    return (-squared(x, centers) / sigma).exp()


@wrong("multiply by sigma^2: that is gamma, the inverse of a width")
def times_sigma(x, centers, sigma):
    return (-squared(x, centers) * sigma**2).exp()


@wrong("take the distance and not its square")
def not_squared(x, centers, sigma):
    return (-(squared(x, centers) + 1e-300).sqrt() / sigma).exp()


@wrong("take the root of the sum and square it again: its slope at the centre is 0 / 0")
def root_and_square(x, centers, sigma):
    return (-((squared(x, centers).sqrt() / sigma) ** 2)).exp()


@wrong("expand the square: |x|^2 - 2 x c + |c|^2 cancels far from 0")
def expanded(x, centers, sigma):
    inner = x.square().sum(1)[:, None] - 2 * x @ centers.mT + centers.square().sum(1)
    return (-inner / sigma / sigma).exp()


@wrong(
    "divide by sigma before you subtract: far from 0 the quotients are rounded more than they differ"
)
def divided_first(x, centers, sigma):
    return (-(x[:, None] / sigma[:, None] - centers / sigma[:, None]).square().sum(-1)).exp()


@wrong("square sigma first: of a narrow unit that is 0")
def sigma_squared(x, centers, sigma):
    return (-squared(x, centers) / sigma**2).exp()


@wrong("average over the features and not add up")
def mean_square(x, centers, sigma):
    return (-(x[:, None] - centers).square().mean(-1) / sigma / sigma).exp()


@wrong("give all units the width of the first")
def first_width(x, centers, sigma):
    return (-squared(x, centers) / sigma[:1] / sigma[:1]).exp()


@wrong("normalise the responses of a row, as a softmax does")
def normalised(x, centers, sigma):
    return (-squared(x, centers) / sigma / sigma).softmax(1)


@wrong("forget the minus: the response grows away from the centre")
def growing(x, centers, sigma):
    return (squared(x, centers) / sigma / sigma).exp()


@wrong("return a row for each unit: the transpose")
def transposed(x, centers, sigma):
    return (-squared(x, centers) / sigma / sigma).exp().mT


@wrong("detach the centres: they never move")
def detached_centers(x, centers, sigma):
    return (-((x[:, None] - centers.detach()) / sigma[:, None]).square().sum(-1)).exp()


@wrong("detach sigma: the widths never learn")
def detached_sigma(x, centers, sigma):
    return (-((x[:, None] - centers) / sigma.detach()[:, None]).square().sum(-1)).exp()


@wrong("add a small number to sigma: a narrow unit is no longer narrow")
def with_epsilon(x, centers, sigma):
    return (-((x[:, None] - centers) / (sigma[:, None] + 1e-8)).square().sum(-1)).exp()


@right("unit by unit")
def unit_by_unit(x, centers, sigma):
    shapes = f"x: {tuple(x.shape)}, centers: {tuple(centers.shape)}, sigma: {tuple(sigma.shape)}"
    if x.ndim != 2 or centers.ndim != 2 or sigma.ndim != 1:
        raise ValueError(shapes)
    if x.size(1) != centers.size(1) or len(centers) != len(sigma):
        raise ValueError(shapes)
    if any(not s > 0 for s in sigma.tolist()):
        raise ValueError(f"sigma: {sigma}")
    units = [torch.exp(-(((x - c) / s) ** 2).sum(1)) for c, s in zip(centers, sigma, strict=True)]
    return torch.stack(units, 1) if units else x.new_zeros(len(x), 0)


@plot(x="x", y="response")
def plot_three_widths(rbf_unit):
    x = torch.linspace(-4, 4, 201, dtype=torch.float64)
    sigma = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    response = rbf_unit(x[:, None], torch.zeros(3, 1, dtype=torch.float64), sigma)
    return {f"sigma = {s:g}": (x, h) for s, h in zip(sigma.tolist(), response.T, strict=True)}
