"""exp of the mean cross-entropy a word, in nats; padding doesn't count."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("log_softmax", "cross_entropy"),
    forbid=("cross_entropy", "nll_loss"),
    instead="take the mean of -log softmax at the targets, and exp of it",
    hints=(
        "What is the perplexity of a model that finds all words equally likely?",
        "Leave out the padding before the mean is taken, and not after.",
        "exp(-mean log p_target)",
    ),
)

UNIFORM = torch.zeros(3, 10)


def exact(logits, targets, padding=-1):
    """With 50 digits, as a geometric mean."""
    import mpmath

    with mpmath.workdps(50):
        inverse = []
        for row, target in zip(logits.double().tolist(), targets.tolist(), strict=True):
            if target != padding:
                powers = [mpmath.exp(z) for z in row]
                inverse.append(sum(powers) / powers[target])
        return float(mpmath.fprod(inverse) ** (mpmath.mpf(1) / len(inverse)))


@st.composite
def padded(draw):
    """Draw logits, and targets of which the first counts and others may be padding, 7."""
    logits, targets = draw(inputs.labelled_logits())
    keep = [
        True,
        *draw(st.lists(st.booleans(), min_size=len(targets) - 1, max_size=len(targets) - 1)),
    ]
    return logits, torch.where(torch.tensor(keep), targets, 7)


@claim("S1-172", "S1-173")
def test_a_case_worked_by_hand(perplexity):
    p = torch.tensor([[8.0, 4.0, 4.0], [2.0, 1.0, 13.0], [4.0, 8.0, 4.0]], dtype=torch.float64) / 16
    # Probabilities 1/4, 1/8, 1/2: their product is 1/64.
    want = torch.tensor(4.0, dtype=torch.float64)
    check(perplexity, p.log(), torch.tensor([1, 0, 1]), want=want)


@claim("S1-172")
def test_a_model_that_knows_nothing_hesitates_between_all_words(perplexity):
    check(perplexity, UNIFORM, torch.tensor([3, 0, 9]), want=torch.tensor(10.0))
    check(perplexity, UNIFORM + 5, torch.tensor([1, 1, 2]), want=torch.tensor(10.0))


@claim("S1-172")
def test_a_model_that_is_sure_and_right_has_1(perplexity):
    logits = torch.tensor([[0.0, 1e4, 0.0], [-1e4, -1e4, 0.0]])
    check(perplexity, logits, torch.tensor([1, 2]), want=torch.tensor(1.0))


@claim("S1-172", "S1-173")
@given(inputs.labelled_logits())
def test_equals_the_geometric_mean_with_50_digits(perplexity, labelled):
    want = torch.tensor(exact(*labelled), dtype=torch.float64)
    check(perplexity, *labelled, want=want)


@claim("S1-173")
@given(padded())
def test_padding_does_not_count(perplexity, labelled):
    want = torch.tensor(exact(*labelled, padding=7), dtype=torch.float64)
    check(perplexity, *labelled, padding=7, want=want)


@claim("S1-173")
def test_by_default_minus_1_is_padding_and_0_is_a_word(perplexity):
    logits, targets = inputs.numbers(4, 3), torch.tensor([0, -1, 2, -1])
    want = torch.tensor(exact(logits, targets), dtype=torch.float64)
    check(perplexity, logits, targets, want=want)
    want = torch.tensor(exact(logits, torch.tensor([0, 1, 2, 0]), 0), dtype=torch.float64)
    check(perplexity, logits, torch.tensor([0, 1, 2, 0]), 0, want=want)


@claim("S1-173")
@given(padded())
def test_gradients_flow_back_as_through_torchs_cross_entropy(perplexity, labelled):
    def like(logits, targets, padding):
        return torch.nn.functional.cross_entropy(logits, targets, ignore_index=padding).exp()

    check_gradient(perplexity, *labelled, 7, wrt=(0,), like=like)


@counterexample("S1-173")  # exp of "the cross-entropy loss", as a sum over the words
def test_the_sum_or_another_base_is_not_meant(perplexity):
    # exp of the sum would be 1000, and 2 to the power of the mean in nats 4.93.
    check(perplexity, UNIFORM, torch.tensor([3, 0, 9]), want=torch.tensor(10.0))


@counterexample("S1-173")  # as the mean of the perplexities of two batches
def test_it_is_not_the_mean_of_the_perplexities_of_the_words(perplexity):
    p = torch.tensor([[0.5, 0.5], [1 / 32, 31 / 32]], dtype=torch.float64)
    # One by one 2 and 32, in the mean 17.
    want = torch.tensor(8.0, dtype=torch.float64)
    check(perplexity, p.log(), torch.tensor([0, 0]), want=want)


@claim("S1-172")
def test_a_word_of_probability_0_makes_it_infinite(perplexity):
    logits = torch.tensor([[0.0, -torch.inf, 0.0], [1.0, 2.0, 3.0]])
    check(perplexity, logits, torch.tensor([1, 0]), want=torch.tensor(torch.inf))
    check(perplexity, logits, torch.tensor([0, -1]), want=torch.tensor(2.0))
    logits = torch.zeros(20, 2, dtype=torch.float64)
    logits[7, 0] = -torch.inf
    want = torch.tensor(torch.inf, dtype=torch.float64)
    check(perplexity, logits, torch.zeros(20, dtype=torch.int64), want=want)


@claim("S1-172")
def test_large_logits_neither_overflow_nor_lose_their_digits(perplexity):
    logits = torch.tensor([[1e4, 1e4 - 1], [-1e4, -1e4]])
    want = torch.tensor((2 * (1 + torch.e)) ** 0.5)
    # Within one step of float32 at 1e4, 1e-3, the difference is exact.
    check(perplexity, logits, torch.tensor([1, 0]), want=want)


@claim("S1-172")
def test_a_word_whose_probability_underflows_is_not_infinitely_surprising(perplexity):
    logits = torch.tensor([[0.0, -200.0], [0.0, -torch.inf], [0.0, -torch.inf], [30.0, -torch.inf]])
    want = torch.tensor(50.0).exp()
    check(perplexity, logits, torch.tensor([1, 0, 0, 0]), want=want)
    # exp(-800) underflows in float64, too: of ten words the mean is 80, of two it is 400.
    logits, targets = torch.tensor([[0.0, -800.0]] * 10), torch.tensor([1] + [0] * 9)
    check(perplexity, logits, targets, want=torch.tensor(80.0).exp())
    want = torch.tensor(400.0, dtype=torch.float64).exp()
    check(perplexity, logits[:2].double(), targets[:2], want=want)


def test_a_padded_row_without_numbers_spoils_nothing(perplexity):
    logits = torch.tensor([[0.0, 0.0], [torch.nan, torch.inf]])
    targets = torch.tensor([1, -1])
    check(perplexity, logits, targets, want=torch.tensor(2.0))
    upstream = torch.tensor(1.0)
    want = torch.tensor([[1.0, -1.0], [0.0, 0.0]])
    check_gradient(perplexity, logits, targets, wrt=(0,), upstream=upstream, want=(want,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(perplexity, dtype):
    logits = torch.zeros(3, 4, dtype=dtype)
    check(perplexity, logits, torch.tensor([3, 0, 1]), want=torch.tensor(4.0, dtype=dtype))


def test_targets_may_be_int32(perplexity):
    targets = torch.tensor([3, 0, 9], dtype=torch.int32)
    check(perplexity, UNIFORM, targets, want=torch.tensor(10.0))


def test_refuses_targets_of_another_shape(perplexity):
    for shape in ((4,), (3, 1), (1,), ()):
        call = UNIFORM, torch.zeros(shape, dtype=torch.int64)
        check(perplexity, *call, raises=ValueError, naming={"targets": shape})


def test_refuses_targets_that_are_no_words(perplexity):
    for target in (10, -2, 11):
        call = UNIFORM, torch.tensor([0, target, 1])
        check(perplexity, *call, raises=ValueError, naming={"targets": target})
    call = UNIFORM, torch.tensor([0, -1, 1]), 0
    check(perplexity, *call, raises=ValueError, naming={"targets": -1})


def test_refuses_nothing_but_padding(perplexity):
    call = UNIFORM, torch.tensor([4, 4, 4]), 4
    check(perplexity, *call, raises=ValueError, naming={"padding": 4})
    call = torch.zeros(0, 5), torch.zeros(0, dtype=torch.int64), 3
    check(perplexity, *call, raises=ValueError, naming={"padding": 3})


def counted(logits, targets, padding):
    """-log p of the words that count."""
    kept = targets != padding
    log_p = logits[kept].log_softmax(-1)
    return -log_p.gather(1, targets[kept].long()[:, None])[:, 0]


@wrong("sum over the words in the place of the mean")
def summed(logits, targets, padding=-1):
    return counted(logits, targets, padding).sum().exp()


@wrong("raise 2 to a cross-entropy in nats")
def base_two(logits, targets, padding=-1):
    return counted(logits, targets, padding).mean().exp2()


@wrong("average the words' perplexities: exp goes outside the mean")
def mean_of_exp(logits, targets, padding=-1):
    return counted(logits, targets, padding).exp().mean()


@wrong("return the cross-entropy itself")
def cross_entropy(logits, targets, padding=-1):
    return counted(logits, targets, padding).mean()


@wrong("count the padding in the mean")
def padding_in_the_mean(logits, targets, padding=-1):
    return (counted(logits, targets, padding).sum() / len(targets)).exp()


@wrong("let padding be -1 whatever it is")
def ignores_padding(logits, targets, padding=-1):
    targets = torch.where(targets == padding, -1, targets)
    kept = (targets >= 0) | (targets == padding)
    safe = targets.clamp(min=0)
    return counted(logits[kept], safe[kept], -1).mean().exp()


@wrong("forget to normalise: logits are no logarithms of probabilities")
def not_normalised(logits, targets, padding=-1):
    kept = targets != padding
    return (-logits[kept].gather(1, targets[kept].long()[:, None]).mean()).exp()


@wrong("take exp of the entropy of the predictions, and not of their cross-entropy")
def by_entropy(logits, targets, padding=-1):
    log_p = logits[targets != padding].log_softmax(-1)
    return torch.special.entr(log_p.exp()).sum(-1).mean().exp()


@wrong("forget the minus sign: that is 1 over the perplexity")
def inverse(logits, targets, padding=-1):
    return (-counted(logits, targets, padding).mean()).exp()


@wrong("add a small number inside the logarithm: probability 0 costs no longer infinitely much")
def with_epsilon(logits, targets, padding=-1):
    p = (-counted(logits, targets, padding)).exp()
    return (-(p + 1e-8).log().mean()).exp()


@wrong("take the logarithm of softmax, which underflows")
def log_of_softmax(logits, targets, padding=-1):
    kept = targets != padding
    p = logits[kept].softmax(-1).gather(1, targets[kept].long()[:, None])
    return p.log().mean().neg().exp()


@wrong("take the logarithm of softmax in float64, which underflows as well, only later")
def log_of_softmax_in_float64(logits, targets, padding=-1):
    kept = targets != padding
    p = logits[kept].double().softmax(-1).gather(1, targets[kept].long()[:, None])
    return p.log().mean().neg().exp().to(logits.dtype)


@wrong("multiply by the mask: a padded row without numbers makes all nan")
def multiplied_by_the_mask(logits, targets, padding=-1):
    mask = (targets != padding).to(logits.dtype)
    safe = torch.where(targets == padding, 0, targets).long()
    nll = -logits.log_softmax(-1).gather(1, safe[:, None])[:, 0]
    return ((mask * nll).sum() / mask.sum()).exp()


@wrong("detach the mean: the gradient is cut off")
def detached(logits, targets, padding=-1):
    nll = counted(logits, targets, padding).mean()
    return nll.detach().exp() + 0 * nll


@right("as the geometric mean of 1 over the probabilities, word by word")
def word_by_word(logits, targets, padding=-1):
    if targets.ndim != 1 or len(targets) != len(logits):
        raise ValueError(f"targets: {tuple(targets.shape)}")
    losses = []
    for row, target in zip(logits, targets.tolist(), strict=True):
        if target == padding:
            continue
        if target not in range(logits.shape[1]):
            raise ValueError(f"targets: no word {target}")
        shifted = row - row.max()
        losses.append(shifted.exp().sum().log() - shifted[target])
    if not losses:
        raise ValueError(f"padding: {padding} everywhere")
    return torch.stack(losses).mean().exp()
