"""The likeliest distribution is that of the observations: q_c = n_c / n."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("kl_divergence",),
    hints=(
        "The logarithm of the likelihood is sum_c n_c log q_c. Where is it largest, for sum q = 1?",
        "Lagrange: n_c / q_c is the same for all classes.",
    ),
)


@st.composite
def observed(draw):
    k = draw(st.integers(1, 5))
    samples = draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=8))
    return torch.tensor(samples), k


def mean_log_likelihood(q, samples):
    return float(q[samples].log().mean())


@claim("S4-302")
def test_a_case_worked_by_hand(mle_categorical):
    samples = torch.tensor([3, 1, 3, 0, 3, 1, 3, 3])
    want = torch.tensor([1, 2, 0, 5, 0], dtype=torch.float64) / 8
    check(mle_categorical, samples, 5, want=want)


@claim("S4-302")
@given(observed())
def test_equals_the_relative_frequencies(mle_categorical, observations):
    from collections import Counter

    samples, k = observations
    counts = Counter(samples.tolist())
    shares = [counts[c] / len(samples) for c in range(k)]
    check(mle_categorical, samples, k, want=torch.tensor(shares, dtype=torch.float64))


@claim("S4-302")
@given(observed(), st.integers(0, 999))
def test_no_other_distribution_makes_them_likelier(mle_categorical, observations, seed):
    samples, k = observations
    draw = torch.Generator().manual_seed(seed)
    others = torch.rand(50, k, generator=draw, dtype=torch.float64)
    others = others / others.sum(1, keepdim=True)
    best = max(mean_log_likelihood(q, samples) for q in others)

    def holds(q):
        return abs(float(q.sum()) - 1) < 1e-12 and mean_log_likelihood(q, samples) >= best - 1e-12

    want = such_that(f"a distribution of mean log-likelihood {best:.4f} at least", holds)
    check(mle_categorical, samples, k, want=want)


@claim("S4-302")
def test_its_cross_entropy_is_the_entropy_of_the_observations(mle_categorical):
    samples = torch.tensor([0, 0, 1, 2])
    # The least of H(p, q) is H(p), 1.5 bits; KL(p || q) is 0 there.
    bits = such_that(
        "a cross-entropy of 1.5 bits",
        lambda q: abs(mean_log_likelihood(q, samples) + 1.5 * 0.6931471805599453) < 1e-12,
    )
    check(mle_categorical, samples, 3, want=bits)


@claim("S4-302")
def test_a_class_that_was_never_seen_has_probability_0(mle_categorical):
    want = torch.tensor([0, 0, 1, 0], dtype=torch.float64)
    check(mle_categorical, torch.tensor([2, 2]), 4, want=want)
    check(mle_categorical, torch.tensor([0]), 1, want=torch.ones(1, dtype=torch.float64))


def test_int32_and_every_other_entry(mle_categorical):
    samples = torch.tensor([1, 5, 0, 5, 1, 5, 1, 5], dtype=torch.int32)[::2]
    want = torch.tensor([1, 3, 0], dtype=torch.float64) / 4
    check(mle_categorical, samples, 3, want=want)


def test_refuses_nothing(mle_categorical):
    call = torch.zeros(0, dtype=torch.int64), 3
    check(mle_categorical, *call, raises=ValueError, naming={"samples": (0,)})


def test_refuses_classes_that_are_not_there(mle_categorical):
    for sample in (3, 7, -1, -5):
        call = torch.tensor([0, sample, 2]), 3
        check(mle_categorical, *call, raises=ValueError, naming={"samples": sample})


def counts(samples, k):
    return torch.bincount(samples, minlength=k).double()


@wrong(
    "add 1 to every count", right_for="Laplace's smoothing; here it is the likeliest distribution"
)
def smoothed(samples, k):
    return (counts(samples, k) + 1) / (len(samples) + k)


@wrong("keep a small probability for what was never seen")
def with_a_floor(samples, k):
    q = counts(samples, k) / len(samples) + 1e-6
    return q / q.sum()


@wrong("put everything on the commonest class")
def one_hot_of_the_mode(samples, k):
    return torch.nn.functional.one_hot(counts(samples, k).argmax(), k).double()


@wrong("take softmax of the counts")
def softmax_of_counts(samples, k):
    return counts(samples, k).softmax(0)


@wrong("return the counts, which don't sum to 1")
def unnormalised(samples, k):
    return counts(samples, k)


@wrong("divide by n - 1")
def bessel(samples, k):
    return counts(samples, k) / max(1, len(samples) - 1)


@wrong("divide by the number of classes")
def by_classes(samples, k):
    return counts(samples, k) / k


@wrong("leave out classes that were never seen")
def seen_alone(samples, k):
    _, found = samples.unique(return_counts=True)
    return found.double() / len(samples)


@wrong("forget the classes beyond the largest that was seen")
def up_to_the_largest(samples, k):
    return torch.bincount(samples).double() / len(samples)


@wrong("count all seen classes alike")
def uniform_over_seen(samples, k):
    seen = (counts(samples, k) > 0).double()
    return seen / seen.sum()


@wrong("return float32")
def in_float32(samples, k):
    return (counts(samples, k) / len(samples)).float()


@right("as the mean of one-hot vectors")
def mean_of_one_hots(samples, k):
    if samples.numel() == 0:
        raise ValueError(f"samples: {tuple(samples.shape)}")
    for sample in samples.tolist():
        if sample not in range(k):
            raise ValueError(f"samples: {sample} is no class")
    return torch.eye(k, dtype=torch.float64)[samples.long()].mean(0)
