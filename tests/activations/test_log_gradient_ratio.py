"""log10(|dl/dh_0| / |dl/dh_d|) of h_t = phi(W_t h_{t-1}): it falls, stays or rises by layer."""

import math

import pytest
import torch

from grader import Exercise, check, claim, gpu, inputs, plot, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("sigmoid_grad", "relu_backward"),
    hints=(
        "Two passes: up for the slopes, down for the gradient. What is the order of the layers?",
        "Through phi: times its slope at W_t h_{t-1}; through W_t: times its transpose.",
        "The logarithm of a product is a sum: make the gradient's length 1 after each layer.",
    ),
)

PHI = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


def drawn(depth, width, gain, dtype=torch.float64, seed=0):
    """Draw weights of variance gain^2 / width, an input and a gradient from above."""
    draw = torch.Generator().manual_seed(seed)
    weights = torch.randn(depth, width, width, generator=draw, dtype=torch.float64)
    x, upstream = torch.randn(2, width, generator=draw, dtype=torch.float64)
    return (gain / width**0.5 * weights).to(dtype), x.to(dtype), upstream.to(dtype)


def by_autograd(weights, x, upstream, activation="relu"):
    """Return the truth: in float64 the ratio itself is a number, down to 1e-308."""
    leaf = x.double().requires_grad_()
    h = leaf
    for weight in weights.double():
        h = PHI[activation](weight @ h)
    (grad,) = torch.autograd.grad(h * 1, leaf, upstream.double())
    return (grad.norm() / upstream.double().norm()).log10().to(x.dtype)


@claim("S0-352", "S0-355")
def test_a_case_worked_by_hand(log_gradient_ratio):
    weights = inputs.vector(3, 1, 4, -2, 0, 20, 10, 0).reshape(2, 2, 2)
    x, upstream = inputs.vector(1, 1), inputs.vector(4, 3)
    # On the way down (4 3), (30 80), (410 -130).
    want = torch.tensor(math.log10(math.hypot(410, 130) / 5), dtype=torch.float64)
    check(log_gradient_ratio, weights, x, upstream, "identity", want=want)


@claim("S4-115")
def test_a_relu_that_is_off_hands_nothing_down(log_gradient_ratio):
    weights = inputs.vector(3, 1, 4, -3, 5, -20, 10, 0).reshape(2, 2, 2)
    x, upstream = inputs.vector(1, 1), inputs.vector(3, 4)
    # z = (4 1), (0 40): above, a slope of 0 at 0. On the way down (0 4), (40 0), (120 40).
    want = torch.tensor(math.log10(math.hypot(120, 40) / 5), dtype=torch.float64)
    check(log_gradient_ratio, weights, x, upstream, want=want)
    want = torch.tensor(-math.inf, dtype=torch.float64)
    check(log_gradient_ratio, -weights.abs(), x, upstream, want=want)


@claim("S0-352", "S0-355", "S3-176", "S4-113", "S4-115")
@pytest.mark.parametrize("activation", PHI)
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_equals_automatic_differentiation(log_gradient_ratio, activation, depth):
    call = drawn(depth, 5, 1.3, seed=depth)
    check(log_gradient_ratio, *call, activation, want=by_autograd(*call, activation))


@claim("S0-352")
def test_two_hundred_sigmoids_leave_less_than_float32_holds(log_gradient_ratio):
    call = drawn(200, 6, 1.0, torch.float32)
    # slack: 200 logarithms of size 1 are added in float32.
    want = by_autograd(*call, "sigmoid")
    check(log_gradient_ratio, *call, "sigmoid", want=want, slack=3.0)


@claim("S0-352")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_four_hundred_tenths_leave_less_than_float64_holds(log_gradient_ratio, dtype):
    tenths = (torch.eye(2, dtype=dtype) / 10).repeat(400, 1, 1)
    x, upstream = torch.ones(2, dtype=dtype), torch.tensor([0.0, 5.0], dtype=dtype)
    want = torch.tensor(-400.0, dtype=dtype)
    # slack: a sum of 400 in float32.
    check(log_gradient_ratio, tenths, x, upstream, "identity", want=want, slack=3.0)


@claim("S4-113")
def test_a_hundred_and_fifty_layers_may_make_more_than_float32_holds(log_gradient_ratio):
    rotations = torch.linalg.qr(drawn(150, 6, 1.0)[0])[0].float()
    x, upstream = torch.zeros(6), torch.tensor([1.0, -2, 3, 0, 5, 4])
    # At 0 tanh has slope 1: a factor of 3 in each layer. slack: a sum of 150 in float32.
    want = torch.tensor(150 * math.log10(3))
    check(log_gradient_ratio, 3 * rotations, x, upstream, "tanh", want=want, slack=3.0)


@claim("S0-355")
def test_a_slope_of_at_most_1_makes_nothing_larger(log_gradient_ratio):
    # Rotations keep every length: what is lost is the slopes' doing alone.
    rotations = torch.linalg.qr(drawn(12, 4, 1.0)[0])[0]
    _, x, upstream = drawn(1, 4, 1.0)
    check(log_gradient_ratio, rotations, x, upstream, "identity", want=torch.tensor(0.0).double())
    for activation in ("sigmoid", "tanh", "relu"):
        want = by_autograd(rotations, x, upstream, activation)
        check(log_gradient_ratio, rotations, x, upstream, activation, want=want)


def test_reads_by_strides_and_takes_one_unit(log_gradient_ratio):
    weights, x, upstream = drawn(3, 4, 2.0)
    want = by_autograd(weights.mT, x, upstream, "tanh")
    check(log_gradient_ratio, weights.mT, x, upstream, "tanh", want=want)
    call = torch.full((2, 1, 1), -3.0), torch.tensor([0.0]), torch.tensor([-5.0])
    check(log_gradient_ratio, *call, "tanh", want=torch.tensor(math.log10(9.0)))


def test_refuses_an_activation_that_is_not_there(log_gradient_ratio):
    for activation in ("gelu", ""):
        naming = {"activation": activation}
        check(log_gradient_ratio, *drawn(2, 3, 1.0), activation, raises=ValueError, naming=naming)


def test_refuses_shapes_that_make_no_network(log_gradient_ratio):
    three = torch.ones(3)
    for shape in ((2, 3, 4), (2, 4, 3), (3, 3)):
        naming = {"weights": shape, "x": (3,)}
        call = torch.ones(shape), three, three
        check(log_gradient_ratio, *call, raises=ValueError, naming=naming)
    for weights, x in (((2, 3, 3), (3, 1)), ((2,), ())):
        call = torch.ones(weights), torch.ones(x), three
        naming = {"weights": weights, "x": x}
        check(log_gradient_ratio, *call, raises=ValueError, naming=naming)


def test_refuses_a_gradient_of_another_shape_or_none(log_gradient_ratio):
    call = torch.ones(2, 3, 3), torch.ones(3)
    for upstream in (torch.ones(4), torch.ones(2), torch.ones(3, 1)):
        naming = {"upstream": upstream.shape}
        check(log_gradient_ratio, *call, upstream, raises=ValueError, naming=naming)
    naming = {"upstream": "upstream"}
    check(log_gradient_ratio, *call, torch.zeros(3), raises=ValueError, naming=naming)


SLOPES = {
    "relu": lambda z: (z > 0).to(z.dtype),
    "tanh": lambda z: 1 - z.tanh() ** 2,
    "sigmoid": lambda z: z.sigmoid() * (-z).sigmoid(),
    "identity": torch.ones_like,
}


def run(weights, x, upstream, activation, **change):
    """Both passes, with one step changed."""
    turn, take = change.get("turn", lambda w: w.T), change.get("slopes", SLOPES[activation])
    zs, h = [], x
    for weight in weights:
        zs.append(weight @ h)
        h = PHI[activation](zs[-1])
    size = change.get("size", lambda g: g.norm())
    grad, log = upstream / size(upstream), x.new_zeros(())
    for weight, z in change.get("order", reversed)(list(zip(weights, zs, strict=True))):
        grad = turn(weight) @ (take(z) * grad)
        log = log + size(grad).log10()
        grad = grad / size(grad) if grad.any() else grad
    return log


@wrong("multiply everything before taking the logarithm: it underflows, or overflows")
def product_first(weights, x, upstream, activation="relu"):
    leaf = x.clone().requires_grad_()
    h = leaf
    for weight in weights:
        h = PHI[activation](weight @ h)
    (grad,) = torch.autograd.grad(h * 1, leaf, upstream)
    return (grad.norm() / upstream.norm()).log10()


@wrong("multiply everything in float64: of hundreds of layers not even that holds the product")
def product_in_float64(weights, x, upstream, activation="relu"):
    return by_autograd(weights, x, upstream, activation)


@wrong("multiply with W and not with its transpose on the way down")
def not_transposed(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, turn=lambda w: w)


@wrong("go down in the order in which you came up")
def in_order(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, order=list)


@wrong("leave out the slopes: only the weights count")
def without_slopes(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, slopes=torch.ones_like)


@wrong("ignore `activation`: it is always relu")
def always_relu(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, "relu")


@wrong("take the slope at the layer's output and not at its input")
def slope_of_the_output(weights, x, upstream, activation="relu"):
    def slopes(z):
        return SLOPES[activation](PHI[activation](z))

    return run(weights, x, upstream, activation, slopes=slopes)


@wrong("take 1/4 for the slope of every sigmoid: that is its largest")
def largest_slope(weights, x, upstream, activation="relu"):
    slopes = {**SLOPES, "sigmoid": lambda z: torch.full_like(z, 0.25), "tanh": torch.ones_like}
    return run(weights, x, upstream, activation, slopes=slopes[activation])


@wrong("take the natural logarithm")
def natural(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation) * math.log(10)


@wrong("forget to divide by the norm of `upstream`")
def not_divided(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation) + upstream.norm().log10()


@wrong("divide the gradient above by that below")
def upside_down(weights, x, upstream, activation="relu"):
    return -run(weights, x, upstream, activation)


@wrong("measure by the largest entry and not by the norm")
def largest_entry(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, size=lambda g: g.abs().max())


@wrong("let a relu with input 0 hand everything down")
def open_at_zero(weights, x, upstream, activation="relu"):
    slopes = {**SLOPES, "relu": lambda z: (z >= 0).to(z.dtype)}
    return run(weights, x, upstream, activation, slopes=slopes[activation])


@wrong("put a floor under the norms: what has vanished is counted as something")
def with_floor(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, size=lambda g: g.norm().clamp(min=1e-12))


@wrong("stop above the lowest layer")
def one_short(weights, x, upstream, activation="relu"):
    return run(weights, x, upstream, activation, order=lambda pairs: reversed(pairs[1:]))


@right("layer by layer through torch's own derivative")
def by_layer(weights, x, upstream, activation="relu"):
    if activation not in PHI:
        raise ValueError(f"activation: {activation}")
    if weights.dim() != 3 or x.dim() != 1 or tuple(weights.shape[1:]) != (len(x), len(x)):
        raise ValueError(f"weights: {tuple(weights.shape)}, x: {tuple(x.shape)}")
    if tuple(upstream.shape) != (len(x),) or upstream.count_nonzero() == 0:
        raise ValueError(f"upstream: {tuple(upstream.shape)}, {upstream}")
    hs = [x.detach()]
    for weight in weights:
        hs.append(PHI[activation](weight @ hs[-1]))
    total, grad = torch.zeros((), dtype=x.dtype), upstream / upstream.norm()
    for weight, h in zip(reversed(weights.unbind(0)), reversed(hs[:-1]), strict=True):
        h = h.clone().requires_grad_()
        (grad,) = torch.autograd.grad(PHI[activation](weight @ h), h, grad)
        norm = torch.linalg.vector_norm(grad)
        if norm == 0:
            return torch.full_like(total, -torch.inf)
        total, grad = total + torch.log10(norm), grad / norm
    return total


@plot(x="layers", y="log10 of what is left of the gradient")
def plot_what_sixty_layers_leave(log_gradient_ratio):
    weights, x, upstream = drawn(60, 64, 1.0)
    depths = range(0, 61, 4)
    gains = {"sigmoid": 1.0, "tanh": 1.0, "relu": 2**0.5}
    curves = {
        f"{phi}, weights of variance {gain**2:.0f}/n": (
            depths,
            [log_gradient_ratio(gain * weights[:d], x, upstream, phi) for d in depths],
        )
        for phi, gain in gains.items()
    }
    twice = [log_gradient_ratio(8**0.5 * weights[:d], x, upstream, "relu") for d in depths]
    return {**curves, "relu, weights of variance 8/n": (depths, twice)}


@gpu
def bench_a_hundred_layers(log_gradient_ratio, race):
    race(
        log_gradient_ratio,
        torch=by_autograd,
        inputs=lambda draw, d, n: (
            (2 / n) ** 0.5 * draw.normal(d, n, n),
            draw.normal(n),
            draw.normal(n),
        ),
        small=(20, 128),
        large=(100, 4096),
        # Each weight is read once up and once down, with a product and a sum both times.
        forward=lambda weights, x, upstream: {
            "bytes": 2 * weights.nbytes,
            "flops": 4 * weights.numel(),
        },
    )
