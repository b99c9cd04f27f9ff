"""H = sum(y) (diag(p) - p p^T): the covariance of a one-hot draw from p."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cross_entropy_grad", "softmax_jacobian"),
    forbid=("autograd", "cross_entropy", "cross_entropy_loss"),
    instead="derive the second derivatives by hand",
    hints=(
        "Differentiate the gradient sum(y) p - y once more: which of its parts depends on z?",
        "d p_a / dz_b is p_a (1 - p_a) for a = b and -p_a p_b otherwise.",
        "sum(y) (diag(p) - p p^T).",
    ),
)


@st.composite
def cases(draw):
    """Draw logits and labels of one length; the labels have any sign, and mostly don't sum to 1."""
    k = draw(inputs.sizes(1, 4))
    return draw(inputs.tensors(k)), draw(inputs.tensors(k, low=-2, high=2, step=1 / 4))


@claim("S3-139")
def test_a_case_worked_by_hand(cross_entropy_hessian):
    logits = torch.tensor([1.0, 3.0, 4.0], dtype=torch.float64).log()
    want = torch.tensor([[7, -3, -4], [-3, 15, -12], [-4, -12, 16]], dtype=torch.float64) / 64
    for labels in ([0.0, 1.0, 0.0], [0.25, 0.25, 0.5]):  # any labels that sum to 1
        check(cross_entropy_hessian, logits, torch.tensor(labels).double(), want=want)


@claim("S3-139")
def test_labels_that_do_not_sum_to_1_scale_it(cross_entropy_hessian):
    logits = torch.tensor([1.0, 3.0, 4.0], dtype=torch.float64).log()
    want = torch.tensor([[7, -3, -4], [-3, 15, -12], [-4, -12, 16]], dtype=torch.float64) / 32
    check(cross_entropy_hessian, logits, torch.tensor([1.0, 0.25, 0.75]).double(), want=want)
    check(cross_entropy_hessian, logits, torch.tensor([0.5, 0.5, -3.0]).double(), want=-want)


@claim("S3-139")
@given(cases())
def test_equals_automatic_differentiation(cross_entropy_hessian, case):
    logits, labels = case
    want = oracles.hessian(lambda z: -(labels * z.log_softmax(-1)).sum(), logits)
    # With one class the entry is a difference of numbers as large as the labels.
    check(cross_entropy_hessian, logits, labels, want=want, scale=10.0)


@claim("S3-139")
@given(inputs.tensors(inputs.sizes(2, 4)))
def test_is_the_covariance_of_a_one_hot_draw(cross_entropy_hessian, logits):
    p = logits.softmax(-1)
    draws = torch.eye(len(p), dtype=torch.float64) - p  # each centred, drawn with probability p
    labels = torch.full_like(p, 1 / len(p))
    check(cross_entropy_hessian, logits, labels, want=(draws.mT * p) @ draws, scale=1.0)


@claim("S3-139")
def test_a_single_class_has_no_curvature(cross_entropy_hessian):
    one = torch.tensor([3.0])
    check(cross_entropy_hessian, one, one, want=torch.zeros(1, 1))


@claim("S3-139")
def test_stays_finite_for_logits_of_1e4(cross_entropy_hessian):
    labels = torch.tensor([0.0, 1.0, 0.0])
    want = torch.tensor([[0.25, 0.0, -0.25], [0.0, 0.0, 0.0], [-0.25, 0.0, 0.25]])
    for logits in ([1e4, -1e4, 1e4], [1e4, 5e3, 1e4], [-5e3, -1e4, -5e3]):
        check(cross_entropy_hessian, torch.tensor(logits), labels, want=want)


def test_refuses_labels_of_another_shape(cross_entropy_hessian):
    for shape in ((1,), (3, 1)):
        expected = {"raises": ValueError, "naming": {"labels": shape}}
        check(cross_entropy_hessian, torch.zeros(3), torch.ones(shape), **expected)


def test_refuses_logits_that_are_no_vector_of_floats(cross_entropy_hessian):
    for shape in ((), (1, 3)):
        expected = {"raises": ValueError, "naming": {"logits": shape}}
        check(cross_entropy_hessian, torch.zeros(shape), torch.ones(shape), **expected)
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(cross_entropy_hessian, torch.tensor([1, 2]), torch.ones(2), **expected)


@wrong("forget the factor sum(y): right only for labels that sum to 1")
def needs_distributions(logits, labels):
    p = logits.softmax(-1)
    return p.diag() - torch.outer(p, p)


@wrong("keep the diagonal only")
def diagonal_only(logits, labels):
    p = logits.softmax(-1)
    return labels.sum() * (p * (1 - p)).diag()


@wrong("leave out diag(p)")
def outer_only(logits, labels):
    p = logits.softmax(-1)
    return -labels.sum() * torch.outer(p, p)


@wrong("flip the sign: the curvature of a convex loss is not negative")
def negative(logits, labels):
    return -labels.sum() * diagonal_and_outer(logits)


def diagonal_and_outer(logits):
    p = logits.softmax(-1)
    return p.diag() - torch.outer(p, p)


@wrong("weight the classes with their labels")
def weighted(logits, labels):
    return labels[:, None] * diagonal_and_outer(logits)


@wrong("write diag(p) - p y^T, the labels in place of the second p")
def with_labels(logits, labels):
    p = logits.softmax(-1)
    return labels.sum() * p.diag() - torch.outer(p, labels)


@wrong("use the sigmoid of each logit")
def sigmoids(logits, labels):
    p = logits.sigmoid()
    return labels.sum() * (p.diag() - torch.outer(p, p))


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, labels):
    p = logits.exp() / logits.exp().sum()
    return labels.sum() * (p.diag() - torch.outer(p, p))


@wrong("clamp the logits to keep exp() small: large ones look alike")
def clamped(logits, labels):
    return labels.sum() * diagonal_and_outer(logits.clamp(-50, 50))


@wrong("take the size of sum(y) only, and not its sign")
def without_sign(logits, labels):
    return labels.sum().abs() * diagonal_and_outer(logits)


@right("entry by entry")
def entry_by_entry(logits, labels):
    if logits.ndim != 1 or not logits.dtype.is_floating_point:
        raise ValueError(f"logits: {logits.dtype} {tuple(logits.shape)} won't do")
    if logits.shape != labels.shape:
        raise ValueError(f"labels: wrong shape {tuple(labels.shape)}")
    p, k = torch.softmax(logits, 0), len(logits)
    rows = [[p[a] * (float(a == b) - p[b]) * labels.sum() for b in range(k)] for a in range(k)]
    return torch.stack([torch.stack(row) for row in rows])


@gpu
def bench_many_classes(cross_entropy_hessian, race):
    def torchs(logits, labels):
        p = logits.softmax(-1)
        return labels.sum() * torch.diag(p).sub_(torch.outer(p, p))

    race(
        cross_entropy_hessian,
        torch=torchs,
        inputs=lambda draw, k: (draw.normal(k), draw.normal(k).softmax(-1)),
        small=(100,),
        large=(16_384,),
        # Each of the k^2 entries is written once: a product, a difference, the factor.
        forward=lambda logits, labels: {
            "bytes": 4 * logits.numel() ** 2,
            "flops": 3 * logits.numel() ** 2,
        },
    )
