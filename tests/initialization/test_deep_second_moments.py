"""E[h_l^2] = E[phi(z)^2] for a normal z of variance gain^2 E[h_{l-1}^2], layer by layer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, such_that, wrong

EXERCISE = Exercise(
    level="hard",
    after=("kaiming_scale", "activation_stds"),
    hints=(
        "z is a sum of n_in products w h with E[w] = 0. What is its variance, if E[h] isn't 0?",
        "Var(z) = gain^2 E[h^2]: with that you know all of the normal z, and so E[phi(z)^2].",
        "E[phi(z)^2] is an integral over t of density(t) phi(gain sqrt(E[h^2]) t)^2: a fine grid of t will do.",
    ),
)  # fmt: skip

SIX_DIGITS = 1e4  # the slack: float64's own is 1e-10


def leaky(slope):
    return lambda z: torch.where(z > 0, z, slope * z)


@claim("S2-123")
def test_without_an_activation_each_layer_multiplies_by_the_squared_gain(deep_second_moments):
    check(deep_second_moments, torch.clone, 2.0, 3, 3.0, want=[12.0, 48.0, 192.0], slack=SIX_DIGITS)


@claim("S3-227", "S2-123")
def test_a_relu_leaves_half(deep_second_moments):
    check(deep_second_moments, torch.relu, 2.0, 4, 3.0, want=[6.0, 12.0, 24.0, 48.0],
          slack=SIX_DIGITS)  # fmt: skip
    check(deep_second_moments, torch.relu, math.sqrt(2), 5, want=[1.0] * 5, slack=SIX_DIGITS)


@claim("S3-227")
@counterexample("S3-227")  # with alpha = 1, a gain of 1 would keep the second moment
def test_thirty_relus_with_a_gain_of_1_leave_a_billionth(deep_second_moments):
    want = [2.0**-layer for layer in range(1, 31)]
    check(deep_second_moments, torch.relu, 1.0, 30, want=want, slack=SIX_DIGITS)


def test_the_mean_of_the_activations_counts_as_well(deep_second_moments):
    # E[(z + 1)^2] = Var(z) + 1.
    check(deep_second_moments, lambda z: z + 1, 1.0, 3, want=[2.0, 3.0, 4.0], slack=SIX_DIGITS)
    check(deep_second_moments, lambda z: z - 2, 0.5, 2, 4.0, want=[5.0, 5.25], slack=SIX_DIGITS)


@claim("S3-227", "S2-123")
@given(
    st.integers(-8, 16).map(lambda k: k / 8),
    st.integers(0, 20).map(lambda k: k / 8),
    st.integers(0, 24).map(lambda k: k / 8),
    st.integers(0, 4),
)
def test_a_leaky_relu_keeps_half_of_one_plus_its_squared_slope(
    deep_second_moments, slope, gain, start, depth
):
    factor = gain**2 * (1 + slope**2) / 2
    want = [start * factor ** (layer + 1) for layer in range(depth)]
    if depth and want[-1] > 400 / max(gain, 1) ** 2:
        return  # deviations beyond those that the docstring speaks of
    check(deep_second_moments, leaky(slope), gain, depth, start, want=want, slack=SIX_DIGITS)


def test_a_kink_where_phi_is_not_0_costs_no_digits(deep_second_moments):
    # E[(|z| + 1)^2] = Var(z) + 2 E|z| + 1, with E|z| = std(z) sqrt(2 / pi).
    mean = math.sqrt(2 / math.pi)
    check(deep_second_moments, lambda z: z.abs() + 1, 1.0, 1, want=[2 + 2 * mean], slack=SIX_DIGITS)
    check(deep_second_moments, lambda z: torch.relu(z) + 1, 2.0, 1, 4.0,
          want=[9 + 4 * mean], slack=SIX_DIGITS)  # fmt: skip


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize(("gain", "start"), [(1.0, 1.0), (1.5, 2.0), (5.0, 16.0)])
def test_equals_the_integral_with_20_digits(deep_second_moments, name, gain, start):
    import mpmath

    phi = {"tanh": mpmath.tanh, "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z))}[name]

    def behind(variance):
        root = mpmath.sqrt(variance)
        return mpmath.quad(lambda t: mpmath.npdf(t) * phi(root * t) ** 2, [-12, -3, 0, 3, 12])

    with mpmath.workdps(20):
        first = behind(mpmath.mpf(gain) ** 2 * start)
        want = [float(first), float(behind(mpmath.mpf(gain) ** 2 * first))]
    check(deep_second_moments, getattr(torch, name), gain, 2, start, want=want, slack=SIX_DIGITS)


def test_the_moments_of_deep_tanhs_settle_or_fade(deep_second_moments):
    # Where q = E[tanh(2 sqrt(q) t)^2], found by halving.
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    weight = torch.softmax(-(grid**2) / 2, 0)
    low, high = 0.01, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        rises = float(weight @ torch.tanh(2 * middle**0.5 * grid) ** 2) > middle
        low, high = (middle, high) if rises else (low, middle)

    def settles(moments):
        return len(moments) == 60 and abs(moments[-1] - low) < 1e-6

    told = f"60 moments, the last of which is where tanh settles with a gain of 2: {low:.7f}"
    check(deep_second_moments, torch.tanh, 2.0, 60, want=such_that(told, settles))

    def fades(moments):
        return len(moments) == 60 and 0 < moments[-1] < 0.02

    told = "60 moments, the last of which is nearly 0: with a gain of 1 tanh fades"
    check(deep_second_moments, torch.tanh, 1.0, 60, want=such_that(told, fades))


@claim("S3-227", "S2-123")
@pytest.mark.parametrize(("phi", "gain"), [(torch.relu, 1.0), (torch.sigmoid, 3.0)])
def test_wide_networks_that_are_drawn_agree(deep_second_moments, phi, gain):
    draw = torch.Generator().manual_seed(0)
    n, networks = 200, 60
    h = torch.randn(networks, n, 1, generator=draw)
    h = 1.5 * h / h.square().mean(1, keepdim=True).sqrt()  # E[h_0^2] = 2.25
    for _ in range(2):
        h = phi(gain / n**0.5 * torch.randn(networks, n, n, generator=draw) @ h)
    found = h.double().square().mean((1, 2))
    # 2 % more, since 200 units are not infinitely many.
    allowed = 6 * float(found.std()) / networks**0.5 + 0.02 * float(found.mean())

    def agrees(moments):
        return len(moments) == 2 and abs(moments[1] - float(found.mean())) < allowed

    told = f"2 moments, the last about {float(found.mean()):.3f}, as of networks that were drawn"
    check(deep_second_moments, phi, gain, 2, 2.25, want=such_that(told, agrees))


def test_a_gain_or_a_start_of_0_leaves_what_phi_makes_of_0(deep_second_moments):
    check(deep_second_moments, torch.sigmoid, 0.0, 2, 5.0, want=[0.25, 0.25], slack=SIX_DIGITS)
    check(deep_second_moments, torch.cos, 0.0, 3, 0.0, want=[1.0] * 3, slack=SIX_DIGITS)
    check(deep_second_moments, torch.relu, 2.0, 2, 0.0, want=[0.0, 0.0])


def test_no_layer_has_no_moment(deep_second_moments):
    check(deep_second_moments, torch.relu, 2.0, 0, want=[])


def test_refuses_what_is_no_moment_and_no_gain(deep_second_moments):
    for number in (-1.0, math.inf, math.nan):
        check(
            deep_second_moments, torch.relu, number, 2, raises=ValueError, naming={"gain": number}
        )
        check(deep_second_moments, torch.relu, 1.0, 2, number, raises=ValueError,
              naming={"start": number})  # fmt: skip


def test_refuses_a_negative_depth(deep_second_moments):
    check(deep_second_moments, torch.relu, 1.0, -1, raises=ValueError, naming={"depth": -1})


GRID = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
DENSITY = torch.softmax(-(GRID**2) / 2, 0)


def behind(variance, phi):
    """E[phi(z)^2] for a normal z."""
    return float(DENSITY @ phi(math.sqrt(variance) * GRID) ** 2)


def layers(step, depth, start):
    """Repeat a step from moment to moment."""
    moments = []
    for _ in range(depth):
        moments.append(step(moments[-1] if moments else start))
    return moments


@wrong("take phi for the straight line that it is just above 0, as the notes take relu for x")
def line_above_zero(phi, gain, depth, start=1.0):
    zero, small = torch.tensor([0.0, 1e-6], dtype=torch.float64)
    bottom = float(phi(zero))
    slope = (float(phi(small)) - bottom) / 1e-6
    return layers(lambda q: (slope * gain) ** 2 * q + bottom**2, depth, start)


@wrong("pass the variance of h on and not its second moment: the mean is lost")
def variance_only(phi, gain, depth, start=1.0):
    variance, moments = start, []
    for _ in range(depth):
        moments.append(behind(gain**2 * variance, phi))
        mean = float(DENSITY @ phi(gain * math.sqrt(variance) * GRID))
        variance = max(moments[-1] - mean**2, 0.0)
    return moments


@wrong("return the variances of h and not its second moments")
def variances(phi, gain, depth, start=1.0):
    moments = layers(lambda q: behind(gain**2 * q, phi), depth, start)
    scales = [gain * math.sqrt(q) for q in [start, *moments[:-1]]]
    means = [float(DENSITY @ phi(scale * GRID)) for scale in scales]
    return [q - mean**2 for q, mean in zip(moments, means, strict=False)]


@wrong("multiply by the gain and not by its square")
def gain_once(phi, gain, depth, start=1.0):
    return layers(lambda q: behind(gain * q, phi), depth, start)


@wrong("take the variance of z for its standard deviation")
def variance_as_deviation(phi, gain, depth, start=1.0):
    return layers(lambda q: behind((gain**2 * q) ** 2, phi), depth, start)


@wrong("put the standard deviation of z through phi: the mean of a function isn't that of the mean")
def at_one_point(phi, gain, depth, start=1.0):
    def step(q):
        return float(phi(torch.tensor(gain * math.sqrt(q), dtype=torch.float64))) ** 2

    return layers(step, depth, start)


@wrong("apply the gain to the first layer only")
def first_gain_only(phi, gain, depth, start=1.0):
    first = [behind(gain**2 * start, phi)] if depth else []
    return first + (layers(lambda q: behind(q, phi), depth - 1, first[0]) if depth else [])


@wrong("always start from 1")
def starts_from_one(phi, gain, depth, start=1.0):
    return layers(lambda q: behind(gain**2 * q, phi), depth, 1.0)


@wrong("return the variances of z, before the activation")
def before_phi(phi, gain, depth, start=1.0):
    moments = layers(lambda q: behind(gain**2 * q, phi), depth, start)
    return [gain**2 * q for q in [start, *moments][:depth]]


@wrong("return the input's moment in the first place")
def with_the_input(phi, gain, depth, start=1.0):
    return [start, *layers(lambda q: behind(gain**2 * q, phi), depth, start)]


@wrong("return the roots: the standard deviations")
def roots(phi, gain, depth, start=1.0):
    return [math.sqrt(q) for q in layers(lambda q: behind(gain**2 * q, phi), depth, start)]


@wrong("cut the normal distribution off at 3 standard deviations")
def cut_off(phi, gain, depth, start=1.0):
    t = torch.linspace(-3, 3, 20_001, dtype=torch.float64)
    density = torch.softmax(-(t**2) / 2, 0)
    return layers(lambda q: float(density @ phi(gain * math.sqrt(q) * t) ** 2), depth, start)


@wrong("draw the normal numbers: a thousand of them give no more than two digits")
def drawn(phi, gain, depth, start=1.0):
    t = torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return layers(lambda q: float((phi(gain * math.sqrt(q) * t) ** 2).mean()), depth, start)


@right("with scipy's quadrature, on either side of 0")
def by_quadrature(phi, gain, depth, start=1.0):
    from scipy.integrate import quad

    if not (math.isfinite(gain) and gain >= 0):
        raise ValueError(f"`gain` can't be {gain}")
    if not (math.isfinite(start) and start >= 0):
        raise ValueError(f"`start` can't be {start}")
    if depth <= -1:
        raise ValueError(f"`depth` can't be {depth}")
    moments, q = [], start
    for _ in range(depth):

        def weighted(t, scale=gain * q**0.5):
            value = float(phi(torch.tensor(scale * t, dtype=torch.float64)))
            return math.exp(-t * t / 2) / math.sqrt(2 * math.pi) * value**2

        q = sum(quad(weighted, *side, epsabs=0, epsrel=1e-7)[0] for side in ((-12, 0), (0, 12)))
        moments.append(q)
    return moments


@right("by Simpson's rule")
def by_simpson(phi, gain, depth, start=1.0):
    for name, number in {"gain": gain, "start": start}.items():
        if number < 0 or math.isnan(number) or math.isinf(number):
            raise ValueError(f"{name}: {number}")
    if depth < 0:
        raise ValueError(f"depth: {depth}")
    t = torch.arange(-9000, 9001, dtype=torch.float64) / 1000
    weights = torch.full_like(t, 2 / 3)
    weights[1::2] = 4 / 3
    weights *= torch.exp(-t.square() / 2) / 1000 / math.sqrt(2 * math.pi)
    found = torch.zeros(depth, dtype=torch.float64)
    for layer in range(depth):
        before = found[layer - 1] if layer else torch.tensor(start, dtype=torch.float64)
        found[layer] = (weights * phi(t * gain * before.sqrt()).pow(2)).sum()
    return found.tolist()


@plot(x="layer", y="second moment", yscale="log")
def plot_thirty_layers(deep_second_moments):
    cases = {
        "relu, gain 1": (torch.relu, 1.0),
        "relu, gain sqrt 2": (torch.relu, math.sqrt(2)),
        "tanh, gain 1": (torch.tanh, 1.0),
        "tanh, gain 2": (torch.tanh, 2.0),
        "sigmoid, gain 1": (torch.sigmoid, 1.0),
    }
    return {label: (range(1, 31), deep_second_moments(*case, 30)) for label, case in cases.items()}
