"""softmax(o_1, o_2)_1 = sigmoid(o_1 - o_2): two logits are one too many."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    after=("softmax", "sigmoid"),
    forbid=(
        "softmax",
        "log_softmax",
        "logsumexp",
        "logaddexp",
        "logaddexp2",
        "logcumsumexp",
        "scipy.special",
    ),
    instead="reduce it to one number a row, and a sigmoid",
    hints=(
        "What happens to the fraction if you add the same number to both logits?",
        "Divide numerator and denominator by exp(o_1).",
        "1 / (1 + exp(o_2 - o_1)) = sigmoid(o_1 - o_2).",
    ),
)


@claim("S3-137")
def test_a_case_worked_by_hand(two_class_softmax):
    logits = torch.tensor([[1.0, 3.0], [7.0, 1.0], [2.0, 2.0]], dtype=torch.float64).log()
    check(two_class_softmax, logits, want=torch.tensor([1 / 4, 7 / 8, 1 / 2], dtype=torch.float64))


@claim("S3-137", "S1-024")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(1, 3), 2))
def test_equals_the_first_softmax_probability(two_class_softmax, logits):
    check(two_class_softmax, logits, want=logits.softmax(-1)[..., 0])


@claim("S3-137")
@given(inputs.tensors(inputs.sizes(), 2))
def test_gradients_flow_back_to_both_logits(two_class_softmax, logits):
    check_gradient(two_class_softmax, logits, like=lambda z: z.softmax(-1)[..., 0])


@claim("S3-137")
@counterexample("S1-024")  # two classes need one number, not two: only the difference counts
@given(inputs.tensors(inputs.sizes(), 2), st.sampled_from([-1000.0, -64.0, 3.0, 1000.0]))
def test_only_the_difference_matters(two_class_softmax, logits, shift):
    check(two_class_softmax, logits + shift, want=torch.softmax(logits, -1)[..., 0])


@claim("S3-137")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(two_class_softmax, dtype):
    logits = torch.tensor([[1e4, 0], [0, 1e4], [1e4, 1e4], [-1e4, -1e4], [-1e4, 1e4]], dtype=dtype)
    check(two_class_softmax, logits, want=torch.tensor([1, 0, 0.5, 0.5, 0], dtype=dtype))


@claim("S3-137")
def test_gradients_stay_finite_for_logits_of_1000(two_class_softmax):
    logits = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0], [1000.0, 1000.0]])
    want = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.5, -0.5]])
    upstream = torch.tensor([3.0, -1.0, 2.0])
    check_gradient(two_class_softmax, logits, upstream=upstream, want=(want,))


@claim("S3-137")
def test_a_small_probability_keeps_its_digits(two_class_softmax):
    logits = torch.tensor([[-20.0, 20.0], [-300.0, 300.0]], dtype=torch.float64)
    want = torch.tensor([-40.0, -600.0], dtype=torch.float64).exp()
    check(two_class_softmax, logits, want=want, scale=0.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_logits(two_class_softmax, dtype):
    logits = torch.tensor([[0.5, -1.0], [2.0, 0.25], [-8.0, 0.0]], dtype=dtype)
    check(two_class_softmax, logits, want=logits.double().softmax(-1)[:, 0].to(dtype))


def test_a_single_pair_is_a_batch_of_no_dimensions(two_class_softmax):
    check(two_class_softmax, torch.tensor([2.0, 2.0]), want=torch.tensor(0.5))


@pytest.mark.parametrize("shape", [(2, 3), (2, 1), ()], ids=str)
def test_refuses_any_other_number_of_classes(two_class_softmax, shape):
    check(two_class_softmax, torch.zeros(shape), raises=ValueError, naming={"logits": shape})


@wrong("return the probability of the second class")
def second_class(logits):
    return logits.softmax(-1)[..., 1]


@wrong("take the sigmoid of the first logit and ignore the second")
def first_only(logits):
    return logits[..., 0].sigmoid()


@wrong("normalise the sigmoids of both logits: softmax uses exp")
def two_sigmoids(logits):
    s = logits.sigmoid()
    return s[..., 0] / s.sum(-1)


@wrong("take exp() of the logits as they are: it overflows")
def naive(logits):
    powers = logits.exp()
    return powers[..., 0] / powers.sum(-1)


@wrong("return both probabilities")
def both(logits):
    return logits.softmax(-1)


@wrong("forget the 1/2 in tanh(difference / 2): the curve is twice as steep")
def twice_as_steep(logits):
    return (2 * (logits[..., 0] - logits[..., 1])).sigmoid()


@wrong("reach a small result from 1, as 1 - p_2 or (1 + tanh) / 2 do: its digits are lost")
def by_the_complement(logits):
    return 1 - logits.softmax(-1)[..., 1]


@wrong("detach the second logit: no gradient reaches it")
def detached(logits):
    return (logits[..., 0] - logits[..., 1].detach()).sigmoid()


@wrong("take the first dimension for that of the classes")
def classes_first(logits):
    return (logits[0] - logits[1]).sigmoid()


@wrong("take the second dimension for that of the classes, whatever the batch looks like")
def classes_second(logits):
    return (logits[:, 0] - logits[:, 1]).sigmoid()


@wrong("use 1 / (1 + exp(o_2 - o_1)): right values, but its gradient becomes 0 * inf")
def overflowing_gradient(logits):
    return 1 / (1 + (logits[..., 1] - logits[..., 0]).exp())


@wrong("compute in float32 whatever the dtype of the logits")
def always_float32(logits):
    return logits.float().softmax(-1)[..., 0]


@wrong("let any number of classes pass, and look at the first two", accepts_bad_input=True)
def unchecked(logits):
    return (logits[..., 0] - logits[..., 1]).sigmoid() if logits.dim() else logits


@right("as a softmax, written out with the larger logit subtracted")
def written_out(logits):
    if logits.dim() == 0 or logits.size(-1) != 2:
        raise ValueError(f"logits: {tuple(logits.shape)} is not a shape of pairs")
    powers = torch.exp(logits - logits.max(-1, keepdim=True).values)
    return powers[..., 0] / powers.sum(-1)


@right("as the difference by a matrix product with (1, -1)")
def by_a_product(logits):
    if not logits.shape or logits.shape[-1] != 2:
        raise ValueError(f"logits must have 2 columns, but their shape is {logits.shape}")
    return torch.sigmoid(logits @ torch.tensor([1.0, -1.0], dtype=logits.dtype))


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(2),),
    torch=lambda logits: logits.softmax(-1)[0],
)
def exact(mp, logits):
    return 1 / (1 + mp.exp(logits[1] - logits[0]))
