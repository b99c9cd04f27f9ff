"""Claims of the notes on second order, convexity, saddles and the L1 loss, and counterexamples."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
import sympy as sp
import torch

from grader import claim, counterexample


def near(value, digits=1e-3):
    """The value, to the digits that the ledger states."""
    return pytest.approx(value, rel=digits)


def vector(*values):
    return torch.tensor(values, dtype=torch.float64)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Newton's method


@claim("S0-118", "S0-120")
def test_the_next_point_is_the_root_of_the_linear_part_of_the_taylor_series():
    x, x0 = sp.symbols("x x0")
    f = sp.Function("f")
    linear = sp.series(f(x), x, x0, 2).removeO().doit()
    (root,) = sp.solve(linear, x)
    assert sp.simplify(root - (x0 - f(x0) / sp.diff(f(x0), x0))) == 0


@counterexample("S0-122")  # f(x1) is nearer to 0 than f(x0)
def test_a_newton_step_on_atan_from_1_5_leads_away():
    x, points = 1.5, [1.5]
    for _ in range(4):
        x = x - math.atan(x) * (1 + x * x)
        points.append(x)
    assert points == near([1.5, -1.694, 2.32, -5.11, 32.3], 5e-3)
    sizes = [abs(math.atan(x)) for x in points]
    assert sizes[:2] == near([0.983, 1.038])
    assert all(before < after for before, after in pairwise(sizes))


@counterexample("S0-122")
def test_a_newton_step_on_a_cubic_grows_81_times():
    def f(x):
        return x**3 + x + 9

    assert (f(0), f(0 - f(0) / 1)) == (9, -729)


# The perceptron


def perceptron_as_written(rows, labels, epochs):
    """The notes' listing; the updates of each epoch come with the weights."""
    w, b, updates = vector(0.0, 0.0), 0.0, []
    for _ in range(epochs):
        updates.append(0)
        for x, y in zip(rows, labels, strict=True):
            if y * (float(w @ x) + b) <= 0:
                w, b = w + x * y, b + y
                updates[-1] += 1
    return w, b, updates


CORNERS = vector([0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0])


@counterexample("S2-062")  # o = sigma(w . x + b) is 0 or 1, and y_i are to be compared with it
def test_with_labels_0_and_1_and_is_never_learnt():
    for epochs in (10, 100):
        w, b, updates = perceptron_as_written(CORNERS, [0, 0, 0, 1], epochs)
        assert (w.tolist(), b) == ([1.0, 1.0], 1.0)
        assert updates[-1] >= 3  # the rows of label 0, which change nothing
    assert ((CORNERS @ w + b) >= 0).tolist() == [True] * 4


@claim("S2-062")
def test_with_labels_of_minus_and_plus_1_and_is_learnt():
    w, b, updates = perceptron_as_written(CORNERS, [-1, -1, -1, 1], 20)
    assert (w.tolist(), b, sum(updates)) == ([3.0, 2.0], -4.0, 18)
    assert ((CORNERS @ w + b) >= 0).tolist() == [False, False, False, True]


# Least absolute deviations


@claim("S3-108")
def test_the_negative_log_of_laplaces_density_is_the_absolute_error():
    e, scale = sp.symbols("e", real=True), sp.symbols("s", positive=True)
    density = sp.exp(-sp.Abs(e) / scale) / (2 * scale)
    assert sp.integrate(sp.exp(-e / scale) / scale, (e, 0, sp.oo)) == 1  # twice a half
    loss = sp.expand_log(-sp.log(density), force=True)
    assert sp.simplify(loss - sp.Abs(e) / scale - sp.log(2 * scale)) == 0


def sign_path(rates, start=0.0, target=1.0):
    path = [start]
    for lr in rates:
        path.append(path[-1] - lr * float(np.sign(path[-1] - target)))
    return path


@claim("S3-114")
def test_with_a_constant_rate_the_absolute_loss_ends_in_a_circle():
    path = sign_path([0.3] * 40)
    assert path[3:7] == near([0.9, 1.2, 0.9, 1.2], 1e-9)
    assert path[-4:] == near([0.9, 1.2, 0.9, 1.2], 1e-9)
    # The squared loss, whose slope fades, settles at the same rate.
    w = 0.0
    for _ in range(40):
        w -= 0.3 * (w - 1.0)
    assert abs(w - 1.0) < 1e-6


@claim("S3-114")
def test_with_a_falling_rate_the_absolute_loss_settles():
    # Once across, it is never farther away than the last step was long.
    path = sign_path([0.3 / t for t in range(1, 2001)])
    assert abs(path[-1] - 1.0) < 0.3 / 1000
    # A rate whose sum is finite may end before: 0.3 + 0.15 + ... < 0.6.
    assert sign_path([0.3 / 2**t for t in range(60)])[-1] == near(0.6, 1e-9)


# Constraints


@claim("S3-189", "S4-298")
@counterexample("S3-189")  # the gradient of the Lagrangian is 0 by w, b and lambda
def test_where_the_constraint_is_not_active_the_lagrangians_gradient_misses_the_minimum():
    w, lam = sp.symbols("w lam", real=True)
    loss, constraint = (w - 1) ** 2 / 2, w**2 - 4
    lagrangian = loss + lam * constraint
    found = sp.solve([sp.diff(lagrangian, w), sp.diff(lagrangian, lam)], [w, lam])
    assert sorted(found) == [(-2, sp.Rational(-3, 4)), (2, sp.Rational(-1, 4))]
    assert {loss.subs(w, v) for v, _ in found} == {sp.Rational(1, 2), sp.Rational(9, 2)}
    # The least loss is 0, at w = 1: lambda = 0 and w^2 < 4 meet all of KKT's conditions.
    assert loss.subs(w, 1) == 0
    assert constraint.subs(w, 1) < 0
    assert sp.diff(lagrangian, w).subs({w: 1, lam: 0}) == 0


@claim("S3-189")
def test_where_the_constraint_is_active_the_lagrangians_gradient_finds_the_minimum():
    w, lam = sp.symbols("w lam", real=True)
    lagrangian = (w - 3) ** 2 / 2 + lam * (w**2 - 4)
    found = sp.solve([sp.diff(lagrangian, w), sp.diff(lagrangian, lam)], [w, lam])
    # Of the two, KKT's lambda >= 0 chooses the minimum.
    assert [v for v, multiplier in found if multiplier >= 0] == [2]
    grid = np.linspace(-2, 2, 401)
    assert grid[((grid - 3) ** 2).argmin()] == 2


@claim("S4-298")
def test_kkt_finds_the_least_norm_with_the_constraint_active_or_not():
    x, y, mu = sp.symbols("x y mu", real=True)
    f = x**2 + y**2
    for shift, point, multiplier in ((1, sp.Rational(1, 2), 1), (-1, 0, 0)):
        h = shift - x - y  # x + y >= shift
        lagrangian = f + mu * h
        stationary = [sp.diff(lagrangian, v) for v in (x, y)]
        found = sp.solve([*stationary, mu * h], [x, y, mu], dict=True)
        kept = [s for s in found if s[mu] >= 0 and h.subs(s) <= 0]
        assert kept == [{x: point, y: point, mu: multiplier}]


@counterexample("S4-298")  # "necessary at a minimum"
def test_kkt_fails_at_a_minimum_whose_constraint_has_no_slope():
    x, mu = sp.symbols("x mu", real=True)
    gradient = sp.diff(x + mu * x**2, x)
    assert sp.solve_univariate_inequality(x**2 <= 0, x, relational=False) == sp.FiniteSet(0)
    assert sp.solve(gradient.subs(x, 0), mu) == []  # 1 + 0 mu


# Convexity and symmetry


def copies(neurons):
    """The different networks among all orders of the neurons, rows of (weights, bias, out)."""
    return len(set(permutations(map(tuple, neurons))))


@claim("S3-348")
def test_different_neurons_have_d_factorial_orders_that_compute_the_same():
    weights, bias, out, x = drawn(4, 3), drawn(4, seed=1), drawn(4, seed=2), drawn(9, 3, seed=3)
    want = torch.tanh(x @ weights.T + bias) @ out
    for order in permutations(range(4)):
        o = list(order)
        same = torch.tanh(x @ weights[o].T + bias[o]) @ out[o]
        torch.testing.assert_close(same, want)
    assert copies(torch.cat([weights, bias[:, None], out[:, None]], 1).tolist()) == 24


@counterexample("S3-348")  # "at least d! equivalent ones"
def test_equal_neurons_have_fewer_orders():
    assert copies([(1.0, 2.0), (1.0, 2.0), (3.0, 0.0)]) == 3
    assert copies([(0.0, 0.0)] * 3) == 1


@claim("S3-348")
def test_tanh_neurons_may_change_their_signs_and_relu_neurons_their_scale():
    weights, out, x = drawn(4, 3), drawn(4, seed=2), drawn(9, 3, seed=3)
    flip = vector(1.0, -1.0, -1.0, 1.0)
    torch.testing.assert_close(
        torch.tanh(x @ (flip[:, None] * weights).T) @ (flip * out), torch.tanh(x @ weights.T) @ out
    )
    scale = vector(2.0, 0.5, 8.0, 1.0)
    torch.testing.assert_close(
        torch.relu(x @ (scale[:, None] * weights).T) @ (out / scale),
        torch.relu(x @ weights.T) @ out,
    )


@claim("S3-349", "S3-350")
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, math.inf])
def test_norms_from_p_1_on_keep_the_way_between_two_points_in_the_ball(p):
    x, y = drawn(2, 500, 4)
    share = torch.linspace(0, 1, 500, dtype=torch.float64)[:, None]
    x_size, y_size = (torch.linalg.vector_norm(v, p, dim=1) for v in (x, y))
    between = torch.linalg.vector_norm(share * x + (1 - share) * y, p, dim=1)
    mean = share[:, 0] * x_size + (1 - share[:, 0]) * y_size
    radius = torch.maximum(x_size, y_size)
    assert (between <= mean + 1e-12).all()
    assert (mean <= radius + 1e-12).all()


@claim("S3-349")
def test_below_p_1_the_middle_of_two_points_may_leave_the_ball():
    x, y = vector(1.0, 0.0), vector(0.0, 1.0)
    sizes = [v.abs().sqrt().sum() ** 2 for v in (x, y, (x + y) / 2)]
    assert sizes == near([1.0, 1.0, 2.0], 1e-12)


@counterexample("S3-350")  # for any lambda
def test_beyond_lambda_1_the_inequality_is_false():
    x, y, lam = 1.0, -1.0, 2.0
    assert abs(lam * x + (1 - lam) * y) == 3.0
    assert lam * abs(x) + (1 - lam) * abs(y) == 1.0


@claim("S3-354")
def test_the_curvature_of_log_sum_exp_is_a_variance():
    x, v = sp.symbols("x:3", real=True), sp.symbols("v:3", real=True)
    hessian = sp.hessian(sp.log(sum(map(sp.exp, x))), x)
    p = [sp.exp(a) / sum(map(sp.exp, x)) for a in x]
    mean = sum(a * b for a, b in zip(p, v, strict=True))
    variance = sum(a * (b - mean) ** 2 for a, b in zip(p, v, strict=True))
    column = sp.Matrix(v)
    assert sp.simplify((column.T * hessian * column)[0] - variance) == 0
    # It is 0 along (1, 1, 1): convex, and not strictly.
    ones = sp.ones(3, 1)
    assert sp.simplify((ones.T * hessian * ones)[0]) == 0


@claim("S3-355")
def test_the_solutions_of_linear_equations_contain_whole_lines():
    W, x0 = drawn(2, 5), drawn(5, seed=1)
    b = W @ x0
    kernel = torch.linalg.svd(W).Vh[2:]
    x, y = x0 + drawn(3, seed=2) @ kernel, x0 + drawn(3, seed=3) @ kernel
    for lam in (0.0, 0.3, 1.0, 2.5, -4.0):
        torch.testing.assert_close(W @ (lam * x + (1 - lam) * y), b)


@counterexample("S3-355")  # "the linear subspace W x = b"
def test_the_solutions_of_x1_plus_x2_equal_1_are_no_subspace():
    W, b = vector([1.0, 1.0]), 1.0
    x = vector(1.0, 0.0)
    assert W @ x == b
    assert W @ (0 * x) != b
    assert W @ (2 * x) != b


# Quadratics and momentum


@claim("S3-359")
def test_the_square_is_completed_with_a_plus():
    n = 2
    x, c = sp.Matrix(sp.symbols("x:2")), sp.Matrix(sp.symbols("c:2"))
    b, q = sp.Symbol("b"), sp.symbols("q:3")
    Q = sp.Matrix(n, n, [q[0], q[1], q[1], q[2]])
    h = (x.T * Q * x)[0] / 2 + (x.T * c)[0] + b
    rest = b - (c.T * Q.inv() * c)[0] / 2

    def completed(shift):
        return (shift.T * Q * shift)[0] / 2 + rest

    assert sp.simplify(completed(x + Q.inv() * c) - h) == 0
    assert sp.simplify(completed(x - Q.inv() * c) - h) != 0  # as the book has it


@claim("S3-359")
def test_without_symmetry_the_square_isnt_completed():
    Q, c, x = vector([1.0, 2.0], [0.0, 1.0]), vector(1.0, -2.0), vector(0.5, 3.0)
    shift = x + torch.linalg.solve(Q, c)
    completed = shift @ Q @ shift / 2 - c @ torch.linalg.solve(Q, c) / 2
    assert abs(float(completed - (x @ Q @ x / 2 + x @ c))) > 0.1


def heavy_ball(gradient, x, lr, beta, steps):
    """The path of torch's SGD with momentum."""
    leaf = torch.nn.Parameter(x.clone())
    optimizer = torch.optim.SGD([leaf], lr=lr, momentum=beta)
    path = [x]
    for _ in range(steps):
        leaf.grad = gradient(leaf.detach())
        optimizer.step()
        path.append(leaf.detach().clone())
    return torch.stack(path)


@claim("S3-361")
def test_momentum_falls_apart_into_one_problem_for_each_eigenvalue():
    rows, c, x0 = drawn(4, 4), drawn(4, seed=1), drawn(4, seed=2)
    Q = rows @ rows.T / 4 + torch.eye(4, dtype=torch.float64)
    values, vectors = torch.linalg.eigh(Q)
    path = heavy_ball(lambda x: Q @ x + c, x0, 0.1, 0.6, 30)
    z = (path + torch.linalg.solve(Q, c)) @ vectors  # rows of O (x + Q^-1 c)
    for i, curvature in enumerate(values):
        alone = heavy_ball(lambda v, k=curvature: k * v, z[0, i : i + 1], 0.1, 0.6, 30)
        torch.testing.assert_close(alone[:, 0], z[:, i], rtol=1e-9, atol=1e-12)


def momentum_rate(lr, beta, curvatures):
    """The factor by which the error shrinks per step in the end."""
    return max(
        float(np.abs(np.linalg.eigvals([[1 + beta - lr * k, -beta], [1.0, 0.0]])).max())
        for k in curvatures
    )


BOWL = (0.2, 4.0)  # the curvatures of 0.1 x1^2 + 2 x2^2
LOW, HIGH = map(math.sqrt, BOWL)
BEST = (4 / (LOW + HIGH) ** 2, ((HIGH - LOW) / (HIGH + LOW)) ** 2)  # rate .668, momentum .403


@claim("S3-362")
@counterexample("S3-362")  # high rate and low momentum, or low and high: "both converge fast"
def test_pairs_of_rate_and_momentum_differ_from_fast_to_divergent():
    pairs = {
        (0.6, 0.5): 0.707,
        BEST: 0.634,
        (0.05, 0.9): 0.949,
        (0.476, 0.0): 0.905,
        (0.6, 0.1): 1.218,
    }
    for (lr, beta), rate in pairs.items():
        assert momentum_rate(lr, beta, BOWL) == near(rate, 2e-3)
        path = heavy_ball(lambda x: vector(*BOWL) * x, vector(-5.0, -2.0), lr, beta, 400)
        # Per step, over many: the polynomial factor of a double root has faded.
        late = path.norm(dim=1)[[150, 400]].log().diff().item() / 250
        assert math.exp(late) == near(rate, 0.03)


@claim("S3-362")
def test_no_pair_on_a_grid_is_faster_than_the_best():
    rates = [
        momentum_rate(lr, beta, BOWL)
        for lr in np.linspace(0.02, 1.0, 50)
        for beta in np.linspace(0.0, 0.95, 39)
    ]
    assert min(rates) >= momentum_rate(*BEST, BOWL)
    assert momentum_rate(*BEST, BOWL) == near(math.sqrt(BEST[1]), 1e-6)


def steps_to(path_of, tol=1e-6):
    """How many steps bring the distance down to tol."""
    return int((path_of.norm(dim=1) <= tol).nonzero()[0])


@claim("S4-297", "S4-322")
@pytest.mark.parametrize(("kappa", "plain", "ball"), [(10, 71, 27), (100, 709, 95)])
def test_momentum_needs_the_root_of_the_condition_number(kappa, plain, ball):
    curvatures = vector(1.0, float(kappa))
    start, root = vector(1.0, 1.0), math.sqrt(kappa)
    lr = 2 / (1 + kappa)
    path = heavy_ball(lambda x: curvatures * x, start, lr, 0.0, 800)
    assert abs(steps_to(path) - plain) <= 1
    shrinks = path.norm(dim=1)[1:] / path.norm(dim=1)[:-1]
    assert shrinks[-1] == near((kappa - 1) / (kappa + 1), 1e-9)
    best = 4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2
    path = heavy_ball(lambda x: curvatures * x, start, *best, 150)
    assert abs(steps_to(path) - ball) <= 2


@claim("S4-297")
def test_gradient_descent_converges_below_two_over_the_largest_eigenvalue_only():
    curvatures, start = vector(1.0, 10.0), vector(1.0, 1.0)
    ends = [
        heavy_ball(lambda x: curvatures * x, start, lr, 0.0, 300)[-1].norm() for lr in (0.19, 0.21)
    ]
    assert ends[0] < 1e-6
    assert ends[1] > 1e6
    rates = [max(abs(1 - lr), abs(1 - 10 * lr)) for lr in np.linspace(0.01, 0.2, 1000)]
    assert min(rates) >= 9 / 11 - 1e-9
    assert max(abs(1 - 2 / 11), abs(1 - 20 / 11)) == near(9 / 11, 1e-12)


@claim("S4-322")
def test_a_little_noise_leaves_a_saddle_that_descent_stays_in():
    # x^2 / 2 + y^4 / 4 - y^2 / 2 from (1, 0): refuted if the noisy runs stayed there as well.
    def gradient(point):
        return torch.stack([point[0], point[1] ** 3 - point[1]])

    plain = noisy = vector(1.0, 0.0)
    noise = 0.01 * drawn(300, 2)
    for k in range(300):
        plain = plain - 0.1 * gradient(plain)
        noisy = noisy - 0.1 * (gradient(noisy) + noise[k])
    assert plain.norm() < 1e-6
    assert noisy[1].abs() == near(1.0, 0.02)


@claim("S4-297", "S4-155")
@counterexample("S4-297")  # "is it a global minimum?"
def test_two_minima_with_positive_curvature_and_different_values():
    x = sp.Symbol("x")
    f = x**4 - x**3 - x**2
    minima = sorted(
        (float(p), float(f.subs(x, p)))
        for p in sp.solve(sp.diff(f, x), x)
        if sp.diff(f, x, 2).subs(x, p) > 0
    )
    assert minima[0] == near((-0.425, -0.0713), 2e-3)
    assert minima[1] == near((1.175, -1.0967), 2e-3)


# Losses without a slope


@claim("S4-305")
def test_the_zero_one_loss_has_slope_0_almost_everywhere_and_its_surrogates_dont():
    margins = drawn(200)
    for name, loss in {
        "zero_one": lambda m: (m <= 0).double(),
        "hinge": lambda m: (1 - m).clamp(min=0),
        "logistic": lambda m: torch.log2(1 + torch.exp(-m)),
    }.items():
        slopes = (loss(margins + 1e-6) - loss(margins - 1e-6)) / 2e-6
        pulls = margins[margins < -1e-3]
        if name == "zero_one":
            assert (slopes == 0).all()
        else:
            assert (slopes[margins < -1e-3] < -0.5).all()
            assert len(pulls) > 50
            assert (loss(margins) >= (margins <= 0).double()).all()  # both lie above it


@counterexample("S4-305")  # "can't be minimised by gradients"
def test_the_mean_of_the_zero_one_loss_over_noise_has_a_slope():
    m, z = sp.symbols("m z", real=True)
    density = sp.exp(-((z - m) ** 2) / 2) / sp.sqrt(2 * sp.pi)
    slope = sp.diff(sp.integrate(density, (z, -sp.oo, 0)), m)
    assert sp.simplify(slope + sp.exp(-(m**2) / 2) / sp.sqrt(2 * sp.pi)) == 0
    # The score function estimates it from values of the loss alone.
    draws = 0.5 + drawn(40_000)
    estimates = (draws <= 0).double() * (draws - 0.5)
    error = estimates.std() / 200
    assert abs(float(estimates.mean() - slope.subs(m, 0.5))) < 6 * error
    assert estimates.mean() < -50 * error
