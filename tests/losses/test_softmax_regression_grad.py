"""dL/dweight = (softmax - onehot)^T x / n, dL/dbias = mean(softmax - onehot)."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, linear, one_hot

from grader import Exercise, check, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cross_entropy_grad", "softmax_regression"),
    forbid=("autograd", "cross_entropy", "cross_entropy_loss"),
    instead="derive the gradients by hand",
    hints=(
        "What is the gradient by the logits, and how does a logit depend on its row of weights?",
        "delta = softmax(logits) - onehot; each example adds the outer product of delta and x.",
        "delta^T x / n has the shape of weight; the bias' factor is 1 in place of x.",
    ),
)


@st.composite
def cases(draw):
    """Draw x [n, d], targets [n], weight [k, d] and bias [k]."""
    n, d, k = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3)), draw(inputs.sizes(2, 4))
    targets = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    small = {"low": -2, "high": 2}
    x, weight, bias = (draw(inputs.tensors(*s, **small)) for s in ((n, d), (k, d), (k,)))
    return x, torch.tensor(targets), weight, bias


@claim("S0-315", "S0-317", "S0-324", "S0-325", "S0-326", "S0-327")
def test_a_case_worked_by_hand(softmax_regression_grad):
    # The logits are the bias, log(1, 3, 4): softmax is (1, 3, 4) / 8 in both rows.
    x = torch.tensor([[8.0, 16.0, 0.0, -8.0], [0.0, 8.0, 32.0, 16.0]], dtype=torch.float64)
    bias = torch.tensor([1.0, 3.0, 4.0], dtype=torch.float64).log()
    weight = torch.zeros(3, 4, dtype=torch.float64)
    # delta is (1, -5, 4) / 8 and (-7, 3, 4) / 8
    rows = [[1, 2 - 7, -28, -1 - 14], [-5, -10 + 3, 12, 5 + 6], [4, 8 + 4, 16, -4 + 8]]
    want = torch.tensor(rows, dtype=torch.float64) / 2
    by_bias = torch.tensor([-6.0, -2.0, 8.0], dtype=torch.float64) / 16
    check(softmax_regression_grad, x, torch.tensor([1, 0]), weight, bias, want=(want, by_bias))


@claim("S0-315", "S0-324", "S0-325", "S0-326", "S0-327")
@given(cases())
def test_equals_automatic_differentiation(softmax_regression_grad, case):
    x, targets, weight, bias = case
    leaves = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    want = torch.autograd.grad(cross_entropy(linear(x, *leaves), targets), leaves)
    # A gradient that is 0 for the formula is a difference of numbers as large as x.
    check(softmax_regression_grad, *case, want=want, scale=10.0)


@claim("S0-317")
def test_every_class_has_a_gradient_and_they_sum_to_0(softmax_regression_grad):
    x, weight = torch.tensor([[2.0, -4.0]]), torch.zeros(4, 2)
    want = torch.tensor([[0.5, -1.0], [0.5, -1.0], [-1.5, 3.0], [0.5, -1.0]])
    by_bias = torch.tensor([0.25, 0.25, -0.75, 0.25])
    case = x, torch.tensor([2]), weight, torch.zeros(4)
    check(softmax_regression_grad, *case, want=(want, by_bias))


@claim("S0-327")
def test_stays_finite_for_logits_of_1e4(softmax_regression_grad):
    vector = inputs.vector
    weight, bias, t = vector(100, 50, 75)[:, None], vector(0, 0, 0), torch.tensor([2, 0])
    one = vector(100, 0, -100)[:, None], vector(1, 0, -1)
    check(softmax_regression_grad, vector(100)[:, None], t[:1], weight, bias, want=one)
    two = vector(100, -50, -50)[:, None], vector(0, 0.5, -0.5)  # the rows' maxima are far apart
    check(softmax_regression_grad, vector(100, -100)[:, None], t, weight, bias, want=two)


@claim("S0-327")
def test_examples_that_are_certain_and_right_have_gradient_0(softmax_regression_grad):
    x, weight = inputs.vector(100, -100)[:, None], inputs.vector(100, 50, 75)[:, None]
    zeros = inputs.vector(0, 0, 0)
    case = x, torch.tensor([0, 1]), weight, zeros
    check(softmax_regression_grad, *case, want=(zeros[:, None], zeros))


def test_refuses_targets_that_are_no_class(softmax_regression_grad):
    x, weight, bias = torch.zeros(2, 4), torch.zeros(3, 4), torch.zeros(3)
    for bad in (3, -1, -100):
        targets = torch.tensor([0, bad])
        expected = {"raises": ValueError, "naming": {"targets": bad}}
        check(softmax_regression_grad, x, targets, weight, bias, **expected)
    for shape in ((5,), (1,), (2, 1)):
        expected = {"raises": ValueError, "naming": {"targets": shape}}
        check(softmax_regression_grad, x, torch.zeros(shape).long(), weight, bias, **expected)
    for dtype in (torch.float32, torch.int32, torch.bool):
        expected = {"raises": ValueError, "naming": {"targets": dtype}}
        targets = torch.zeros(2, dtype=dtype)
        check(softmax_regression_grad, x, targets, weight, bias, **expected)


def test_refuses_weights_laid_out_the_other_way(softmax_regression_grad):
    for shape in ((4, 3), (3, 5), (4,)):
        case = torch.zeros(2, 4), torch.tensor([0, 1]), torch.zeros(shape), torch.zeros(shape[0])
        expected = {"raises": ValueError, "naming": {"weight": shape}}
        check(softmax_regression_grad, *case, **expected)


def test_refuses_a_bias_that_would_broadcast(softmax_regression_grad):
    for shape in ((1,), (1, 3), (2, 3)):
        case = torch.zeros(2, 4), torch.tensor([0, 1]), torch.zeros(3, 4), torch.zeros(shape)
        expected = {"raises": ValueError, "naming": {"bias": shape}}
        check(softmax_regression_grad, *case, **expected)


def test_refuses_what_is_no_matrix(softmax_regression_grad):
    for shape in ((4,), (2, 1, 4)):
        case = torch.zeros(shape), torch.tensor([0, 1]), torch.zeros(3, 4), torch.zeros(3)
        check(softmax_regression_grad, *case, raises=ValueError, naming={"x": shape})


def test_refuses_two_dtypes(softmax_regression_grad):
    for name in ("weight", "bias"):
        case = {"weight": torch.zeros(3, 4), "bias": torch.zeros(3)}
        case[name] = case[name].double()
        case |= {"x": torch.zeros(2, 4), "targets": torch.tensor([0, 1])}
        expected = {"raises": ValueError, "naming": {name: torch.float64}}
        check(softmax_regression_grad, **case, **expected)


def delta_of(x, targets, weight, bias):
    return linear(x, weight, bias).softmax(-1) - one_hot(targets, len(weight)).to(x.dtype)


@wrong(
    "sum over the examples, and not average",
    right_for="the gradient of a summed loss; here the loss is averaged",
)
def summed(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, bias)
    return delta.mT @ x, delta.sum(0)


@wrong("lay the gradient out as [d, k]: it is the transpose")
def transposed(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, bias)
    return x.mT @ delta / len(x), delta.mean(0)


@wrong("use the sigmoid of each logit, and not the softmax of the row")
def sigmoids(x, targets, weight, bias):
    delta = linear(x, weight, bias).sigmoid() - one_hot(targets, len(weight)).to(x.dtype)
    return delta.mT @ x / len(x), delta.mean(0)


@wrong("leave out the classes that are not the target: they have gradients, too")
def target_only(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, bias) * one_hot(targets, len(weight))
    return delta.mT @ x / len(x), delta.mean(0)


@wrong(
    "flip the sign: onehot - softmax is the direction of descent",
    right_for="the direction of descent; here the gradient itself is asked for",
)
def descent(x, targets, weight, bias):
    delta = -delta_of(x, targets, weight, bias)
    return delta.mT @ x / len(x), delta.mean(0)


@wrong("forget the bias in the logits")
def no_bias(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, torch.zeros_like(bias))
    return delta.mT @ x / len(x), delta.mean(0)


@wrong("average the gradient by the weights only: the bias' is summed")
def bias_summed(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, bias)
    return delta.mT @ x / len(x), delta.sum(0)


@wrong("average over examples and classes")
def mean_of_entries(x, targets, weight, bias):
    delta = delta_of(x, targets, weight, bias)
    return delta.mT @ x / delta.numel(), delta.mean(0) / len(bias)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(x, targets, weight, bias):
    powers = linear(x, weight, bias).exp()
    delta = powers / powers.sum(-1, keepdim=True) - one_hot(targets, len(weight)).to(x.dtype)
    return delta.mT @ x / len(x), delta.mean(0)


@wrong("subtract the largest of all logits, and not that of the row: other rows become 0 / 0")
def common_maximum(x, targets, weight, bias):
    logits = linear(x, weight, bias)
    powers = (logits - logits.max()).exp()
    delta = powers / powers.sum(-1, keepdim=True) - one_hot(targets, len(weight)).to(x.dtype)
    return delta.mT @ x / len(x), delta.mean(0)


@wrong("clamp the probabilities: an example that is certain and right keeps a gradient")
def clamped(x, targets, weight, bias):
    p = linear(x, weight, bias).softmax(-1).clamp(1e-7, 1 - 1e-7)
    delta = p - one_hot(targets, len(weight)).to(x.dtype)
    return delta.mT @ x / len(x), delta.mean(0)


@right("one example at a time, a sum of outer products")
def outer_products(x, targets, weight, bias):
    if x.ndim != 2:
        raise ValueError(f"x: wrong shape {tuple(x.shape)}")
    if weight.ndim != 2 or weight.shape[1:] != x.shape[1:] or weight.dtype != x.dtype:
        raise ValueError(f"weight: {weight.dtype} {tuple(weight.shape)} won't do")
    if bias.shape != weight.shape[:1] or bias.dtype != x.dtype:
        raise ValueError(f"bias: {bias.dtype} {tuple(bias.shape)} won't do")
    if targets.shape != x.shape[:1] or targets.dtype != torch.long:
        raise ValueError(f"targets: {targets.dtype} {tuple(targets.shape)} won't do")
    by_weight, by_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for row, t in zip(x, targets.tolist(), strict=True):
        if t not in range(len(weight)):
            raise ValueError(f"targets: {t} is no class")
        delta = torch.softmax(weight @ row + bias, 0)
        delta[t] = delta[t] - 1
        by_weight, by_bias = by_weight + torch.outer(delta, row), by_bias + delta
    return by_weight / len(x), by_bias / len(x)


@gpu
def bench_a_batch_of_images(softmax_regression_grad, race):
    def by_autograd(x, targets, weight, bias):
        leaves = [weight.detach().requires_grad_(), bias.detach().requires_grad_()]
        return torch.autograd.grad(F.cross_entropy(F.linear(x, *leaves), targets), leaves)

    race(
        softmax_regression_grad,
        torch=by_autograd,
        inputs=lambda draw, n, d, k: (
            draw.normal(n, d), draw.integers(k, n), draw.normal(k, d) / 30, draw.normal(k),
        ),
        small=(64, 100, 10),
        large=(65_536, 784, 100),
        # Two matrix products, and 6 operations for each probability.
        forward=lambda x, targets, weight, bias: {
            "bytes": 2 * x.nbytes + targets.nbytes + 2 * weight.nbytes + 2 * bias.nbytes,
            "flops": 4 * x.numel() * len(bias) + 6 * len(x) * len(bias),
        },
        slack=1000.0,  # sums over all rows, of terms of both signs
    )  # fmt: skip
