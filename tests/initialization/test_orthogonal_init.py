"""W = gain Q with Q Q^T = I or Q^T Q = I, and Q uniform among all such matrices."""

import math

import pytest
import torch

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("torch.nn.init", "scipy"),
    instead="make the rows or columns of a random matrix orthonormal",
    hints=(
        "Which factorisation turns the columns of a random matrix into orthonormal ones?",
        "torch.linalg.qr of a tall normal matrix; transposed, its columns are rows.",
        "Multiply each column of Q by the sign of its entry of R's diagonal.",
    ),
)

SHAPES = ((3, 5), (5, 3), (4, 4), (1, 6), (6, 1), (1, 1))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def orthogonal(rows, cols, gain):
    """Expect orthonormal rows or columns, times the gain."""

    def holds(w):
        gram = (w @ w.T if rows <= cols else w.T @ w).double()
        off = (gram - gain**2 * torch.eye(min(rows, cols)).double()).abs().max()
        # float32 keeps 6e-8 of each of the products that a sum of squares has.
        is_plain = type(w) is torch.Tensor and w.dtype == torch.float32
        return is_plain and w.shape == (rows, cols) and float(off) <= 2e-6 * gain**2

    which = "W W^T" if rows <= cols else "W^T W"
    told = f"a float32 matrix [{rows}, {cols}] with {which} = {gain**2:g} I"
    return such_that(told, holds)


@claim("S4-050", "S4-176")
@pytest.mark.parametrize(("rows", "cols"), SHAPES, ids=str)
def test_rows_or_columns_are_orthonormal_times_the_gain(orthogonal_init, rows, cols):
    for gain in (1.0, 1.5, 0.25):
        want = orthogonal(rows, cols, gain)
        check(orthogonal_init, rows, cols, gain, seeded(0), want=want)


@claim("S4-176", "S4-050")
def test_a_layer_from_60_to_40(orthogonal_init):
    check(orthogonal_init, 40, 60, 1.0, seeded(1), want=orthogonal(40, 60, 1.0))


@claim("S4-050")
def test_norms_are_kept(orthogonal_init):
    x = torch.arange(1.0, 6.0)

    def keeps(w):
        return math.isclose(float((w @ x).norm()), 2 * float(x.norm()), rel_tol=1e-5)

    want = such_that("a matrix that doubles the norm of every input", keeps)
    check(orthogonal_init, 5, 5, 2.0, seeded(2), want=want)
    check(orthogonal_init, 7, 5, 2.0, seeded(3), want=want)


@claim("S4-176")
def test_the_generator_alone_decides(orthogonal_init):
    for rows, cols in ((3, 5), (5, 3)):
        first = orthogonal_init(rows, cols, 1.0, seeded(0))
        check(orthogonal_init, rows, cols, 1.0, generator=seeded(0), want=first)
        other = such_that("another matrix for another seed", lambda w: not torch.equal(w, first))  # noqa: B023
        check(orthogonal_init, rows, cols, 1.0, generator=seeded(1), want=other)


@claim("S4-176")
def test_no_sign_is_likelier_on_the_diagonal(orthogonal_init):
    generator, n, m = seeded(0), 10, 32
    traces = torch.tensor([orthogonal_init(n, n, 1.0, generator).trace() for _ in range(m)])
    # The trace of a uniform orthogonal matrix is nearly a standard normal number: so far, in
    # standard errors, are the means of it and of its square.
    off = (
        abs(float(traces.mean())) * m**0.5,
        abs(float(traces.square().mean()) - 1) * (m / 2) ** 0.5,
    )
    want = such_that("a trace with mean 0 and variance 1", lambda _: max(off) < 6)
    check(orthogonal_init, n, n, 1.0, generator, want=want)


@claim("S4-176")
@pytest.mark.parametrize(("rows", "cols"), [(2, 3), (3, 2), (2, 2)])
def test_no_direction_is_likelier(orthogonal_init, rows, cols):
    generator, m = seeded(0), 80
    draws = torch.stack([orthogonal_init(rows, cols, 1.0, generator) for _ in range(m)]).double()
    # An entry of a unit vector of size n has mean 0 and variance 1/n, so it has errors of m draws.
    n = max(rows, cols)
    means, squares = draws.mean(0) * (m * n) ** 0.5, (draws.square().mean(0) - 1 / n) * m**0.5
    # The square is below 1 and has mean 1/n: its variance is at most (1 - 1/n) / n.
    off = max(float(means.abs().max()), float(squares.abs().max()) / ((1 - 1 / n) / n) ** 0.5)
    want = such_that(
        "entries whose means and squares are those of a uniform one", lambda _: off < 6
    )
    check(orthogonal_init, rows, cols, 1.0, generator, want=want)


@claim("S4-176")
def test_a_long_column_has_normal_entries(orthogonal_init):
    def is_normal(w):
        # Of n normal numbers the fourth powers have mean 3 and variance 96.
        kurtosis = float((w.double() * w.shape[0] ** 0.5).pow(4).mean())
        return abs(kurtosis - 3) < 6 * (96 / w.numel()) ** 0.5

    want = such_that("entries as normal numbers have them, scaled to length 1", is_normal)
    check(orthogonal_init, 1600, 2, 1.0, seeded(0), want=want)


@claim("S4-176")
def test_both_determinants_are_as_likely(orthogonal_init):
    generator, m = seeded(0), 64
    signs = [float(torch.linalg.det(orthogonal_init(3, 3, 1.0, generator))) for _ in range(m)]
    off = abs(sum(signs)) / m**0.5
    want = such_that("a determinant that is 1 in half of all draws", lambda _: off < 6)
    check(orthogonal_init, 3, 3, 1.0, generator, want=want)


def test_a_gain_of_zero(orthogonal_init):
    want = such_that("zeros", lambda w: w.shape == (2, 3) and not w.any())
    check(orthogonal_init, 2, 3, 0.0, seeded(0), want=want)


def test_refuses_a_matrix_without_entries(orthogonal_init):
    for size in (0, -2):
        check(orthogonal_init, size, 3, 1.0, seeded(0), raises=ValueError, naming={"rows": size})
        check(orthogonal_init, 3, size, 1.0, seeded(0), raises=ValueError, naming={"cols": size})


def test_refuses_a_negative_gain(orthogonal_init):
    for gain in (-1.0, math.nan):
        check(orthogonal_init, 2, 3, gain, seeded(0), raises=ValueError, naming={"gain": gain})


def tall(rows, cols, generator):
    """The factors of a normal matrix that is at least as high as wide."""
    return torch.linalg.qr(torch.randn(max(rows, cols), min(rows, cols), generator=generator))


def turned(q, rows, cols):
    return q if rows >= cols else q.T


@wrong("scale a normal matrix to unit rows: they are not orthogonal")
def unit_rows(rows, cols, gain, generator):
    return gain * torch.nn.functional.normalize(torch.randn(rows, cols, generator=generator))


@wrong("divide by the square root of the width: orthogonal on average alone")
def only_on_average(rows, cols, gain, generator):
    return gain * torch.randn(rows, cols, generator=generator) / max(rows, cols) ** 0.5


@wrong("leave the signs to QR: its Householder reflections make the diagonal negative")
def raw_qr(rows, cols, gain, generator):
    return gain * turned(tall(rows, cols, generator)[0], rows, cols)


@wrong("forget that a wide matrix needs orthonormal rows: QR of it is square")
def qr_of_a_wide_matrix(rows, cols, gain, generator):
    q, r = torch.linalg.qr(torch.randn(rows, cols, generator=generator))
    return gain * q * r.diagonal().sign()


@wrong("reshape a tall Q in the place of transposing it")
def reshaped(rows, cols, gain, generator):
    q, r = tall(rows, cols, generator)
    return gain * (q * r.diagonal().sign()).reshape(rows, cols)


@wrong("ignore the gain")
def ignores_gain(rows, cols, gain, generator):
    q, r = tall(rows, cols, generator)
    return turned(q * r.diagonal().sign(), rows, cols)


@wrong("multiply by the square root of the gain: the norms are multiplied by that")
def root_of_gain(rows, cols, gain, generator):
    return gain**0.5 * ignores_gain(rows, cols, gain, generator)


@wrong("make all entries of the first row positive: signs are not random")
def positive_first(rows, cols, gain, generator):
    w = ignores_gain(rows, cols, gain, generator)
    return gain * w * (w[:1].sign() if rows >= cols else w[:, :1].sign())


@wrong("seed a generator of its own: every layer gets the same weights")
def own_generator(rows, cols, gain, generator):
    return gain * ignores_gain(rows, cols, gain, torch.Generator().manual_seed(0))


@wrong("start from uniform numbers in [0, 1]: the first direction is near the diagonal")
def from_positive_numbers(rows, cols, gain, generator):
    q, r = torch.linalg.qr(torch.rand(max(rows, cols), min(rows, cols), generator=generator))
    return gain * turned(q * r.diagonal().sign(), rows, cols)


@wrong("allow rotations alone: the determinant is always 1")
def rotations(rows, cols, gain, generator):
    w = ignores_gain(rows, cols, gain, generator).clone()
    if rows == cols:
        w[0] *= torch.linalg.det(w).sign()
    return gain * w


@wrong("start from a matrix of uniform numbers: the corners of a cube are likelier than its faces")
def of_uniform_numbers(rows, cols, gain, generator):
    drawn = torch.rand(max(rows, cols), min(rows, cols), generator=generator) - 0.5
    q, r = torch.linalg.qr(drawn)
    q = q * r.diagonal().sign()
    return gain * (q if rows >= cols else q.T)


@right("by the singular vectors of a normal matrix")
def by_svd(rows, cols, gain, generator):
    if rows < 1:
        raise ValueError(f"rows: {rows}")
    if cols < 1:
        raise ValueError(f"cols: {cols}")
    if math.isnan(gain) or gain < 0:
        raise ValueError(f"gain: {gain}")
    u, _, vt = torch.linalg.svd(torch.randn(rows, cols, generator=generator), full_matrices=False)
    return (u @ vt).mul(gain)


@right("by Gram and Schmidt, vector by vector")
def gram_schmidt(rows, cols, gain, generator):
    for name, size in (("rows", rows), ("cols", cols)):
        if size <= 0:
            raise ValueError(f"{name}={size}")
    if not gain >= 0:
        raise ValueError(f"gain={gain}")
    basis = torch.empty(0, max(rows, cols), dtype=torch.float64)
    for _ in range(min(rows, cols)):
        v = torch.randn(max(rows, cols), generator=generator, dtype=torch.float64)
        v = v - basis.T @ (basis @ v)
        v = v - basis.T @ (basis @ v)  # once more: what is left may be small beside what went
        basis = torch.cat([basis, v[None] / v.norm()])
    return (gain * (basis if rows <= cols else basis.T)).float()
