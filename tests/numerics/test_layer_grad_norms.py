"""How large dl/dW_t is in each layer of a deep network: where it vanishes, and where it explodes."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    forbid=("autograd",),
    instead="write the backward pass yourself",
    hints=(
        "Which two vectors is dl/dW_t the product of? Keep one of them on the way up.",
        "From the top: dl/dh_d = h_d; through phi: times its slope; through W: times its transpose.",
        "|dl/dW_t| = |dl/dz_t| |h_{t-1}|; a residual layer also hands dl/dh_t down as it is.",
    ),
)

PHI = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda z: z,
}


def by_autograd(weights, x, activation="tanh", residual=False):
    layers = [w.double().requires_grad_() for w in weights]
    h = x.double()
    for weight in layers:
        a = PHI[activation](weight @ h)
        h = h + a if residual else a
    grads = torch.autograd.grad(h.square().sum() / 2, layers)
    return torch.stack([g.square().sum().sqrt() for g in grads]).to(x.dtype)


def layers(depth, width, std, dtype=torch.float64):
    """Draw weights with this standard deviation and a positive input."""
    draw = torch.Generator().manual_seed(depth)
    weights = std * torch.randn(depth, width, width, generator=draw, dtype=torch.float64)
    return weights.to(dtype), torch.rand(width, generator=draw, dtype=torch.float64).to(dtype)


@claim("S2-121")
def test_a_case_worked_by_hand(layer_grad_norms):
    # h = (3, 4), (5, 0), (10, 0), (10, 0); from above (10, 0), (10, 0), (20, 20).
    weights = torch.tensor(
        [[[-1.0, 2.0], [4.0, -3.0]], [[2.0, 2.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]
    )
    x = torch.tensor([3.0, 4.0])
    want = torch.tensor([5 * 800**0.5, 5 * 10.0, 10 * 10.0])
    check(layer_grad_norms, weights, x, "identity", want=want)


@claim("S2-121")
def test_a_relu_that_is_off_hands_nothing_down(layer_grad_norms):
    weights = inputs.vector(2, 3, -1, 1, 4, 0, 0, -2).reshape(2, 2, 2)
    x = inputs.vector(2, 1)
    # z = (7, -1), (28, 0): the second entries are off, by their sign and by slope 0 at 0.
    want = torch.tensor([112.0, 28 * 7.0], dtype=torch.float64) * inputs.vector(5**0.5, 1)
    check(layer_grad_norms, weights, x, activation="relu", want=want)
    check(layer_grad_norms, 0 * weights, x, "relu", residual=True, want=inputs.vector(0, 0))


@claim("S2-121", "S2-122")
@given(
    inputs.tensors(inputs.sizes(1, 4), 3, 3, low=-1, high=1),
    inputs.tensors(3, low=-2, high=2),
    st.sampled_from(list(PHI)),
    st.booleans(),
)
def test_equals_automatic_differentiation(layer_grad_norms, weights, x, activation, residual):
    want = by_autograd(weights, x, activation, residual)
    check(layer_grad_norms, weights, x, activation, residual, want=want)


@claim("S2-121")
def test_the_default_is_tanh_without_residuals(layer_grad_norms):
    weights, x = layers(3, 4, 0.5)
    check(layer_grad_norms, weights, x, want=by_autograd(weights, x, "tanh", False))


@claim("S2-121")
def test_equals_finite_differences(layer_grad_norms):
    weights, x = layers(3, 2, 0.7)

    def loss(weights):
        h = x
        for weight in weights:
            h = torch.sigmoid(weight @ h)
        return float(h.square().sum() / 2)

    step, slopes = 2.0**-16, torch.zeros_like(weights)
    for at in range(weights.numel()):
        shift = torch.zeros_like(weights)
        shift.view(-1)[at] = step
        slopes.view(-1)[at] = (loss(weights + shift) - loss(weights - shift)) / (2 * step)
    want = slopes.square().sum((1, 2)).sqrt()
    # The differences have an error of step^2, and half of the digits of rounding: 1e-9.
    check(layer_grad_norms, weights, x, "sigmoid", want=want, slack=100.0)


@claim("S2-121", "S3-215")
def test_in_twenty_sigmoid_layers_it_vanishes_towards_the_input(layer_grad_norms):
    weights, x = layers(20, 6, 1 / 6**0.5)
    want = by_autograd(weights, x, "sigmoid")
    # scale=0: each norm by its own size, down to 1e-12.
    check(layer_grad_norms, weights, x, "sigmoid", want=want, scale=0.0)


@counterexample("S3-215")  # large at the bottom, as the notes say, and just as large at the top
def test_in_ten_linear_layers_that_explode_all_gradients_are_large(layer_grad_norms):
    weights, x = layers(10, 64, 0.5)
    check(layer_grad_norms, weights, x, "identity", want=by_autograd(weights, x, "identity"))


@claim("S2-122")
def test_with_residuals_fifty_layers_of_small_weights_keep_their_gradients(layer_grad_norms):
    weights, x = layers(50, 8, 0.1 / 8**0.5)
    for residual in (True, False):
        want = by_autograd(weights, x, "tanh", residual)
        check(layer_grad_norms, weights, x, residual=residual, want=want, scale=0.0)


@claim("S2-121", "S3-215")
def test_one_layer_of_one_unit(layer_grad_norms):
    weights, x = inputs.vector(3).reshape(1, 1, 1), inputs.vector(-2)
    check(layer_grad_norms, weights, x, "identity", want=inputs.vector(12))
    check(layer_grad_norms, weights, x, "identity", residual=True, want=inputs.vector(16))
    check(layer_grad_norms, weights, x, "relu", want=inputs.vector(0))


def test_keeps_float32(layer_grad_norms):
    weights, x = layers(4, 3, 0.5, torch.float32)
    check(layer_grad_norms, weights, x, want=by_autograd(weights, x))


def test_refuses_an_activation_that_is_not_there(layer_grad_norms):
    weights, x = layers(2, 3, 0.5)
    for activation in ("gelu", ""):
        naming = {"activation": activation}
        check(layer_grad_norms, weights, x, activation, raises=ValueError, naming=naming)


def test_refuses_shapes_that_make_no_network(layer_grad_norms):
    for shape in ((0, 3, 3), (2, 3, 4), (1, 4, 3), (3, 3)):
        naming = {"weights": shape, "x": (3,)}
        check(layer_grad_norms, torch.ones(shape), torch.ones(3), raises=ValueError, naming=naming)
    naming = {"weights": (3,), "x": ()}
    check(layer_grad_norms, torch.ones(3), torch.tensor(1.0), raises=ValueError, naming=naming)
    for shape in ((4,), (3, 1), ()):
        naming = {"weights": (2, 3, 3), "x": shape}
        check(
            layer_grad_norms,
            torch.ones(2, 3, 3),
            torch.ones(shape),
            raises=ValueError,
            naming=naming,
        )


def sloped(activation, z):
    """The activation and its slope."""
    a = PHI[activation](z)
    slopes = {
        "sigmoid": a * (1 - a),
        "tanh": 1 - a * a,
        "relu": (z > 0).to(z.dtype),
        "identity": torch.ones_like(z),
    }
    return a, slopes[activation]


def run(weights, x, activation, residual, **change):
    """The backward pass, with one step of it changed."""
    slope_of = change.get("slope", lambda a, z, s: s)
    turn = change.get("turn", lambda w: w.T)
    norm = change.get("norm", lambda up, below: up.norm() * below.norm())
    h, kept = x, []
    for w in weights:
        z = w @ h
        a, s = sloped(activation, z)
        new = h + a if residual else a
        kept.append((w, change.get("below", lambda h, new: h)(h, new), slope_of(a, z, s)))
        h = new
    grad, norms = change.get("top", lambda h: h)(h), []
    for w, below, s in reversed(kept):
        up = grad * s
        norms.append(norm(up, below))
        down = turn(w) @ (grad if change.get("skips_slope") else up)
        skip = change.get("skip", lambda grad, up: grad)(grad, up)
        grad = down + skip if residual else down
    return torch.stack(norms[::-1])


@wrong("return the norms from the top to the bottom")
def from_the_top(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual).flip(0)


@wrong("multiply by W and not by its transpose on the way down")
def not_transposed(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, turn=lambda w: w)


@wrong("forget the slope of the activation")
def without_slopes(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, slope=lambda a, z, s: torch.ones_like(s))


@wrong("leave the slope out of what goes on down: each layer has only its own")
def slope_not_handed_down(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, skips_slope=True)


@wrong("take the slope of a sum of the outputs: the loss is |h|^2 / 2, and its slope is h")
def slope_of_the_sum(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, top=torch.ones_like)


@wrong("forget the 1/2 in the loss: all gradients are twice as large")
def without_the_half(weights, x, activation="tanh", residual=False):
    return 2 * run(weights, x, activation, residual)


@wrong("multiply with the layer's output and not with its input")
def by_the_output(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, below=lambda h, new: new)


@wrong("return the norm of dl/dz, as if the input of each layer were 1")
def of_the_bias(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, norm=lambda up, below: up.norm())


@wrong("ignore `residual`")
def ignores_residual(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, False)


@wrong("forget the residual path on the way down")
def residual_only_up(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, skip=lambda grad, up: 0)


@wrong("send the residual path through the activation's slope")
def residual_through_the_slope(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, skip=lambda grad, up: up)


@wrong("ignore `activation`: it is always tanh")
def always_tanh(weights, x, activation="tanh", residual=False):
    return run(weights, x, "tanh", residual)


@wrong("return the squares of the norms")
def squared(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual) ** 2


@wrong("return the largest entries and not the norms")
def largest(weights, x, activation="tanh", residual=False):
    norm = lambda up, below: up.abs().amax() * below.abs().amax()
    return run(weights, x, activation, residual, norm=norm)


@wrong("let relu have the slope 1 at 0")
def relu_on_at_zero(weights, x, activation="tanh", residual=False):
    def slope(a, z, s):
        return (z >= 0).to(z.dtype) if activation == "relu" else s

    return run(weights, x, activation, residual, slope=slope)


@wrong("take the activation's slope at its output and not at z")
def slope_at_the_output(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual, slope=lambda a, z, s: sloped(activation, a)[1])


@wrong("put a floor under the norms: a gradient that vanishes is not seen to")
def with_a_floor(weights, x, activation="tanh", residual=False):
    return run(weights, x, activation, residual).clamp(min=1e-8)


@right("with the matrices dl/dW written out, and the Jacobian matrices of the layers multiplied")
def with_jacobians(weights, x, activation="tanh", residual=False):
    if activation not in ("identity", "relu", "sigmoid", "tanh"):
        raise ValueError(f"unknown `activation`: {activation}")
    if weights.ndim != 3 or x.ndim != 1 or weights.shape[0] == 0:
        raise ValueError(f"`weights`: {tuple(weights.shape)}, `x`: {tuple(x.shape)}")
    if not weights.shape[1] == weights.shape[2] == x.shape[0]:
        raise ValueError(f"`weights`: {tuple(weights.shape)}, `x`: {tuple(x.shape)}")
    inputs_, slopes = [x], []
    for w in weights:
        a, s = sloped(activation, torch.mv(w, inputs_[-1]))
        slopes.append(s)
        inputs_.append(a + inputs_[-1] * residual)
    row, norms = inputs_[-1][None, :], []
    for t in reversed(range(len(weights))):
        grad = torch.outer((row[0] * slopes[t]), inputs_[t])
        norms.insert(0, torch.linalg.matrix_norm(grad))
        eye = torch.eye(len(x), dtype=x.dtype)
        row = row @ (slopes[t][:, None] * weights[t] + residual * eye)
    return torch.stack(norms)


def _norms(weights, x, activation):
    """Autograd's way, for the race."""
    weights = weights.detach().requires_grad_()
    with torch.enable_grad():
        h = x
        for weight in weights:
            h = PHI[activation](weight @ h)
        (grads,) = torch.autograd.grad(h.square().sum() / 2, weights)
    return grads.norm(dim=(1, 2))


@gpu
def bench_twenty_layers(layer_grad_norms, race):
    race(
        layer_grad_norms,
        torch=_norms,
        inputs=lambda draw, d, n: (draw.normal(d, n, n) / n**0.5, draw.normal(n), "tanh"),
        small=(20, 64),
        large=(20, 2048),
        # Each weight is read on the way up and on the way down, for one product and one sum.
        forward=lambda weights, x, _: {"bytes": 2 * weights.nbytes, "flops": 4 * weights.numel()},
    )
