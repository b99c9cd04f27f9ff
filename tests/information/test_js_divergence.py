"""JS(p, q) = KL(p || m)/2 + KL(q || m)/2 with m = (p + q)/2: symmetric, and at most log 2."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, accuracy, check, check_gradient, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("kl_divergence",),
    forbid=("xlogy", "entr", "cross_entropy", "kl_div", "torch.distributions", "scipy.spatial"),
    instead="write it with log and sum, and see to 0 log 0 yourself",
    hints=(
        "Can either of the two divergences be infinite?",
        "See to 0 log 0 before the logarithm, or the gradient becomes nan.",
        "(KL(p || m) + KL(q || m)) / 2; an entry of 0 adds 0 to its own divergence.",
    ),
)
PAIRS = st.integers(2, 5).flatmap(
    lambda n: st.tuples(inputs.distributions(n), inputs.distributions(n))
)
WITH_ZEROS = st.integers(1, 5).flatmap(
    lambda n: st.tuples(inputs.distributions(n, zeros=True), inputs.distributions(n, zeros=True))
)


def formula(p, q):
    """The formula for positive entries."""
    m = (p + q) / 2
    return ((p * (p / m).log()).sum(-1) + (q * (q / m).log()).sum(-1)) / 2


@claim("S3-404")
def test_a_case_worked_by_hand(js_divergence):
    p = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]], dtype=torch.float64)
    q = torch.tensor([[0.0, 0.25, 0.75], [0.75, 0.25, 0.0]], dtype=torch.float64)
    # nothing in common; 1/4 log(1/2) + 3/4 log(3/2), twice
    want = torch.tensor([math.log(2), 0.75 * math.log(3) - math.log(2)], dtype=torch.float64)
    check(js_divergence, p, q, want=want)


@claim("S3-404")
@given(WITH_ZEROS)
def test_equals_the_square_of_scipys_distance(js_divergence, pair):
    from scipy.spatial.distance import jensenshannon

    p, q = pair
    distance = 0.0 if torch.equal(p, q) else float(jensenshannon(p.numpy(), q.numpy()))
    want = torch.tensor(distance**2, dtype=torch.float64)
    # Terms of size 1 cancel where p is close to q.
    check(js_divergence, p, q, want=want, scale=10.0)


@claim("S3-404", "S3-405")
@given(PAIRS)
def test_it_is_the_discriminators_best_value_with_each_mean_over_its_own(js_divergence, pair):
    p, q = pair
    # E_{x ~ p} log(p/(p+q)) + E_{x ~ q} log(q/(p+q)) = 2 JS - log 4
    value = (p * (p / (p + q)).log()).sum() + (q * (q / (p + q)).log()).sum()
    check(js_divergence, p, q, want=(value + math.log(4)) / 2, scale=10.0)


@claim("S3-404")
@given(WITH_ZEROS)
def test_it_lies_between_zero_and_log_two(js_divergence, pair):
    # Rounding may pass either end by a little: entropies of size 2 may have been subtracted.
    fits = such_that("0 <= JS <= log 2", lambda js: -1e-14 <= js.item() <= math.log(2) + 1e-14)
    check(js_divergence, *pair, want=fits)


@claim("S3-404")
def test_equal_distributions_diverge_by_nothing(js_divergence):
    p = torch.tensor([[0.25, 0.0, 0.75], [0.5, 0.375, 0.125]])
    check(js_divergence, p, p.clone(), want=torch.zeros(2))
    check(js_divergence, torch.ones(2, 1), torch.ones(2, 1), want=torch.zeros(2))


@claim("S3-404")
@given(PAIRS)
def test_gradients_flow_back_to_both(js_divergence, pair):
    # The gradient log(p/m)/2 is what is left of terms of size 1.
    check_gradient(js_divergence, *pair, like=formula, scale=10.0)


def test_gradients_stay_finite_beside_zeros(js_divergence):
    p = torch.tensor([0.25, 0.0, 0.75, 0.0], dtype=torch.float64)
    q = torch.tensor([0.5, 0.0, 0.25, 0.25], dtype=torch.float64)
    for_q = [math.log(4 / 3) / 2, 0.0, -math.log(2) / 2, math.log(2) / 2]
    want = (torch.tensor(for_q, dtype=torch.float64),)
    one = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(js_divergence, p, q, wrt=(1,), want=want, upstream=one)
    check_gradient(js_divergence, q, p, wrt=(0,), want=want, upstream=one)


def test_keeps_all_dimensions_but_the_last(js_divergence):
    p = torch.tensor([[[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]])
    q = torch.tensor([[[0.75, 0.25], [0.5, 0.5], [0.75, 0.25]]])
    check(js_divergence, p, q, want=formula(p.double(), q.double()).float(), scale=1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(js_divergence, dtype):
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]], dtype=dtype)
    q = torch.tensor([[0.0, 1.0], [0.5, 0.5]], dtype=dtype)
    want = torch.tensor([math.log(2), 0.0], dtype=dtype)
    check(js_divergence, p, q, want=want)


def test_a_sum_off_by_rounding_is_taken_as_it_is(js_divergence):
    p = torch.tensor([0.5, 0.5 + 2.0**-11], dtype=torch.float64)
    q = torch.tensor([0.25, 0.75 - 2.0**-11], dtype=torch.float64)
    check(js_divergence, p, q, want=formula(p, q))


def test_refuses_two_shapes(js_divergence):
    p, q = torch.tensor([[0.5, 0.5]] * 3), torch.tensor([0.5, 0.5])
    check(js_divergence, p, q, raises=ValueError, naming={"q": (2,)})
    check(js_divergence, torch.ones(1), q, raises=ValueError, naming={"q": (2,)})
    check(js_divergence, p[:1], q, raises=ValueError, naming={"q": (2,)})


def test_refuses_what_is_no_distribution(js_divergence):
    fine = torch.tensor([0.5, 0.5], dtype=torch.float64)
    whole = torch.tensor([0.5, 0.25], dtype=torch.float64)
    below = torch.tensor([1.25, -0.25], dtype=torch.float64)
    above = torch.tensor([0.5, 0.5 + 2.0**-9], dtype=torch.float64)
    check(js_divergence, whole, fine, raises=ValueError, naming={"p": 0.75})
    check(js_divergence, fine, whole, raises=ValueError, naming={"q": 0.75})
    check(js_divergence, above, fine, raises=ValueError, naming={"p": "1.00"})
    check(js_divergence, fine, above, raises=ValueError, naming={"q": "1.00"})
    check(js_divergence, below, fine, raises=ValueError, naming={"p": -0.25})
    lost = torch.tensor([math.nan, 1.0], dtype=torch.float64)
    check(js_divergence, lost, fine, raises=ValueError, naming={"p": math.nan})
    check(js_divergence, fine, lost, raises=ValueError, naming={"q": math.nan})
    check(js_divergence, fine, below, raises=ValueError, naming={"q": -0.25})
    little = torch.tensor([-1e-7, 1.0], dtype=torch.float64)
    check(js_divergence, little, fine, raises=ValueError, naming={"p": -1e-7})
    check(js_divergence, fine, little, raises=ValueError, naming={"q": -1e-7})


def test_looks_at_each_distribution_and_not_at_their_mean(js_divergence):
    # The sums are 1 and 1 + 2^-9: less than 1e-3 from 1 in the mean.
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.5 + 2.0**-9]], dtype=torch.float64)
    fine = torch.full((2, 2), 0.5, dtype=torch.float64)
    check(js_divergence, rows, fine, raises=ValueError, naming={"p": "1.00"})
    check(js_divergence, fine, rows, raises=ValueError, naming={"q": "1.00"})


def kl(p, q):
    """KL(p || q), right at zeros as well."""
    safe_p, safe_q = torch.where(p > 0, p, 1), torch.where(p > 0, q, 1)
    return (p * (safe_p.log() - safe_q.log())).sum(-1)


@wrong(
    "average KL(p || q) and KL(q || p): infinite where one of them rules something out",
    right_for="Jeffreys' divergence; here each is compared with their mean",
)
def jeffreys(p, q):
    return (kl(p, q) + kl(q, p)) / 2


@wrong("add the two divergences and don't halve them")
def not_halved(p, q):
    return kl(p, (p + q) / 2) + kl(q, (p + q) / 2)


@wrong("put p + q for their mean: each divergence is log 2 too small")
def without_the_mean(p, q):
    return (kl(p, p + q) + kl(q, p + q)) / 2


@wrong("take both means over p: (E_p log(p/m) + E_p log(q/m)) / 2")
def both_under_p(p, q):
    m = (p + q) / 2
    return (kl(p, m) + (p * (q / m).log()).nan_to_num(0.0).sum(-1)) / 2


@wrong("turn the divergences around: KL(m || p) and KL(m || q)")
def turned_around(p, q):
    m = (p + q) / 2
    return (kl(m, p) + kl(m, q)) / 2


@wrong("return the distance, the root of the divergence")
def distance(p, q):
    return ((kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2).clamp(min=0).sqrt()


@wrong(
    "compute in bits and not in nats",
    right_for="bits; here nats are asked for, the natural logarithm",
)
def in_bits(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2 / math.log(2)


@wrong("multiply 0 by log 0 = -inf: an outcome that one rules out makes it nan")
def nan_at_zero(p, q):
    return formula(p, q)


@wrong("mend 0 log 0 after the logarithm: the value is right, the gradient nan")
def nan_gradient(p, q):
    m = (p + q) / 2
    terms = [torch.where(x > 0, x * (x.log() - m.log()), 0) for x in (p, q)]
    return (terms[0] + terms[1]).sum(-1) / 2


@wrong("treat the mean m as constant: an entry's gradient gets 1/2 too much")
def detached_mean(p, q):
    m = ((p + q) / 2).detach()
    return (kl(p, m) + kl(q, m)) / 2


@wrong("add a small number inside the logarithms")
def with_epsilon(p, q):
    m = (p + q) / 2 + 1e-7
    return ((p * ((p + 1e-7) / m).log()).sum(-1) + (q * ((q + 1e-7) / m).log()).sum(-1)) / 2


def refuse_no_distribution(name, x):
    """Refuse what is none, as the docstring asks."""
    if x.min() < 0:
        raise ValueError(f"{name}: negative probability {x.min().item()}")
    off = [s for s in x.detach().double().sum(-1).flatten().tolist() if not abs(s - 1) <= 1e-3]
    if off:
        raise ValueError(f"{name}: sums to {off[0]}")


@right("as the entropy of the mean less the mean of the entropies")
def with_entropies(p, q):
    if p.shape != q.shape:
        raise ValueError(f"shapes differ, p {tuple(p.shape)} and q {tuple(q.shape)}")
    refuse_no_distribution("p", p)
    refuse_no_distribution("q", q)

    def minus_h(x):
        return (x * x.masked_fill(x == 0, 1).log()).sum(-1)

    return (minus_h(p) + minus_h(q)) / 2 - minus_h((p + q) / 2)


@accuracy(
    "q from p",
    inputs=lambda draw, size: near(draw.normal(8), size * draw.normal(8)),
    decades=(-8, 1),
    dtypes=("float32", "float64"),  # the entries of bfloat16 don't sum to 1
)
def exact(mp, p, q):
    pairs = [(x, (a + b) / 2) for a, b in zip(p, q, strict=True) for x in (a, b)]
    return sum(x * mp.log(x / m) for x, m in pairs) / 2


def near(logits, shift):
    return logits.softmax(-1), (logits + shift).softmax(-1)
