"""KL(p || q) = sum p_i log(p_i / q_i), never negative, and 0 for equal distributions alone."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    right,
    such_that,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("cross_entropy_of_distributions",),
    forbid=("xlogy", "cross_entropy", "kl_div", "torch.distributions", "scipy.special"),
    instead="write it with log and sum, and see to 0 log 0 yourself",
    hints=(
        "Which entries add nothing, and which make the sum infinite?",
        "p_i / q_i may overflow where log p_i - log q_i doesn't.",
        "Replace p_i and q_i by 1 where p_i = 0, before the logarithms.",
    ),
)
PAIRS = st.integers(2, 5).flatmap(
    lambda n: st.tuples(inputs.distributions(n), inputs.distributions(n))
)


def formula(p, q):
    """The formula for positive entries."""
    return (p * (p / q).log()).sum(-1)


@claim("S3-390", "S3-391", "S0-331", "S0-332")
def test_a_case_worked_by_hand(kl_divergence):
    p = torch.tensor([[1, 4, 1, 2], [4, 0, 2, 2]], dtype=torch.float64) / 8
    q = torch.tensor([[4, 2, 1, 1], [1, 4, 1, 2]], dtype=torch.float64) / 8
    # -2/8 + 4/8 + 2/8 and 8/8 + 2/8 bits; the other way round the first row has 5/8
    want = torch.tensor([0.5, 1.25], dtype=torch.float64) * math.log(2)
    check(kl_divergence, p, q, want=want)


@claim("S3-391")
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.tuples(
            inputs.distributions(n, zeros=True), inputs.distributions(n, zeros=True)
        )
    )
)
def test_equals_scipys_relative_entropy(kl_divergence, pair):
    from scipy.stats import entropy

    want = torch.tensor(float(entropy(*(x.numpy() for x in pair))), dtype=torch.float64)
    # Terms as large as 2 cancel where p is close to q.
    check(kl_divergence, *pair, want=want, scale=2.0)


@claim("S3-391", "S0-329", "S0-331")
@given(PAIRS)
def test_equals_torchs_which_takes_log_q_first(kl_divergence, pair):
    p, q = pair
    want = torch.nn.functional.kl_div(q.log(), p, reduction="sum")
    check(kl_divergence, p, q, want=want, scale=2.0)


@claim("S3-392", "S3-393", "S4-294")
@given(PAIRS)
def test_it_is_positive_unless_both_are_equal(kl_divergence, pair):
    p, q = pair
    assume((p - q).abs().max() > 1e-3)
    # Pinsker's inequality: at least half the square of the distance sum |p_i - q_i|.
    least = float((p - q).abs().sum()) ** 2 / 2 * (1 - 1e-9)
    want = such_that(f"a divergence of at least {least:.6g}", lambda kl: kl.item() >= least)
    check(kl_divergence, p, q, want=want)


@claim("S3-393")
@given(inputs.distributions(inputs.sizes(1, 3), inputs.sizes(1, 5), zeros=True))
def test_it_is_zero_for_equal_distributions(kl_divergence, p):
    check(kl_divergence, p, p.clone(), want=torch.zeros(len(p), dtype=torch.float64))


@claim("S3-390", "S3-394", "S0-329", "S0-330", "S4-294")
def test_the_other_way_round_it_is_another_number(kl_divergence):
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]], dtype=torch.float64)
    want = math.log(0.5) - (math.log(0.9) + math.log(0.1)) / 2  # 0.5108
    check(kl_divergence, p, q, want=torch.tensor(want, dtype=torch.float64))
    back = 0.9 * math.log(1.8) + 0.1 * math.log(0.2)  # 0.3681
    check(kl_divergence, q, p, want=torch.tensor(back, dtype=torch.float64))


@claim("S3-395")
def test_a_certain_outcome_costs_its_cross_entropy(kl_divergence):
    p, q = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.5, 0.125, 0.375])
    check(kl_divergence, p, q, want=torch.tensor(math.log(8)))


@claim("S3-391")
def test_what_q_rules_out_makes_it_infinite_unless_p_does_too(kl_divergence):
    p, q = torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    check(kl_divergence, p, q, want=torch.tensor([math.inf, 0.0]))


@claim("S3-391")
@given(PAIRS)
def test_gradients_flow_back_to_both(kl_divergence, pair):
    check_gradient(kl_divergence, *pair, like=formula)


@claim("S3-391")
def test_gradients_stay_finite_beside_zeros(kl_divergence):
    p = torch.tensor([0.25, 0.0, 0.75, 0.0], dtype=torch.float64)
    q = torch.tensor([0.5, 0.0, 0.25, 0.25], dtype=torch.float64)
    want = (
        torch.tensor([1 - math.log(2), 0.0, 1 + math.log(3), 0.0], dtype=torch.float64),
        torch.tensor([-0.5, 0.0, -3.0, 0.0], dtype=torch.float64),
    )
    one = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(kl_divergence, p, q, want=want, upstream=one)


@claim("S3-391")
def test_the_ratio_may_be_larger_than_any_number(kl_divergence):
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 1e-40])
    want = torch.tensor(math.log(0.5) + 20 * math.log(10))
    check(kl_divergence, p, q, want=want)


def test_a_tiny_probability_counts(kl_divergence):
    tiny = 2.0**-30
    p, q = inputs.vector(tiny, 1 - tiny), inputs.vector(0.5, 0.5)
    want = math.log(2) + tiny * math.log(tiny) + (1 - tiny) * math.log1p(-tiny)
    check(kl_divergence, p, q, want=torch.tensor(want, dtype=torch.float64))


def test_keeps_all_dimensions_but_the_last(kl_divergence):
    p = torch.tensor([[[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]])
    q = torch.tensor([[[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]])
    check(kl_divergence, p, q, want=formula(p, q), scale=1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(kl_divergence, dtype):
    p = torch.tensor([[0.5, 0.5], [0.0, 1.0]], dtype=dtype)
    q = torch.tensor([[0.25, 0.75], [0.0, 1.0]], dtype=dtype)
    want = torch.tensor([math.log(4 / 3) / 2, 0.0], dtype=dtype)
    check(kl_divergence, p, q, want=want)


def test_a_sum_off_by_rounding_is_taken_as_it_is(kl_divergence):
    p = torch.tensor([0.5, 0.5 + 2.0**-11], dtype=torch.float64)
    q = torch.tensor([0.25, 0.75 - 2.0**-11], dtype=torch.float64)
    check(kl_divergence, p, q, want=formula(p, q))


def test_where_the_sums_are_below_1_it_may_be_negative(kl_divergence):
    p, q = inputs.vector(0.4996, 0.4996), inputs.vector(0.5, 0.5)
    shift = math.log(0.9992)
    check(kl_divergence, p, q, want=torch.tensor(0.9992 * shift, dtype=torch.float64))
    want = (inputs.vector(shift + 1, shift + 1), inputs.vector(-0.9992, -0.9992))
    one = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(kl_divergence, p, q, want=want, upstream=one)


def test_refuses_two_shapes(kl_divergence):
    p, q = torch.tensor([[0.5, 0.5]] * 3), torch.tensor([0.5, 0.5])
    check(kl_divergence, p, q, raises=ValueError, naming={"q": (2,)})
    check(kl_divergence, torch.ones(1), q, raises=ValueError, naming={"q": (2,)})
    check(kl_divergence, p[:1], q, raises=ValueError, naming={"q": (2,)})


def test_refuses_what_is_no_distribution(kl_divergence):
    fine = torch.tensor([0.5, 0.5], dtype=torch.float64)
    whole = torch.tensor([0.5, 0.25], dtype=torch.float64)
    below = torch.tensor([1.25, -0.25], dtype=torch.float64)
    above = torch.tensor([0.5, 0.5 + 2.0**-9], dtype=torch.float64)
    check(kl_divergence, whole, fine, raises=ValueError, naming={"p": 0.75})
    check(kl_divergence, fine, whole, raises=ValueError, naming={"q": 0.75})
    check(kl_divergence, above, fine, raises=ValueError, naming={"p": "1.00"})
    check(kl_divergence, fine, above, raises=ValueError, naming={"q": "1.00"})
    check(kl_divergence, below, fine, raises=ValueError, naming={"p": -0.25})
    lost = torch.tensor([math.nan, 1.0], dtype=torch.float64)
    check(kl_divergence, lost, fine, raises=ValueError, naming={"p": math.nan})
    check(kl_divergence, fine, lost, raises=ValueError, naming={"q": math.nan})
    check(kl_divergence, fine, below, raises=ValueError, naming={"q": -0.25})
    little = torch.tensor([-1e-7, 1.0], dtype=torch.float64)
    check(kl_divergence, little, fine, raises=ValueError, naming={"p": -1e-7})
    check(kl_divergence, fine, little, raises=ValueError, naming={"q": -1e-7})


def test_looks_at_each_distribution_and_not_at_their_mean(kl_divergence):
    # The sums are 1 and 1 + 2^-9: less than 1e-3 from 1 in the mean.
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.5 + 2.0**-9]], dtype=torch.float64)
    fine = torch.full((2, 2), 0.5, dtype=torch.float64)
    check(kl_divergence, rows, fine, raises=ValueError, naming={"p": "1.00"})
    check(kl_divergence, fine, rows, raises=ValueError, naming={"q": "1.00"})


def masked(p, q):
    """The right divergence, in one more way."""
    safe_p, safe_q = torch.where(p > 0, p, 1), torch.where(p > 0, q, 1)
    return (p * (safe_p.log() - safe_q.log())).sum(-1)


@wrong(
    "swap the two: KL(q || p)",
    right_for="the divergence the other way round; here it is KL(p || q)",
)
def swapped(p, q):
    return masked(q, p)


@wrong("take the mean of log(p/q) over draws from q: that is -KL(q || p)")
def mean_under_q(p, q):
    return -masked(q, p)


@wrong("multiply 0 by log 0 = -inf: an outcome that p rules out makes it nan")
def nan_at_zero(p, q):
    return formula(p, q)


@wrong("mend 0 log 0 after the logarithm: the value is right, the gradient nan")
def nan_gradient(p, q):
    return torch.where(p > 0, p * (p.log() - q.log()), 0).sum(-1)


@wrong("take the logarithm of the ratio, which overflows")
def overflowing_ratio(p, q):
    return (p * (torch.where(p > 0, p, 1) / torch.where(p > 0, q, 1)).log()).sum(-1)


@wrong("add a small number to both: what q rules out no longer costs infinitely much")
def with_epsilon(p, q):
    return (p * ((p + 1e-7) / (q + 1e-7)).log()).sum(-1)


@wrong("leave out entries with q_i = 0 even where p_i > 0")
def leaves_out_q(p, q):
    return masked(torch.where(q > 0, p, 0), q)


@wrong("take the mean over the classes and not the sum")
def mean(p, q):
    return masked(p, q) / p.shape[-1]


@wrong(
    "average both directions: that is symmetric, and another divergence",
    right_for="Jeffreys' divergence, halved; here only KL(p || q) is asked for",
)
def jeffreys(p, q):
    return (masked(p, q) + masked(q, p)) / 2


@wrong(
    "compute in bits and not in nats",
    right_for="bits; here nats are asked for, the natural logarithm",
)
def in_bits(p, q):
    return masked(p, q) / math.log(2)


@wrong("treat the logarithm as constant: its gradient is lost")
def detached_logarithm(p, q):
    safe_p, safe_q = torch.where(p > 0, p, 1), torch.where(p > 0, q, 1)
    return (p * (safe_p.log() - safe_q.log()).detach()).sum(-1)


@wrong("clamp the divergence at 0: where the sums are off by a little, it is negative, with slopes")
def clamped(p, q):
    return masked(p, q).clamp(min=0)


@wrong("take the absolute value of each term to keep it positive")
def absolute(p, q):
    safe_p, safe_q = torch.where(p > 0, p, 1), torch.where(p > 0, q, 1)
    return (p * (safe_p.log() - safe_q.log())).abs().sum(-1)


def distribution(name, x):
    """Refuse what is none, as the docstring asks."""
    if x.min() < 0:
        raise ValueError(f"{name}: negative probability {x.min().item()}")
    off = [s for s in x.detach().double().sum(-1).flatten().tolist() if not abs(s - 1) <= 1e-3]
    if off:
        raise ValueError(f"{name}: sums to {off[0]}")


@right("row by row, over the outcomes that p allows")
def row_by_row(p, q):
    if p.shape != q.shape:
        raise ValueError(f"shapes differ, p {tuple(p.shape)} and q {tuple(q.shape)}")
    distribution("p", p)
    distribution("q", q)
    rows = []
    for a, b in zip(p.reshape(-1, p.shape[-1]), q.reshape(-1, p.shape[-1]), strict=True):
        here = a > 0
        rows.append(a[here] @ (a[here].log() - b[here].log()))
    return torch.stack(rows).reshape(p.shape[:-1])


@accuracy(
    "q from p",
    inputs=lambda draw, size: near(draw.normal(8), size * draw.normal(8)),
    torch=lambda p, q: F.kl_div(q.log(), p, reduction="sum"),
    decades=(-8, 1),
    dtypes=("float32", "float64"),  # the entries of bfloat16 don't sum to 1
)
def exact(mp, p, q):
    return sum(a * mp.log(a / b) for a, b in zip(p, q, strict=True))


def near(logits, shift):
    return logits.softmax(-1), (logits + shift).softmax(-1)


@gpu
def bench_pairs_of_distributions(kl_divergence, race):
    def torchs(p, q):
        return torch.nn.functional.kl_div(q.log(), p, reduction="none").sum(-1)

    race(
        kl_divergence,
        torch=torchs,
        inputs=lambda draw, n, k: (draw.normal(n, k).softmax(-1), draw.normal(n, k).softmax(-1)),
        small=(32, 1000),
        large=(4096, 16000),
        # Two logarithms, their difference, the product and the sum of an entry.
        forward=lambda p, q: {"bytes": 2 * p.nbytes + 4 * len(p), "flops": 5 * p.numel()},
        slack=100.0,  # terms of both signs are summed
    )
