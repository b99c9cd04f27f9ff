"""Claims of the notes on generative adversarial networks, and counterexamples."""

import math

import numpy as np
import pytest
import sympy
import torch
from scipy import integrate
from torch.nn.functional import softplus

from grader import claim, counterexample

LEAST = -math.log(4)


def objective(p_data, p_g, second):
    """Give E_p_data log D + E_second log(1 - D), for D = p_data / (p_data + p_g)."""
    total = p_data + p_g
    return (p_data * np.log(p_data / total)).sum() + (second * np.log(p_g / total)).sum()


def pairs(count):
    """Give random pairs of distributions on 4 points."""
    draws = np.random.default_rng(0).dirichlet(np.ones(4), (count, 2))
    return [(p, q) for p, q in draws]


@counterexample("S3-389")
def test_with_the_label_0_the_left_side_does_not_depend_on_the_generator():
    logits = torch.tensor([-4.0, 0.5], dtype=torch.float64)
    minus_log_d = softplus(-logits)
    assert (0 * minus_log_d).tolist() == [0, 0]  # -y log D with y = 0
    assert minus_log_d[0] > 8 * minus_log_d[1]


@claim("S3-396", "S3-399", "S3-401")
def test_gradient_ascent_finds_the_optimal_discriminator():
    p_data = torch.tensor([0.9, 0.1], dtype=torch.float64)
    p_g = p_data.flip(0)
    logits = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for _ in range(400):
        value = -(p_data * softplus(-logits) + p_g * softplus(logits)).sum()
        (slope,) = torch.autograd.grad(value, logits)
        logits.data += 2 * slope
    torch.testing.assert_close(logits.sigmoid().detach(), p_data, rtol=0, atol=1e-6)
    assert value.item() == pytest.approx(-0.6502, abs=1e-4)


@claim("S3-396")
def test_the_mean_over_samples_estimates_the_value():
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(40_000, generator=generator, dtype=torch.float64)
    fake = torch.rand(40_000, generator=generator, dtype=torch.float64).square()
    terms = ((1 + real) / 3).log(), (1 - (1 + fake) / 3).log()  # D(x) = (1 + x) / 3
    exact = (
        integrate.quad(lambda x: math.log((1 + x) / 3), 0, 1)[0]
        + integrate.quad(lambda z: math.log(1 - (1 + z * z) / 3), 0, 1)[0]
    )
    error = sum(t.var() / len(t) for t in terms).sqrt()
    assert abs(sum(t.mean() for t in terms) - exact) < 6 * error


@counterexample("S3-397")
def test_copying_the_density_doubles_the_integral():
    # z uniform on (0, 1), G(z) = 2 z, D(x) = x / 4: both sides should be log 2 - 1.
    def term(x):
        return math.log(1 - x / 4)

    over_z = integrate.quad(lambda z: term(2 * z), 0, 1)[0]
    as_written = integrate.quad(lambda x: 1.0 * term(x), 0, 2)[0]  # p_g(x) = p_z(z) = 1
    right = integrate.quad(lambda x: 0.5 * term(x), 0, 2)[0]
    assert over_z == pytest.approx(math.log(2) - 1)
    assert right == pytest.approx(over_z)
    assert as_written == pytest.approx(2 * over_z)


@claim("S3-398")
def test_the_integrals_agree_for_a_generator_that_is_not_invertible():
    # z uniform on (-1, 1), G(z) = z^2 has the density 1 / (2 sqrt x); D(x) = (1 + x) / 4.
    def term(x):
        return math.log(1 - (1 + x) / 4)

    over_z = integrate.quad(lambda z: 0.5 * term(z * z), -1, 1)[0]
    over_x = integrate.quad(lambda x: term(x), 0, 1, weight="alg", wvar=(-0.5, 0))[0] / 2
    assert over_x == pytest.approx(over_z, rel=1e-9)


@claim("S3-399")
def test_the_two_integrals_are_one():
    x = sympy.Symbol("x", positive=True)
    p_data, p_g, d = 2 * x, 3 * x**2, x / 2  # densities on (0, 1)
    apart = sympy.integrate(p_data * sympy.log(d), (x, 0, 1)) + sympy.integrate(
        p_g * sympy.log(1 - d), (x, 0, 1)
    )
    together = integrate.quad(
        lambda t: 2 * t * math.log(t / 2) + 3 * t * t * math.log(1 - t / 2), 0, 1
    )[0]
    assert float(apart) == pytest.approx(together)


@counterexample("S3-403")
def test_as_written_the_objective_falls_below_its_minimum():
    p_data, p_g = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    assert objective(p_data, p_g, second=p_g) == pytest.approx(-0.6502, abs=1e-4)
    as_written = objective(p_data, p_g, second=p_data)
    assert as_written < LEAST
    assert as_written == pytest.approx(-2.4079, abs=1e-4)


@counterexample("S3-403")
def test_as_written_a_perfect_generator_is_the_worst():
    # D (1 - D) <= 1/4 at every point: -log 4 is the maximum of what is written.
    assert all(objective(p, q, second=p) < LEAST for p, q in pairs(200))
    p = np.array([0.25, 0.75])
    assert objective(p, p, second=p) == pytest.approx(LEAST)


@claim("S3-403", "S3-406", "S3-407")
def test_of_1000_pairs_all_lie_between_minus_log_4_and_0():
    values = [objective(p, q, second=q) for p, q in pairs(1000)]
    assert LEAST < min(values) < LEAST + 0.01
    assert max(values) < 0


@claim("S3-406", "S3-407")
def test_the_objective_is_two_divergences_from_the_middle_less_log_4():
    p, q = sympy.symbols("p q", positive=True)  # the share of one point in the sums
    m = (p + q) / 2
    by_divergences = p * sympy.log(p / m) + q * sympy.log(q / m)
    objective_term = p * sympy.log(p / (p + q)) + q * sympy.log(q / (p + q))
    # Over all points p + q adds up to 2, so that log 2 (p + q) is log 4.
    rest = sympy.expand_log(objective_term - by_divergences + sympy.log(2) * (p + q), force=True)
    assert sympy.simplify(rest) == 0
