"""(H + lam I)^-1 H best: each eigenvector's share is multiplied by h / (h + lam)."""

import functools
import math

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
    plot,
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    hints=(
        "Where is the slope 0? Write it down: both terms are quadratic.",
        "hessian (w - best) + lam w = 0 is a linear system for w.",
        "torch.linalg.solve(hessian + lam * I, hessian @ best)",
    ),
)
EYE = torch.eye(2, dtype=torch.float64)
MIXED = vector([2.0, 1.0], [1.0, 2.0])  # 3 along (1, 1), 1 along (1, -1)


def of_a_triangle(function):
    """Make the Hessian of a triangle of it; a mistake of the one is a mistake of the other."""

    @functools.wraps(function)
    def answer(triangle, best, lam):
        return function(triangle + triangle.mT, best, lam)

    answer.mistakes = tuple(map(of_a_triangle, getattr(function, "mistakes", ())))
    return answer


@claim("S4-030", "S4-315")
def test_a_case_worked_by_hand(l2_shrunk_optimum):
    # best = 2 (1, 1) + 1 (1, -1): with lam = 1 the first share keeps 3/4, the second 1/2.
    check(l2_shrunk_optimum, MIXED, vector(3.0, 1.0), 1.0, want=vector(2.0, 1.0))
    hessian = vector([8.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0])
    want = vector(2.0, -2.0, 0.0)
    check(l2_shrunk_optimum, hessian, vector(2.5, -4.0, 7.0), lam=2.0, want=want)


@claim("S4-030", "S4-031", "S4-032", "S4-315")
@given(
    inputs.tensors(3, 4),
    inputs.tensors(3),
    st.integers(1, 40).map(lambda k: k / 8),
)
def test_equals_the_shares_of_the_eigenvectors(l2_shrunk_optimum, root, best, lam):
    hessian = root @ root.mT
    values, vectors = torch.linalg.eigh(hessian)
    want = vectors @ (values / (values + lam) * (vectors.mT @ best))
    # The Hessian's eigenvalues reach 300, lam is 1/8 at the least.
    check(l2_shrunk_optimum, hessian, best, lam, want=want, scale=5.0, slack=1e3)


@claim("S4-030", "S4-031", "S4-032")
def test_descent_with_weight_decay_ends_there(l2_shrunk_optimum):
    hessian, best, lam = vector([3.0, 1.0], [1.0, 2.0]), vector(1.0, -2.0), 0.5
    weights = vector(4.0, 4.0)
    for _ in range(300):
        weights = (1 - 0.2 * lam) * weights - 0.2 * hessian @ (weights - best)
    check(l2_shrunk_optimum, hessian, best, lam, want=weights)


@claim("S4-031", "S4-032")
def test_steep_directions_stay_and_flat_ones_decay(l2_shrunk_optimum):
    hessian = vector(10.0, 0.1, 1e6, 1e-6, 0.0).diag()
    want = vector(10 / 11, 1 / 11, 1e6 / (1e6 + 1), 1e-6 / (1 + 1e-6), 0.0)
    check(l2_shrunk_optimum, hessian, torch.ones(5).double(), 1.0, want=want, scale=0.0)


@claim("S4-030")
def test_equal_eigenvalues_shrink_alike(l2_shrunk_optimum):
    check(l2_shrunk_optimum, 3 * EYE, vector(2.0, -6.0), 1.0, want=vector(1.5, -4.5))
    check(l2_shrunk_optimum, vector([3.0]), vector(-8.0), 1.0, want=vector(-6.0))


@claim("S4-030")
def test_without_a_penalty_nothing_moves(l2_shrunk_optimum):
    check(l2_shrunk_optimum, MIXED, vector(3.0, 1.0), 0.0, want=vector(3.0, 1.0))


@claim("S4-030")
@counterexample("S4-030")  # "less important directions decay": on a saddle they grow
def test_a_penalty_can_lengthen_what_a_negative_eigenvalue_pulls(l2_shrunk_optimum):
    hessian = vector([2.0, 0.0], [0.0, -1.0])
    check(l2_shrunk_optimum, hessian, vector(3.0, 1.0), 2.0, want=vector(1.5, -1.0))


@claim("S4-030")
def test_gradients_flow_back_to_both(l2_shrunk_optimum):
    best, up = vector(3.0, 1.0), vector(4.0, -2.0)
    inverse = vector([3.0, -1.0], [-1.0, 3.0]) / 8
    shrunk = inverse @ MIXED @ best
    slope = torch.outer(inverse @ up, best - shrunk)
    # What flows back to a triangle: a Hessian is changed in two entries at once, or not at all.
    want = (slope + slope.mT, MIXED @ inverse @ up)
    answer = of_a_triangle(l2_shrunk_optimum)
    why = "The first argument, T, is half of the Hessian: that is T + T^T."
    check_gradient(answer, MIXED / 2, best, lam=1.0, upstream=up, want=want, why=why)


def test_keeps_the_dtype(l2_shrunk_optimum):
    want = torch.tensor([2.0, 1.0])
    check(l2_shrunk_optimum, MIXED.float(), torch.tensor([3.0, 1.0]), 1.0, want=want)


@claim("S4-315")
def test_refuses_a_penalty_too_small_for_a_minimum(l2_shrunk_optimum):
    saddle = vector([0.0, 2.0], [2.0, 0.0])
    for lam in (1.5, 0.0):
        args = (saddle, vector(1.0, 1.0), lam)
        check(l2_shrunk_optimum, *args, raises=ValueError, naming={"lam": lam})
    # Two eigenvalues below 0: their product, the determinant, is above it.
    hill = vector([-3.0, 0.5], [0.5, -4.0])
    check(l2_shrunk_optimum, hill, vector(1.0, 1.0), 2.0, raises=ValueError, naming={"lam": 2.0})
    flat = vector([0.0, 0.0], [0.0, 1.0])
    check(l2_shrunk_optimum, flat, vector(1.0, 1.0), 0.0, raises=ValueError, naming={"lam": 0.0})


@pytest.mark.parametrize("lam", [-0.5, math.inf, math.nan])
def test_refuses_a_penalty_that_is_none(l2_shrunk_optimum, lam):
    check(l2_shrunk_optimum, MIXED, vector(1.0, 1.0), lam, raises=ValueError, naming={"lam": lam})


def test_refuses_a_matrix_that_is_no_hessian(l2_shrunk_optimum):
    for shape in ((3, 3), (2, 3), (1, 1), (2, 1)):
        args = (torch.ones(shape).double(), vector(1.0, 1.0), 1.0)
        check(l2_shrunk_optimum, *args, raises=ValueError, naming={"hessian": shape})
    slanted = vector([2.0, 1.0], [1.5, 2.0])
    args = (slanted, vector(1.0, 1.0), 1.0)
    check(l2_shrunk_optimum, *args, raises=ValueError, naming={"hessian": 0.5})
    for off in (0.25, 2.0**-30):
        slanted = vector([2.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0 + off, 2.0])
        args = (slanted, vector(1.0, 1.0, 1.0), 1.0)
        check(l2_shrunk_optimum, *args, raises=ValueError, naming={"hessian": off})


def solved(hessian, best, lam):
    return torch.linalg.solve(hessian + lam * torch.eye(len(best)).to(best), hessian @ best)


@wrong(
    "double the penalty",
    right_for="a penalty of lam * ||w||^2; here it is half of that",
)
def whole_squares(hessian, best, lam):
    return solved(hessian, best, 2 * lam)


@wrong("forget the Hessian on the right: best isn't the loss's slope at 0")
def best_itself(hessian, best, lam):
    return torch.linalg.solve(hessian + lam * torch.eye(len(best)).to(best), best)


@wrong("shrink all directions alike")
def one_factor(hessian, best, lam):
    h = hessian.diagonal().mean()
    return best * h / (h + lam)


@wrong("read the eigenvalues off the diagonal: the directions mix")
def diagonal_only(hessian, best, lam):
    h = hessian.diagonal()
    return best * h / (h + lam)


@wrong("take what the penalty removes for what it leaves")
def the_other_share(hessian, best, lam):
    return best - solved(hessian, best, lam)


@wrong("add lam to all entries and not to the diagonal alone")
def added_everywhere(hessian, best, lam):
    return torch.linalg.lstsq(hessian + lam, (hessian @ best)[:, None]).solution[:, 0]


@wrong("draw the eigenvectors' shares by a constant: that is what the L1 penalty does")
def l1_of_the_shares(hessian, best, lam):
    values, vectors = torch.linalg.eigh(hessian)
    shares = vectors.mT @ best
    left = (shares.abs() - lam / values.clamp(min=1e-12)).clamp(min=0)
    return vectors @ (shares.sign() * left)


@wrong("multiply by the eigenvectors in the wrong order: rows for columns")
def transposed(hessian, best, lam):
    values, vectors = torch.linalg.eigh(hessian)
    return vectors.mT @ (values / (values + lam) * (vectors @ best))


@wrong("clamp negative eigenvalues to 0: where the loss pulls away, it no longer does")
def clamped(hessian, best, lam):
    values, vectors = torch.linalg.eigh(hessian)
    values = values.clamp(min=0)
    return vectors @ (values / (values + lam).clamp(min=1e-30) * (vectors.mT @ best))


@wrong("detach the Hessian")
def detached(hessian, best, lam):
    return solved(hessian.detach(), best, lam)


@wrong(
    "ask the determinant alone for a minimum: two negative eigenvalues make it positive too",
    accepts_bad_input=True,
)
def by_the_determinant(hessian, best, lam):
    if hessian.shape != (len(best), len(best)) or (hessian - hessian.mT).any():
        asymmetry = (hessian - hessian.mT).abs().max() if hessian.size(0) == hessian.size(1) else 0
        raise ValueError(f"hessian: {tuple(hessian.shape)}, off by {asymmetry:g}")
    penalised = hessian + lam * torch.eye(len(best)).to(best)
    if not (lam >= 0 and math.isfinite(lam)) or torch.linalg.det(penalised) <= 0:
        raise ValueError(f"lam: {lam}")
    return solved(hessian, best, lam)


@wrong("compare the Hessian's two halves up to a tolerance", accepts_bad_input=True)
def nearly_symmetric(hessian, best, lam):
    square = hessian.shape == (len(best), len(best))
    if not square or not torch.allclose(hessian, hessian.mT):
        off = (hessian - hessian.mT).abs().max() if square else 0
        raise ValueError(f"hessian: {tuple(hessian.shape)}, off by {off:g}")
    return what_is_taken((hessian + hessian.mT) / 2, best, lam)


@right("as best minus what the penalty takes")
def what_is_taken(hessian, best, lam):
    if tuple(hessian.shape) != (len(best),) * 2:
        raise ValueError(f"hessian: {tuple(hessian.shape)}")
    off = float((hessian - hessian.T).abs().max().detach())
    if off > 0:
        raise ValueError(f"hessian: asymmetric by {off}")
    penalised = hessian + torch.diag(torch.full_like(best, lam))
    if not (lam >= 0 and math.isfinite(lam)) or torch.linalg.eigvalsh(penalised).min() <= 0:
        raise ValueError(f"lam: {lam}")
    return best - lam * torch.linalg.inv(penalised) @ best


@right("by way of the eigenvectors")
def by_eigenvectors(hessian, best, lam):
    if hessian.shape != (len(best), len(best)):
        raise ValueError(f"hessian: {list(hessian.shape)}")
    if not torch.equal(hessian, hessian.T):
        raise ValueError(f"hessian: off by {(hessian - hessian.T).abs().max().item()}")
    values, vectors = torch.linalg.eigh(hessian)
    if not 0 <= lam < math.inf or bool((values + lam <= 0).any()):
        raise ValueError(f"lam: {lam}")
    return vectors @ (values / (values + lam) * (vectors.T @ best))


@right("by Cholesky's factor, which exists exactly where there is one minimum")
def by_cholesky(hessian, best, lam):
    if hessian.dim() != 2 or {*hessian.shape} != {best.numel()}:
        raise ValueError(f"hessian: {tuple(hessian.shape)}")
    off = float((hessian - hessian.T).detach().abs().max())
    if off:
        raise ValueError(f"hessian: {off}")
    if not math.isfinite(lam) or lam < 0:
        raise ValueError(f"lam: {lam}")
    factor, failed = torch.linalg.cholesky_ex(hessian + lam * torch.eye(len(best)).to(best))
    if failed:
        raise ValueError(f"lam: {lam}")
    return torch.cholesky_solve((hessian @ best)[:, None], factor)[:, 0]


@plot(x="lam", y="share that is left", xscale="log")
def plot_what_is_left_of_each_direction(l2_shrunk_optimum):
    values = (0.1, 1.0, 10.0)
    lams = [10 ** (k / 10) for k in range(-30, 31)]
    hessian, best = torch.tensor(values, dtype=torch.float64).diag(), torch.ones(3).double()
    left = torch.stack([l2_shrunk_optimum(hessian, best, lam) for lam in lams])
    return {f"eigenvalue {h:g}": (lams, left[:, i]) for i, h in enumerate(values)}
