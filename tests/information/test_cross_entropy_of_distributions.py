"""H(p, q) = -sum p_i log q_i: 0 where p_i = 0, inf where only q_i is."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, accuracy, check, check_gradient, claim, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("entropy",),
    forbid=("xlogy", "cross_entropy", "kl_div", "torch.distributions", "scipy.special"),
    instead="write it with log and sum, and see to 0 log 0 yourself",
    hints=(
        "There are four cases: p_i is 0 or not, q_i is 0 or not. Which one goes wrong by itself?",
        "torch.where after the logarithm mends the value of 0 log 0, but not its gradient.",
        "Replace q_i by 1 before the logarithm where p_i and q_i are both 0.",
    ),
)
PAIRS = st.integers(1, 5).flatmap(
    lambda n: st.tuples(inputs.distributions(n), inputs.distributions(n))
)


def formula(p, q):
    """The formula for positive entries, in autograd's terms."""
    return -(p * q.log()).sum(-1)


@claim("S1-020", "S3-395")
def test_a_case_worked_by_hand(cross_entropy_of_distributions):
    p = torch.tensor([[0.25, 0.5, 0.25], [0.5, 0.0, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]], dtype=torch.float64)
    # in bits 1.75 and 1.5
    want = torch.tensor([1.75, 1.5], dtype=torch.float64) * math.log(2)
    check(cross_entropy_of_distributions, p, q, want=want)


@claim("S1-020")
def test_of_a_distribution_with_itself_it_is_the_entropy(cross_entropy_of_distributions):
    p = torch.tensor([0.5, 0.0, 0.5], dtype=torch.float64)
    check(
        cross_entropy_of_distributions,
        p,
        p.clone(),
        want=torch.tensor(math.log(2), dtype=torch.float64),
    )


@claim("S1-020")
def test_it_is_not_symmetric(cross_entropy_of_distributions):
    p, q = torch.tensor([[0.9, 0.1], [0.5, 0.5]], dtype=torch.float64)
    check(cross_entropy_of_distributions, p, q, want=torch.tensor(math.log(2), dtype=torch.float64))
    want = torch.tensor(-(math.log(0.9) + math.log(0.1)) / 2, dtype=torch.float64)
    check(cross_entropy_of_distributions, q, p, want=want)


@claim("S1-020", "S3-395")
@given(PAIRS)
def test_equals_the_formula_with_50_digits(cross_entropy_of_distributions, pair):
    def exact(row):
        import mpmath

        half = len(row) // 2
        return [-sum(a * mpmath.log(b) for a, b in zip(row[:half], row[half:], strict=True))]

    want = oracles.row_to_50_digits(exact, torch.cat(pair)[None])[0, 0]
    check(cross_entropy_of_distributions, *pair, want=want)


@claim("S1-020", "S3-395")
@given(PAIRS)
def test_gradients_flow_back_to_both(cross_entropy_of_distributions, pair):
    check_gradient(cross_entropy_of_distributions, *pair, like=formula)


@claim("S1-020")
def test_an_outcome_that_q_rules_out_costs_infinitely_much(cross_entropy_of_distributions):
    p, q = torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    check(cross_entropy_of_distributions, p, q, want=torch.tensor([math.inf, math.log(2)]))


@claim("S1-020")
def test_an_outcome_that_both_rule_out_costs_nothing(cross_entropy_of_distributions):
    p, q = torch.tensor([0.25, 0.0, 0.75]).double(), torch.tensor([0.5, 0.0, 0.5]).double()
    check(cross_entropy_of_distributions, p, q, want=torch.tensor(math.log(2), dtype=torch.float64))


@claim("S1-020")
def test_gradients_stay_finite_beside_zeros(cross_entropy_of_distributions):
    p = torch.tensor([0.25, 0.0, 0.75, 0.0], dtype=torch.float64)
    q = torch.tensor([0.5, 0.0, 0.25, 0.25], dtype=torch.float64)
    want = (
        torch.tensor([math.log(2), 0.0, math.log(4), math.log(4)], dtype=torch.float64),
        torch.tensor([-0.5, 0.0, -3.0, 0.0], dtype=torch.float64),
    )
    one = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(cross_entropy_of_distributions, p, q, want=want, upstream=one)


@claim("S1-020")
def test_a_tiny_probability_costs_what_it_costs(cross_entropy_of_distributions):
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 1e-40])
    check(cross_entropy_of_distributions, p, q, want=torch.tensor(0.5 * 40 * math.log(10)))


@claim("S1-020")
def test_what_is_rare_for_both_counts(cross_entropy_of_distributions):
    p, q = inputs.vector(2.0**-30, 1 - 2.0**-30), inputs.vector(2.0**-40, 1 - 2.0**-40)
    want = 2.0**-30 * 40 * math.log(2) - (1 - 2.0**-30) * math.log1p(-(2.0**-40))
    check(cross_entropy_of_distributions, p, q, want=torch.tensor(want, dtype=torch.float64))


def test_keeps_all_dimensions_but_the_last(cross_entropy_of_distributions):
    p = torch.tensor([[[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]])
    q = torch.tensor([[[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]])
    check(cross_entropy_of_distributions, p, q, want=formula(p, q))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(cross_entropy_of_distributions, dtype):
    p = torch.tensor([[0.5, 0.5], [0.0, 1.0]], dtype=dtype)
    q = torch.tensor([[0.25, 0.75], [0.0, 1.0]], dtype=dtype)
    want = torch.tensor([math.log(16 / 3) / 2, 0.0], dtype=dtype)
    check(cross_entropy_of_distributions, p, q, want=want)


def test_a_sum_off_by_rounding_is_taken_as_it_is(cross_entropy_of_distributions):
    p = torch.tensor([0.5, 0.5 + 2.0**-11], dtype=torch.float64)
    q = torch.tensor([0.25, 0.75 - 2.0**-11], dtype=torch.float64)
    check(cross_entropy_of_distributions, p, q, want=formula(p, q))


def test_refuses_two_shapes(cross_entropy_of_distributions):
    p, q = torch.tensor([[0.5, 0.5]] * 3), torch.tensor([0.5, 0.5])
    check(cross_entropy_of_distributions, p, q, raises=ValueError, naming={"q": (2,)})
    check(cross_entropy_of_distributions, torch.ones(1), q, raises=ValueError, naming={"q": (2,)})
    check(cross_entropy_of_distributions, p[:1], q, raises=ValueError, naming={"q": (2,)})


def test_refuses_what_is_no_distribution(cross_entropy_of_distributions):
    fine = torch.tensor([0.5, 0.5], dtype=torch.float64)
    whole = torch.tensor([0.5, 0.25], dtype=torch.float64)
    below = torch.tensor([1.25, -0.25], dtype=torch.float64)
    above = torch.tensor([0.5, 0.5 + 2.0**-9], dtype=torch.float64)
    check(cross_entropy_of_distributions, whole, fine, raises=ValueError, naming={"p": 0.75})
    check(cross_entropy_of_distributions, fine, whole, raises=ValueError, naming={"q": 0.75})
    check(cross_entropy_of_distributions, above, fine, raises=ValueError, naming={"p": "1.00"})
    check(cross_entropy_of_distributions, fine, above, raises=ValueError, naming={"q": "1.00"})
    check(cross_entropy_of_distributions, below, fine, raises=ValueError, naming={"p": -0.25})
    lost = torch.tensor([math.nan, 1.0], dtype=torch.float64)
    check(cross_entropy_of_distributions, lost, fine, raises=ValueError, naming={"p": math.nan})
    check(cross_entropy_of_distributions, fine, lost, raises=ValueError, naming={"q": math.nan})
    check(cross_entropy_of_distributions, fine, below, raises=ValueError, naming={"q": -0.25})
    little = torch.tensor([-1e-7, 1.0], dtype=torch.float64)
    check(cross_entropy_of_distributions, little, fine, raises=ValueError, naming={"p": -1e-7})
    check(cross_entropy_of_distributions, fine, little, raises=ValueError, naming={"q": -1e-7})


def test_looks_at_each_distribution_and_not_at_their_mean(cross_entropy_of_distributions):
    # The sums are 1 and 1 + 2^-9: less than 1e-3 from 1 in the mean.
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.5 + 2.0**-9]], dtype=torch.float64)
    fine = torch.full((2, 2), 0.5, dtype=torch.float64)
    check(cross_entropy_of_distributions, rows, fine, raises=ValueError, naming={"p": "1.00"})
    check(cross_entropy_of_distributions, fine, rows, raises=ValueError, naming={"q": "1.00"})


@wrong("multiply 0 by log 0 = -inf: an outcome that both rule out makes it nan")
def nan_at_zero(p, q):
    return formula(p, q)


@wrong("mend 0 log 0 after the logarithm: the value is right, the gradient nan")
def nan_gradient(p, q):
    return -torch.where(p > 0, p * q.log(), 0).sum(-1)


@wrong("leave out entries with q_i = 0 even where p_i > 0: the cost is infinite there")
def leaves_out_q(p, q):
    return formula(p, torch.where(q > 0, q, 1))


@wrong("swap the two: -sum q_i log p_i")
def swapped(p, q):
    return formula(q, torch.where((p == 0) & (q == 0), 1, p))


@wrong("add a small number inside the logarithm")
def with_epsilon(p, q):
    return formula(p, q + 1e-7)


@wrong("clip the logarithm at -100, as torch's binary cross-entropy does")
def clipped(p, q):
    return -(p * q.log().clamp(min=-100)).sum(-1)


@wrong(
    "compute in bits and not in nats",
    right_for="bits; here nats are asked for, the natural logarithm",
)
def in_bits(p, q):
    return formula(p, torch.where((p == 0) & (q == 0), 1, q)) / math.log(2)


@wrong("subtract the entropy of p: that is the divergence")
def divergence(p, q):
    safe = torch.where(p > 0, p, 1)
    return formula(p, torch.where((p == 0) & (q == 0), 1, q)) + (p * safe.log()).sum(-1)


@wrong("take the mean over the classes and not the sum")
def mean(p, q):
    return formula(p, torch.where((p == 0) & (q == 0), 1, q)) / p.shape[-1]


@wrong("let softmax have q again, though it is a distribution already")
def softmax_again(p, q):
    return -(p * q.log_softmax(-1)).sum(-1)


@wrong("treat p as constant: no gradient flows back to it")
def constant_p(p, q):
    return formula(p.detach(), torch.where((p == 0) & (q == 0), 1, q))


def distribution(name, x):
    """Refuse what is none, as the docstring asks."""
    if x.min() < 0:
        raise ValueError(f"{name}: negative probability {x.min().item()}")
    off = [s for s in x.detach().double().sum(-1).flatten().tolist() if not abs(s - 1) <= 1e-3]
    if off:
        raise ValueError(f"{name}: sums to {off[0]}")


@right("entry by entry, choosing between the four cases")
def four_cases(p, q):
    if p.shape != q.shape:
        raise ValueError(f"shapes differ, p {tuple(p.shape)} and q {tuple(q.shape)}")
    distribution("p", p)
    distribution("q", q)
    both = (p == 0) & (q == 0)
    return -(p * q.masked_fill(both, 1.0).log()).masked_fill(both, 0.0).sum(dim=-1)


@accuracy(
    "q from p",
    inputs=lambda draw, size: near(draw.normal(8), size * draw.normal(8)),
    torch=lambda p, q: F.cross_entropy(q.log(), p),
    decades=(-8, 1),
    dtypes=("float32", "float64"),  # the entries of bfloat16 don't sum to 1
)
def exact(mp, p, q):
    return -sum(a * mp.log(b) for a, b in zip(p, q, strict=True))


def near(logits, shift):
    return logits.softmax(-1), (logits + shift).softmax(-1)
