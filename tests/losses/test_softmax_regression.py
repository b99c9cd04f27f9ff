"""y_hat = softmax(x weight + bias): one linear layer and a softmax."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("softmax",),
    hints=(
        "What are the shapes of x, weight and their product? Which dimension holds the classes?",
        "torch.softmax(x @ weight + bias, ...): which dimension sums to 1?",
    ),
)


@st.composite
def cases(draw):
    """Draw x [n, d], weight [d, k] and bias [k]."""
    n, d, k = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3)), draw(inputs.sizes(2, 4))
    small = {"low": -2, "high": 2}
    shapes = ((n, d), (d, k), (k,))
    return tuple(draw(inputs.tensors(*shape, **small)) for shape in shapes)


def linear_then_softmax(x, weight, bias):
    return torch.nn.functional.linear(x, weight.mT, bias).softmax(1)


@claim("S1-017", "S1-022", "S1-023")
def test_a_case_worked_by_hand(softmax_regression):
    # exp(x weight + bias) is [[1, 3, 4, 8], [2, 3, 8, 3], [2, 9, 16, 5]] row by row
    a, b, c, d = (torch.tensor(v, dtype=torch.float64).log() for v in (2.0, 3.0, 4.0, 5.0))
    zero = torch.zeros((), dtype=torch.float64)
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    weight = torch.stack([torch.stack([a, zero, a, zero]), torch.stack([zero, b, a, c])])
    bias = torch.stack([zero, b, c, d])
    powers = torch.tensor([[1, 3, 4, 5], [2, 3, 8, 5], [2, 9, 16, 20]], dtype=torch.float64)
    want = powers / torch.tensor([[13.0], [18.0], [47.0]], dtype=torch.float64)
    check(softmax_regression, x, weight, bias, want=want)


@claim("S1-017", "S1-023")
@given(cases())
def test_is_a_linear_layer_and_a_softmax(softmax_regression, case):
    check(softmax_regression, *case, want=linear_then_softmax(*case))


@claim("S1-017")
@given(cases())
def test_gradients_flow_back_to_all_arguments(softmax_regression, case):
    # A gradient that is 0 for the formula is a difference of numbers as large as x.
    check_gradient(softmax_regression, *case, like=linear_then_softmax, slack=100)


@claim("S1-017", "S1-022")
def test_stays_finite_for_logits_of_1e4(softmax_regression):
    x, bias = torch.tensor([[100.0], [-100.0]]), torch.zeros(3)
    want = torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])  # the rows' maxima are far apart
    check(softmax_regression, x, torch.tensor([[100.0, 50.0, 100.0]]), bias, want=want)


@claim("S1-017")
def test_a_single_class_is_certain(softmax_regression):
    x, weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), torch.tensor([[3.0], [4.0]])
    check(softmax_regression, x, weight, torch.tensor([-1.0]), want=torch.ones(3, 1))


def test_refuses_weights_laid_out_the_other_way(softmax_regression):
    for shape in ((4, 3), (2, 3), (3,)):
        expected = {"raises": ValueError, "naming": {"weight": shape}}
        weight, bias = torch.zeros(shape), torch.zeros(shape[1:])
        check(softmax_regression, torch.zeros(2, 3), weight, bias, **expected)


def test_refuses_a_bias_that_would_broadcast(softmax_regression):
    x, weight = torch.zeros(2, 3), torch.zeros(3, 4)
    for shape in ((1,), (1, 4), (2, 4)):
        expected = {"raises": ValueError, "naming": {"bias": shape}}
        check(softmax_regression, x, weight, torch.zeros(shape), **expected)


def test_refuses_what_is_no_matrix(softmax_regression):
    for shape in ((3,), (2, 2, 3)):
        expected = {"raises": ValueError, "naming": {"x": shape}}
        check(softmax_regression, torch.zeros(shape), torch.zeros(3, 4), torch.zeros(4), **expected)


def test_refuses_two_dtypes(softmax_regression):
    for name in ("weight", "bias"):
        case = {"weight": torch.zeros(3, 4), "bias": torch.zeros(4)}
        case[name] = case[name].double()
        expected = {"raises": ValueError, "naming": {name: torch.float64}}
        check(softmax_regression, torch.zeros(2, 3), **case, **expected)


@wrong("normalise over the examples: the softmax goes along dimension 0")
def over_examples(x, weight, bias):
    return (x @ weight + bias).softmax(0)


@wrong("forget the bias")
def no_bias(x, weight, bias):
    return (x @ weight).softmax(-1)


@wrong("add the bias after the softmax")
def late_bias(x, weight, bias):
    return (x @ weight).softmax(-1) + bias


@wrong("return the logits, without the softmax")
def logits_only(x, weight, bias):
    return x @ weight + bias


@wrong("use the sigmoid of each logit: the rows don't sum to 1")
def sigmoids(x, weight, bias):
    return (x @ weight + bias).sigmoid()


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(x, weight, bias):
    powers = (x @ weight + bias).exp()
    return powers / powers.sum(-1, keepdim=True)


@wrong("apply the softmax twice")
def twice(x, weight, bias):
    return linear_then_softmax(x, weight, bias).softmax(-1)


@wrong("detach the denominator of the softmax: the gradients lose their second term")
def detached(x, weight, bias):
    logits = x @ weight + bias
    return (logits - logits.logsumexp(-1, keepdim=True).detach()).exp()


@wrong("let the gradients pass straight through the softmax")
def straight_through(x, weight, bias):
    logits = x @ weight + bias
    return logits + (logits.softmax(-1) - logits).detach()


@wrong("subtract the largest of all logits, and not that of the row: other rows become 0 / 0")
def common_maximum(x, weight, bias):
    logits = x @ weight + bias
    powers = (logits - logits.max()).exp()
    return powers / powers.sum(-1, keepdim=True)


@wrong("clamp the logits to keep exp() small: large ones look alike")
def clamped(x, weight, bias):
    return (x @ weight + bias).clamp(-50, 50).softmax(-1)


@right("by addmm and exponentials")
def by_hand(x, weight, bias):
    if x.ndim != 2:
        raise ValueError(f"x: wrong shape {tuple(x.shape)}")
    if weight.dtype != x.dtype:
        raise ValueError(f"weight: {weight.dtype} is not {x.dtype}")
    if bias.dtype != x.dtype:
        raise ValueError(f"bias: {bias.dtype} is not {x.dtype}")
    if weight.ndim != 2 or weight.shape[0] != x.shape[-1]:
        raise ValueError(f"weight: {tuple(weight.shape)} does not fit {tuple(x.shape)}")
    if tuple(bias.shape) != (weight.shape[1],):
        raise ValueError(f"bias: {tuple(bias.shape)} does not fit")
    z = torch.addmm(bias, x, weight)
    powers = torch.exp(z - z.max(1, keepdim=True).values)
    return powers / powers.sum(1, keepdim=True)
