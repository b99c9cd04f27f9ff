"""Claims of the notes on optimizers that are verified and not exercised, and counterexamples."""

import math
from itertools import pairwise

import pytest
import torch

from grader import claim, counterexample


def near(value, digits=1e-3):
    """The value, to the digits that the ledger states."""
    return pytest.approx(value, rel=digits)


def run(optimizer, grads, start=0.0, rates=None, **options):
    """The path of one parameter under an optimizer of torch, for given gradients."""
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    steps = optimizer([theta], **options)
    path = [start]
    for k, g in enumerate(grads):
        if rates:
            steps.param_groups[0]["lr"] = rates[k]
        theta.grad = torch.tensor(g, dtype=torch.float64)
        steps.step()
        path.append(float(theta.detach()))
    return path


def descend(optimizer, start, steps, slope=2.0, **options):
    """The path on f = slope / 2 * w^2."""
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    made = optimizer([theta], **options)
    path = [start]
    for _ in range(steps):
        theta.grad = slope * theta.detach()
        made.step()
        path.append(float(theta.detach()))
    return path


ADAM, ADAMW, SGD = torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD


@counterexample("S0-356")
def test_with_adam_a_penalty_is_not_decay():
    options = {"start": 1.0, "lr": 0.1, "weight_decay": 0.1}
    assert run(ADAM, [10.0], **options)[-1] == near(0.9, 1e-6)
    assert run(ADAMW, [10.0], **options)[-1] == near(0.89, 1e-6)


@counterexample("S0-356")
def test_with_momentum_a_penalty_enters_the_velocity():
    path = run(SGD, [0.0] * 3, start=1.0, lr=0.1, momentum=0.9, weight_decay=0.1)
    assert path[1:] == near([0.99, 0.9711, 0.9444], 1e-4)
    assert [0.99**t for t in (1, 2, 3)] == near([0.99, 0.9801, 0.9703], 1e-4)


@counterexample("S0-357")  # "the sum of squares of the parameters", without the half
def test_the_sum_of_squares_decays_twice_as_fast():
    theta = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad(0.01 * theta.square().sum(), theta)
    assert whole.tolist() == near([0.02, -0.04], 1e-12)
    assert (0.01 * theta.detach()).tolist() != near([0.02, -0.04], 1e-1)


@claim("S0-357", "S0-358")
def test_half_the_sum_of_squares_gives_the_step_of_the_notes():
    theta, grad, lr, decay = 3.0, -2.0, 0.1, 0.5
    (_, stepped) = run(SGD, [grad], start=theta, lr=lr, weight_decay=decay)
    assert stepped == near(theta - lr * grad - lr * decay * theta, 1e-12)
    assert stepped == near((1 - lr * decay) * theta - lr * grad, 1e-12)


@counterexample("S0-359", "S1-204")
def test_torchs_velocity_is_another_one_when_the_rate_changes():
    grads, rates, theta, velocity, notes = (
        (1.0, 2.0, -1.0, 0.5),
        (0.1, 0.1, 0.01, 0.01),
        0.0,
        0.0,
        [],
    )
    for g, lr in zip(grads, rates, strict=True):
        velocity = 0.9 * velocity + lr * g
        theta -= velocity
        notes.append(theta)
    assert notes == near([-0.1, -0.39, -0.641, -0.872])
    torchs = run(SGD, grads, rates=rates, lr=0.1, momentum=0.9)
    assert torchs[1:] == near([-0.1, -0.39, -0.406, -0.426])


@counterexample("S1-204")
def test_the_two_forms_part_on_a_parabola():
    inside = outside = 1.0
    v = u = 0.0
    for lr in (0.1, 0.1, 0.01, 0.01):
        v, u = 0.9 * v + lr * inside, 0.9 * u + outside
        inside, outside = inside - v, outside - lr * u
    assert (outside, inside) == near((0.6686, 0.3930))


@claim("S1-204", "S4-323")
@pytest.mark.parametrize(("sign", "gain"), [(1, 1 / (1 - 0.9)), (-1, 1 / (1 + 0.9))])
def test_momentum_amplifies_what_agrees_and_damps_what_alternates(sign, gain):
    path = run(SGD, [float(sign**t) for t in range(300)], lr=0.01, momentum=0.9)
    assert abs(path[-1] - path[-2]) == near(0.01 * gain, 1e-6)


@claim("S1-204", "S4-323")
def test_momentum_converges_where_the_same_rate_diverges_without():
    # f = .1 x1^2 + 2 x2^2: the steep direction allows lr below 2 / 4.
    plain, heavy = (
        [descend(SGD, 1.0, 100, slope, lr=0.6, momentum=m)[-1] for slope in (0.2, 4.0)]
        for m in (0.0, 0.5)
    )
    assert abs(plain[1]) > 1e10
    assert max(map(abs, heavy)) < 1e-3


@claim("S4-323")
@pytest.mark.parametrize("kappa", [4.0, 100.0])
def test_the_best_momentum_has_the_rate_of_the_root_of_the_condition_number(kappa):
    root = math.sqrt(kappa)
    rate = (root - 1) / (root + 1)
    lr, momentum = (2 / (root + 1)) ** 2, rate**2  # of eigenvalues 1 and kappa
    for slope in (1.0, kappa, (1 + kappa) / 2):
        # theta_{t+1} = (1 + momentum - lr * slope) theta_t - momentum theta_{t-1}
        steps = torch.tensor([[1 + momentum - lr * slope, -momentum], [1.0, 0.0]]).double()
        assert float(torch.linalg.eigvals(steps).abs().max()) == near(rate, 1e-3)


@claim("S4-323")
def test_an_average_of_independent_gradients_has_a_smaller_variance():
    beta, n = 0.9, 200_000
    weights = [(1 - beta) * beta**i for i in range(400)]
    assert sum(w * w for w in weights) == near((1 - beta) / (1 + beta), 1e-9)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(n, 60, dtype=torch.float64, generator=generator)
    mean = noise @ torch.tensor(weights[:60], dtype=torch.float64)
    want = sum(w * w for w in weights[:60])
    # The variance of n normal values has a standard error of sqrt(2 / n).
    assert abs(float(mean.var()) - want) < 6 * want * (2 / n) ** 0.5


@claim("S4-323")
def test_sgd_with_noise_settles_only_if_the_squares_of_its_rates_are_summable():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(4000, 400, dtype=torch.float64, generator=generator)

    def spread(rate):
        theta = torch.ones(400, dtype=torch.float64)
        for k, e in enumerate(noise, start=1):
            theta = theta - rate(k) * (theta + e)
        return float(theta.square().mean())

    # Constant: the noise stays, at lr / (2 - lr). Falling as 1/k: the mean of all noise. As 1/k^2:
    # the product of 1 - 1/(k + 1)^2 is 1/2, so theta stops at half its way.
    assert spread(lambda k: 0.2) == near(0.2 / 1.8, 0.5)
    assert spread(lambda k: 1 / k) < 1e-3
    product = math.prod(1 - 1 / (k + 1) ** 2 for k in range(1, 4000))
    assert product == near(0.5)
    assert spread(lambda k: 1 / (k + 1) ** 2) > 0.2


@claim("S4-323")
def test_a_linear_decay_ends_constant_and_its_squares_add_up_without_end():
    def rate(k, first=0.1, last=0.001, tau=100):
        a = min(k / tau, 1)
        return (1 - a) * first + a * last

    assert [rate(k) for k in (0, 25, 100, 101, 10**6)] == near([0.1, 0.07525, 0.001, 0.001, 0.001])
    # In practice only: the constant end breaks the second condition, as any constant rate does.
    squares = [sum(rate(k) ** 2 for k in range(100, 100 + n)) for n in (1000, 2000, 4000)]
    assert squares == near([1e-3, 2e-3, 4e-3], 1e-9)


@counterexample("S0-366")  # "second-order" is no second derivative
def test_the_second_moment_is_neither_curvature_nor_variance():
    theta = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    adam = ADAM([theta], lr=0.1)
    theta.grad = 100 * theta.detach()  # f = 50 theta^2, whose second derivative is 100
    adam.step()
    vhat = float(adam.state[theta]["exp_avg_sq"]) / (1 - 0.999)
    assert vhat == near(40000, 1e-9)


@claim("S0-366")
def test_the_moments_estimate_the_mean_and_the_mean_square():
    generator = torch.Generator().manual_seed(0)
    theta = torch.nn.Parameter(torch.zeros(20_000, dtype=torch.float64))
    adam = ADAM([theta], lr=0.1)
    for _ in range(5):
        noise = torch.randn(20_000, dtype=torch.float64, generator=generator)
        theta.grad = 3 + 2 * noise
        adam.step()
    state = adam.state[theta]
    m, v = state["exp_avg"] / (1 - 0.9**5), state["exp_avg_sq"] / (1 - 0.999**5)
    for got, want in ((m, 3.0), (v, 9.0 + 4.0)):
        assert abs(float(got.mean()) - want) < 6 * float(got.std()) / 20_000**0.5


@claim("S0-367")
def test_the_step_may_go_against_the_current_gradient():
    path = run(ADAM, [1.0, 1.0, 1.0, -0.5], lr=0.1)
    assert path[-1] < path[-2]  # m is still positive, though the gradient is negative


@claim("S0-361", "S0-362", "S0-363", "S0-364", "S0-365")
@pytest.mark.parametrize(
    ("g", "length"), [(1.0, 0.1), (1e6, 0.1), (1e-6, 0.09901), (1e-10, 9.9e-4)]
)
def test_the_first_step_is_the_rate_unless_eps_is_larger(g, length):
    assert -run(ADAM, [g], lr=0.1)[-1] == near(length)


@claim("S0-362")
def test_the_square_overflows_in_half_precision():
    g = torch.tensor(300.0, dtype=torch.float16)
    assert g.square().isinf()
    assert not g.bfloat16().square().isinf()


@counterexample("S0-368")
def test_large_gradients_slow_nothing_down_if_all_are_large():
    for scale in (1.0, 1000.0):
        assert run(ADAM, [scale, 2 * scale, 3 * scale], lr=0.1)[-1] == near(-0.2923)


@counterexample("S0-368")
def test_a_spike_first_makes_a_longer_step():
    path = run(ADAM, [1.0] * 1000 + [1000.0] + [1.0] * 100, lr=0.1)
    lengths = [abs(b - a) for a, b in pairwise(path)]
    assert lengths[999] == near(0.1)
    assert lengths[1000] == near(0.254, 1e-2)


@claim("S0-368")
def test_a_spike_slows_the_later_steps():
    path = run(ADAM, [1.0] * 1000 + [1000.0] + [1.0] * 100, lr=0.1)
    lengths = [abs(b - a) for a, b in pairwise(path)]
    after = [lengths[1000 + k] for k in (20, 50, 100)]
    assert after == near([0.0336, 0.0040, 0.0027], 2e-2)


def reddi(amsgrad, steps=3001):
    """Where Adam without momentum ends on [-1, 1] under the gradients 3, -1, -1, 3, ..."""
    theta = torch.nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    adam = ADAM([theta], lr=0.5, betas=(0.0, 0.1), amsgrad=amsgrad)
    for t in range(1, steps):
        adam.param_groups[0]["lr"] = 0.5 / t**0.5
        theta.grad = torch.tensor(3.0 if t % 3 == 1 else -1.0, dtype=torch.float64)
        adam.step()
        theta.data.clamp_(-1, 1)
    return float(theta.detach())


@counterexample("S0-369")
def test_adam_ends_at_the_worst_point_of_reddis_example():
    assert reddi(amsgrad=False) > 0.95


@claim("S0-369")
def test_amsgrad_ends_at_the_best():
    assert reddi(amsgrad=True) < -0.95


@counterexample("S0-369")
def test_a_rare_gradient_makes_a_step_longer_than_the_rate():
    path = run(ADAM, [0.0] * 1000 + [1.0], lr=0.1)
    assert 0.25 < -path[-1] < 0.1 * (1 - 0.9) / (1 - 0.999) ** 0.5 < 0.317


@claim("S1-205")
def test_adagrads_steps_shrink_as_one_over_root_t():
    path = run(torch.optim.Adagrad, [3.0] * 4, lr=1.0)
    assert [a - b for a, b in pairwise(path)] == near([1, 0.7071, 0.5774, 0.5])


@claim("S1-206")
def test_adagrads_first_step_is_the_same_at_every_scale():
    ends = [run(torch.optim.Adagrad, [g], lr=0.1)[-1] for g in (2.0, 200.0)]
    assert ends == near([-0.1, -0.1], 1e-6)


@counterexample("S1-206")
def test_adagrads_rate_dies_far_from_the_minimum():
    assert descend(torch.optim.Adagrad, 100.0, 1000, lr=0.1)[-1] == near(93.9)
    assert descend(torch.optim.RMSprop, 100.0, 1000, lr=0.1)[-1] == near(7.8, 2e-2)


@claim("S1-207")
def test_rmsprop_goes_on_where_adagrad_stalls():
    far = [descend(o, 100.0, 500, lr=0.1)[-1] for o in (torch.optim.Adagrad, torch.optim.RMSprop)]
    assert far[1] < far[0] - 10


@counterexample("S1-207")
def test_rmsprop_oscillates_where_adagrad_converges():
    rmsprop = descend(torch.optim.RMSprop, 1.0, 3000, lr=0.1, alpha=0.9)
    assert [abs(w) for w in rmsprop[-10:]] == near([0.05] * 10, 1e-2)
    assert abs(descend(torch.optim.Adagrad, 1.0, 3000, lr=0.1)[-1]) < 1e-30


@claim("S1-208")
def test_adadelta_moves_without_a_rate():
    path = descend(torch.optim.Adadelta, 1.0, 2000, rho=0.9, eps=1e-6)
    assert abs(path[-1]) < 0.1


@counterexample("S1-208")
def test_eps_and_torchs_rate_are_left_to_choose_in_adadelta():
    first = [1 - descend(torch.optim.Adadelta, 1.0, 1, eps=e)[-1] for e in (1e-6, 1e-2)]
    assert first == near([0.0032, 0.312], 2e-2)
    ends = [descend(torch.optim.Adadelta, 1.0, 100, lr=lr)[-1] for lr in (1.0, 0.1)]
    assert ends == near([0.651, 0.960])


@counterexample("S1-209")  # RMSProp with a mean of the gradients, and nothing else
def test_without_corrections_the_first_step_is_three_times_too_long():
    for g in (1e-4, 1e4):
        m, v = 0.1 * g, 0.001 * g * g
        assert 0.1 * m / (v**0.5 + 1e-12) == near(0.316)


@claim("S1-209")
def test_with_corrections_the_first_step_is_the_rate():
    assert [-run(ADAM, [g], lr=0.1)[-1] for g in (1e-4, 1e4)] == near([0.1, 0.1])


@claim("S1-209")
def test_without_a_first_moment_adam_is_rmsprop_with_a_correction():
    v, theta, mine = 0.0, 0.0, []
    for t, g in enumerate((1.0, -3.0, 0.5), start=1):
        v = 0.9 * v + 0.1 * g * g
        theta -= 0.1 * g / ((v / (1 - 0.9**t)) ** 0.5 + 1e-8)
        mine.append(theta)
    assert run(ADAM, [1.0, -3.0, 0.5], lr=0.1, betas=(0.0, 0.9))[1:] == near(mine, 1e-9)


@counterexample("S3-369")
def test_the_first_moment_of_the_notes_has_squares():
    g1, g2, beta1 = 2.0, -1.0, 0.9
    assert (1 - beta1) * (g2**2 + beta1 * g1**2) == near(0.46, 1e-9)
    theta = torch.nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    adam = ADAM([theta], lr=0.1)
    for g in (g1, g2):
        theta.grad = torch.tensor(g, dtype=torch.float64)
        adam.step()
    assert float(adam.state[theta]["exp_avg"]) == near(0.08, 1e-9)


@counterexample("S3-372")
def test_one_correction_for_both_makes_the_first_step_ten_times_as_long():
    m, s = 0.1 * 2.0, 0.001 * 2.0**2
    assert s / (1 - 0.999) == near(4.0, 1e-9)
    assert 0.1 * (m / (1 - 0.9)) / ((s / (1 - 0.9)) ** 0.5 + 1e-8) == near(1.0, 1e-6)
    assert run(ADAM, [2.0], start=1.0, lr=0.1)[-1] == near(0.9, 1e-6)


@claim("S4-325")
def test_three_equal_gradients_move_adam_by_the_rate_each():
    for start in (1.0, -0.5):
        assert run(ADAM, [0.3] * 3, start=start, lr=0.1)[-1] == near(start - 0.3, 1e-6)
