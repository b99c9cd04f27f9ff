"""The spectral radius of momentum's matrix on a quadratic: fast, slow, or divergent."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, plot, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("momentum_step_torch", "quadratic_loss_after"),
    forbid=(
        "eigvals",
        "eig",
        "eigh",
        "eigvalsh",
        "svd",
        "numpy.linalg._linalg.eig",
        "numpy.linalg._linalg.eigh",
        "numpy.linalg._linalg.eigvals",
        "numpy.linalg._linalg.eigvalsh",
        "numpy.linalg._linalg.svd",
        "scipy.linalg",
        "torch.optim",
    ),
    instead="solve the quadratic equation of the matrix",
    hints=(
        "Take v out: x_{t+1} in terms of x_t and x_{t-1}. Which powers z^t solve that?",
        "z^2 - (1 + momentum - lr * curvature) z + momentum = 0. What if the roots aren't real?",
        "sqrt(momentum) if they are complex, else (|trace| + sqrt(trace^2 - 4 momentum)) / 2.",
    ),
)  # fmt: skip


@claim("S3-362")
def test_cases_worked_by_hand(momentum_rate):
    for lr, momentum, curvatures, want in (
        (0.5, 0.0, (1.0,), 0.5),  # gradient descent: |1 - lr k|
        (0.5, 0.0, (1.0, 3.5), 0.75),
        (0.5, 0.0, (2.0,), 0.0),  # there in one step
        (1.0, 2.0**-10, (1.0,), 2.0**-5),
        (0.25, 0.5, (1.0, 8.0), math.sqrt(0.5)),  # trace 1.25 and -0.5: both complex
        (0.5, 0.5, (0.0,), 1.0),  # trace 1.5: z = 1 and 1/2
        (1.0, 0.5, (3.75,), 2.0),  # trace -2.25: z = -2 and -1/4
        (0.25, 0.25, (-3.0, 1.0), 1.0 + math.sqrt(0.75)),  # trace 2: uphill on both sides
    ):
        check(momentum_rate, lr, momentum, vector(*curvatures), want=want)


@claim("S3-362")
@given(
    st.integers(0, 16).map(lambda k: k / 8),
    st.integers(0, 8).map(lambda k: k / 8),
    inputs.tensors(inputs.sizes(1, 4), low=-2, high=4),
)
def test_equals_the_eigenvalues_of_the_matrices(momentum_rate, lr, momentum, curvatures):
    def size(k):
        matrix = vector([1 + momentum - lr * k, -momentum], [1.0, 0.0])
        return float(torch.linalg.eigvals(matrix).abs().max())

    # A double root moves by the square root of the rounding: 1e-8.
    check(momentum_rate, lr, momentum, curvatures, want=max(map(size, curvatures.tolist())),
          slack=1e4)  # fmt: skip


@claim("S3-362")
def test_is_what_many_steps_show(momentum_rate):
    for lr, momentum in ((0.05, 0.95), (0.5, 0.25), (0.375, 0.0), (0.75, 0.125)):
        curvatures = vector(0.25, 3.5)
        x, v, sizes = torch.ones(2).double(), torch.zeros(2).double(), []
        for _ in range(400):
            v = momentum * v + curvatures * x
            x = x - lr * v
            sizes.append(math.hypot(*x.tolist(), *(lr * v).tolist()))
        # Complex factors turn: their size is seen up to a bounded factor, over 300 steps.
        want = (sizes[399] / sizes[99]) ** (1 / 300)
        check(momentum_rate, lr, momentum, curvatures, want=want, slack=1e8)


@claim("S3-362")
@counterexample("S3-362")  # high rate, low momentum; low rate, high momentum: "both are fast"
def test_the_pairs_of_the_notes_differ(momentum_rate):
    bowl = vector(0.2, 4.0)  # 0.1 x1^2 + 2 x2^2
    for lr, momentum, want in ((0.6, 0.5, 0.5**0.5), (0.05, 0.9, 0.9**0.5)):
        check(momentum_rate, lr, momentum, bowl, want=want)
    trace = 1.1 - 0.6 * 4  # -1.3: it diverges
    want = (-trace + math.sqrt(trace**2 - 0.4)) / 2
    check(momentum_rate, 0.6, 0.1, bowl, want=want)
    check(momentum_rate, 2 / 4.2, 0.0, bowl, want=3.8 / 4.2)  # without momentum, at its best rate


@claim("S3-362", "S4-322")
def test_at_its_best_it_needs_the_root_of_the_condition_number(momentum_rate):
    for kappa, root in ((4.0, 2.0), (16.0, 4.0), (1024.0, 32.0)):
        lr, momentum = 4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2
        # Both ends of the spectrum are double roots: rounding shows by its square root.
        check(momentum_rate, lr, momentum, vector(1.0, kappa), want=(root - 1) / (root + 1),
              slack=1e4)  # fmt: skip


@claim("S3-362")
def test_the_border_of_divergence_is_twice_one_plus_momentum(momentum_rate):
    for momentum in (0.0, 0.25, 0.5, 1.0):
        check(momentum_rate, (1 + momentum) / 2, momentum, vector(4.0, 1.0), want=1.0)
    check(momentum_rate, 0.0, 0.5, vector(4.0), want=1.0)
    check(momentum_rate, 0.5, 1.0, vector(4.0, 1.0), want=1.0)


def test_takes_other_dtypes(momentum_rate):
    # In float32 the trace would round.
    curvatures = vector(0.1, 9.0, 4.0, 9.0)[::2].float()
    trace = 1.5 - 0.05 * float(curvatures[0])  # the other trace, 1.3, has complex roots
    want = (trace + math.sqrt(trace**2 - 2)) / 2
    check(momentum_rate, 0.05, 0.5, curvatures, want=want)


def test_refuses_what_makes_no_sense(momentum_rate):
    bowl = vector(0.2, 4.0)
    for lr in (-0.5, math.inf, math.nan):
        check(momentum_rate, lr, 0.5, bowl, raises=ValueError, naming={"lr": lr})
    for momentum in (-0.25, 1.25, math.nan):
        check(momentum_rate, 0.5, momentum, bowl, raises=ValueError, naming={"momentum": momentum})
    for shape in ((0,), (), (2, 2)):
        check(momentum_rate, 0.5, 0.5, torch.ones(shape).double(), raises=ValueError,
              naming={"curvatures": shape})  # fmt: skip


def radius(trace, momentum):
    """The larger size of the roots of z^2 - trace z + momentum."""
    beyond = torch.as_tensor(trace**2 - 4 * momentum, dtype=torch.complex128)
    roots = torch.stack([trace + beyond.sqrt(), trace - beyond.sqrt()]) / 2
    return float(roots.abs().max())


def plain(lr, momentum, curvatures):
    return radius(1 + momentum - lr * curvatures.double(), momentum)


@wrong("leave momentum out: |1 - lr * curvature|")
def without_momentum(lr, momentum, curvatures):
    return float((1 - lr * curvatures.double()).abs().max())


@wrong("take sqrt(momentum) always: real roots are larger")
def always_complex(lr, momentum, curvatures):
    return math.sqrt(momentum)


@wrong("take the product of the two roots, momentum, for the rate")
def product_of_roots(lr, momentum, curvatures):
    trace = 1 + momentum - lr * curvatures.double()
    real = (trace.abs() + (trace**2 - 4 * momentum).clamp(min=0).sqrt()) / 2
    return float(torch.where(trace**2 < 4 * momentum, momentum, real).max())


@wrong("take the half of the trace where the roots are complex: that is their real part")
def real_part(lr, momentum, curvatures):
    trace = 1 + momentum - lr * curvatures.double()
    return float(((trace.abs() + (trace**2 - 4 * momentum).clamp(min=0).sqrt()) / 2).max())


@wrong("take the larger root and not the larger in size: beyond the minimum it is negative")
def without_size(lr, momentum, curvatures):
    trace = 1 + momentum - lr * curvatures.double()
    real = (trace + (trace**2 - 4 * momentum).clamp(min=0).sqrt()) / 2
    return float(torch.where(trace**2 < 4 * momentum, math.sqrt(momentum), real).max())


@wrong("look at the largest curvature only: the slowest may be the smallest")
def largest_curvature(lr, momentum, curvatures):
    return plain(lr, momentum, curvatures.max()[None])


@wrong("look at the smallest curvature only: the largest may diverge")
def smallest_curvature(lr, momentum, curvatures):
    return plain(lr, momentum, curvatures.min()[None])


@wrong("average over the curvatures: the slowest decides")
def mean(lr, momentum, curvatures):
    rates = [plain(lr, momentum, k[None]) for k in curvatures]
    return sum(rates) / len(rates)


@wrong("take the fastest coordinate")
def fastest(lr, momentum, curvatures):
    return min(plain(lr, momentum, k[None]) for k in curvatures)


@wrong(
    "weigh the gradient with 1 - momentum",
    right_for="an average of the gradients; here they add up",
)
def averaged(lr, momentum, curvatures):
    return plain(lr * (1 - momentum), momentum, curvatures)


@wrong("look ahead as Nesterov does", right_for="Nesterov's momentum; here it is the heavy ball")
def nesterov(lr, momentum, curvatures):
    factor = 1 - lr * curvatures.double()
    return radius((1 + momentum) * factor, momentum * factor)


@wrong("leave the momentum out of the trace: 1 - lr * curvature")
def trace_of_descent(lr, momentum, curvatures):
    return radius(1 - lr * curvatures.double(), momentum)


@wrong("cap the rate at 1: a divergence isn't told from standing still")
def capped(lr, momentum, curvatures):
    return min(1.0, plain(lr, momentum, curvatures))


@wrong("take 2 * momentum and not 4 under the root")
def wrong_discriminant(lr, momentum, curvatures):
    trace = 1 + momentum - lr * curvatures.double()
    real = (trace.abs() + (trace**2 - 2 * momentum).clamp(min=0).sqrt()) / 2
    return float(torch.where(trace**2 < 2 * momentum, math.sqrt(momentum), real).max())


@wrong("compute in float32")
def in_float32(lr, momentum, curvatures):
    trace = 1 + momentum - lr * curvatures.float()
    real = (trace.abs() + (trace**2 - 4 * momentum).clamp(min=0).sqrt()) / 2
    return float(torch.where(trace**2 < 4 * momentum, math.sqrt(momentum), real).max())


@right("with complex roots, number by number")
def complex_roots(lr, momentum, curvatures):
    if lr < 0 or not math.isfinite(lr):
        raise ValueError(f"`lr` can't be {lr}")
    if not (momentum >= 0 and momentum <= 1):
        raise ValueError(f"`momentum` can't be {momentum}")
    if curvatures.ndim != 1 or curvatures.numel() == 0:
        raise ValueError(f"`curvatures` has shape {tuple(curvatures.shape)}")
    sizes = []
    for curvature in curvatures.tolist():
        trace = 1 + momentum - lr * curvature
        root = complex(trace**2 - 4 * momentum) ** 0.5
        sizes += [abs(trace + root) / 2, abs(trace - root) / 2]
    return max(sizes)


@plot(x="learning rate", y="rate of convergence, 1 is divergence")
def plot_rates_for_each_momentum(momentum_rate):
    rates = [k / 100 for k in range(1, 96)]
    bowl = vector(0.2, 4.0)
    return {
        f"momentum {momentum}": (rates, [min(momentum_rate(lr, momentum, bowl), 1.3) for lr in rates])
        for momentum in (0.0, 0.2, 0.4, 0.6, 0.9)
    }  # fmt: skip
