"""p_g(x) = the sum over the branches of p_z(z) |dz/dx|."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "If G stretches an interval to twice its length, what becomes of the density there?",
        "Probability is kept, not density: p_g(x) |dx| = p_z(z) |dz|; a slope may be negative.",
        "Add up p_z(inverse(x)) * |slope(x)| over the branches, where the inverse isn't nan.",
    ),
)


def uniform(z):
    """Be the density of the uniform distribution on (0, 1); nan isn't a point."""
    if z.isnan().any():
        raise ValueError("p_z was called with nan")
    return ((z > 0) & (z < 1)).to(z.dtype)


def normal(z):
    """Be the density of the standard normal distribution."""
    if z.isnan().any():
        raise ValueError("p_z was called with nan")
    return (-z * z / 2).exp() / math.sqrt(2 * math.pi)


def linear(a, b):
    """Give the one branch of the inverse of G(z) = a z + b."""

    def inverse(x):
        return (x - b) / a

    def slope(x):
        return torch.full_like(x, 1 / a)

    return [(inverse, slope)]


def root(x):
    """Give the z >= 0 with z^2 = x; nan for x < 0."""
    return x.sqrt()


def minus_root(x):
    """Give the z <= 0 with z^2 = x; nan for x < 0."""
    return -x.sqrt()


def root_slope(x):
    """Give d root / dx."""
    return 0.5 / x.sqrt()


def minus_root_slope(x):
    """Give d minus_root / dx, which is negative."""
    return -0.5 / x.sqrt()


SQUARE = [(root, root_slope), (minus_root, minus_root_slope)]


@claim("S3-397")
@counterexample("S3-397")
def test_a_case_worked_by_hand(pushforward_density):
    # G(z) = 2 z spreads (0, 1) over (0, 2): the density is 1/2, while p_z(z) is 1.
    x = torch.tensor([-0.5, 0.5, 1.5, 2.5])
    want = torch.tensor([0, 0.5, 0.5, 0])
    check(pushforward_density, uniform, linear(2.0, 0.0), x, want=want)


@claim("S3-397")
def test_a_slope_may_be_negative(pushforward_density):
    # G(z) = 3 - 4 z maps (0, 1) onto (-1, 3).
    x = torch.tensor([-2.0, 0.0, 2.0, 4.0])
    check(pushforward_density, uniform, linear(-4.0, 3.0), x, want=torch.tensor([0, 0.25, 0.25, 0]))


@claim("S3-397", "S3-398")
def test_every_branch_adds_its_share(pushforward_density):
    # z uniform on (-1, 3), G(z) = z^2: two z for x < 1, one for 1 < x < 9.
    def wide(z):
        if z.isnan().any():
            raise ValueError("p_z was called with nan")
        return 0.25 * ((z > -1) & (z < 3)).to(z.dtype)

    x = torch.tensor([0.25, 4.0, 16.0], dtype=torch.float64)
    want = torch.tensor([0.5, 0.0625, 0], dtype=torch.float64)
    check(pushforward_density, wide, SQUARE, x, want=want)
    check(pushforward_density, wide, SQUARE[::-1], x, want=want)


@claim("S3-397", "S3-398")
def test_a_branch_without_a_preimage_adds_nothing(pushforward_density):
    x = torch.tensor([-1.0, -4.0, 4.0], dtype=torch.float64)
    density = math.exp(-2) / math.sqrt(2 * math.pi) / 2
    want = torch.tensor([0, 0, density], dtype=torch.float64)
    check(pushforward_density, normal, SQUARE, x, want=want)


@claim("S3-397", "S3-398")
@given(st.lists(st.integers(1, 80), min_size=1, max_size=6))
def test_the_square_of_a_normal_variable_has_the_chi_square_density(pushforward_density, eighths):
    from scipy import stats

    x = torch.tensor(eighths, dtype=torch.float64) / 8
    check(pushforward_density, normal, SQUARE, x, want=torch.tensor(stats.chi2(1).pdf(x.numpy())))


@claim("S3-397")
@given(
    st.sampled_from([-4.0, -0.5, 0.25, 1.5, 3.0]),
    st.integers(-8, 8),
    st.lists(st.integers(-40, 40), min_size=1, max_size=5),
)
def test_a_linear_map_of_a_normal_variable_is_normal(pushforward_density, a, b, eighths):
    from scipy import stats

    x = torch.tensor(eighths, dtype=torch.float64) / 8
    want = torch.tensor(stats.norm(b / 4, abs(a)).pdf(x.numpy()))
    check(pushforward_density, normal, linear(a, b / 4), x, want=want)


@claim("S3-397")
def test_the_exponential_of_a_normal_variable_is_log_normal(pushforward_density):
    from scipy import stats

    def slope(x):
        return 1 / x

    x = torch.tensor([0.125, 1.0, 2.5, 7.0], dtype=torch.float64)
    want = torch.tensor(stats.lognorm(1).pdf(x.numpy()))
    check(pushforward_density, normal, [(torch.log, slope)], x, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_shape_and_dtype(pushforward_density, dtype):
    for x in ([], [0.5], [0.5, 5.0, 1.0]):
        want = torch.tensor([0.5 * (0 < v < 2) for v in x], dtype=dtype)
        points = torch.tensor(x, dtype=dtype)
        check(pushforward_density, uniform, linear(2.0, 0.0), points, want=want)


def test_refuses_to_work_without_a_branch(pushforward_density):
    x = torch.tensor([0.5])
    check(pushforward_density, uniform, [], x, raises=ValueError, naming={"branches": []})


def summed(p_z, branches, x, share):
    """Add up `share(density at z, slope)` over the branches that have a z."""
    density = torch.zeros_like(x)
    for inverse, slope in branches:
        z = inverse(x)
        there = ~z.isnan()
        density[there] += share(p_z(z[there]), slope(x)[there])
    return density


@wrong("copy the density, p_g(x) = p_z(z), as the notes do")
def copied(p_z, branches, x):
    return summed(p_z, branches, x, lambda p, slope: p)


@wrong("divide by the slope of the inverse: that is the slope of G turned over")
def divided(p_z, branches, x):
    return summed(p_z, branches, x, lambda p, slope: p / slope.abs())


@wrong("forget the absolute value: a falling branch gives a negative density")
def signed(p_z, branches, x):
    return summed(p_z, branches, x, lambda p, slope: p * slope)


@wrong("square the slope in place of taking its absolute value")
def squared(p_z, branches, x):
    return summed(p_z, branches, x, lambda p, slope: p * slope**2)


@wrong("use the first branch only, as if G were invertible")
def first_branch(p_z, branches, x):
    return summed(p_z, branches[:1], x, lambda p, slope: p * slope.abs())


@wrong("average over the branches and don't add them up")
def averaged(p_z, branches, x):
    return summed(p_z, branches, x, lambda p, slope: p * slope.abs()) / len(branches)


@wrong("let nan through from a branch that has no z at x")
def nan_through(p_z, branches, x):
    def at(z):
        return torch.where(z.isnan(), z, p_z(z.nan_to_num()))

    return sum(at(inverse(x)) * slope(x).abs() for inverse, slope in branches)


@wrong("take the density at x in place of z")
def at_x(p_z, branches, x):
    return sum(p_z(x) * slope(x).nan_to_num().abs() for _, slope in branches)


@wrong("take the absolute value of the sum and not of each share: branches cancel")
def cancelling(p_z, branches, x):
    return signed(p_z, branches, x).abs()


@right("point by point")
def point_by_point(p_z, branches, x):
    if len(branches) == 0:
        raise ValueError(f"branches must not be empty: {branches}")
    density = []
    for point in x.reshape(-1, 1):
        total = 0.0
        for inverse, slope in branches:
            z = inverse(point)
            total += 0.0 if bool(z.isnan()) else (p_z(z) * slope(point).abs()).item()
        density.append(total)
    return torch.tensor(density, dtype=x.dtype)
