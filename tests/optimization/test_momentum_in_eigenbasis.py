"""z = O (x + Q^-1 c): momentum falls apart into one scalar problem for each eigenvalue."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, plot, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("momentum_step_torch", "minimise_quadratic"),
    forbid=("torch.optim",),
    instead="write the two lines of the docstring",
    hints=(
        "Multiply the line of v by O. What is O (Q x + c), in terms of z?",
        "Q = O^T diag(eigenvalues) O and O O^T = 1: O (Q x + c) = eigenvalues * z.",
        "z_0 = O x_0 + O c / eigenvalues; then v = momentum v + eigenvalues z and z = z - lr v.",
    ),
)


def turned(n):
    """Return an orthogonal matrix [n, n] that isn't symmetric."""
    return torch.linalg.qr(inputs.numbers(n, n) + 5 * torch.eye(n, dtype=torch.float64)).Q


def by_torch(O, eigenvalues, c, x0, lr, momentum, steps):
    """Walk in x with torch's optimizer; turn the path at the end."""
    Q = O.mT @ torch.diag(eigenvalues) @ O
    x = torch.nn.Parameter(x0.detach().clone())
    optimizer = torch.optim.SGD([x], lr=lr, momentum=momentum)
    path = [x.detach().clone()]
    for _ in range(steps):
        x.grad = Q @ x.detach() + c
        optimizer.step()
        path.append(x.detach().clone())
    return (torch.stack(path) + torch.linalg.solve(Q, c)) @ O.mT


@claim("S3-361")
def test_two_steps_worked_by_hand(momentum_in_eigenbasis):
    # O x0 = (-2, 1) and O c = (16, 3): z0 = (2, 4). v = (8, 4), then (4, 2) + (0, 3).
    O = vector([0.0, -1.0], [1.0, 0.0])
    want = vector([2.0, 4.0], [0.0, 3.0], [-1.0, 1.75])
    args = O, vector(4.0, 1.0), vector(3.0, -16.0), vector(1.0, 2.0)
    check(momentum_in_eigenbasis, *args, lr=0.25, momentum=0.5, steps=2, want=want)


def test_no_step_leaves_the_start(momentum_in_eigenbasis):
    args = vector([0.0, -1.0], [1.0, 0.0]), vector(4.0, 1.0), vector(3.0, -16.0), vector(1.0, 2.0)
    check(momentum_in_eigenbasis, *args, 0.25, 0.5, 0, want=vector([2.0, 4.0]))


@claim("S3-361")
@pytest.mark.parametrize(("lr", "momentum"), [(0.1, 0.6), (0.25, 0.0), (0.05, 0.9)])
def test_is_torchs_path_in_x_turned_and_moved(momentum_in_eigenbasis, lr, momentum):
    args = turned(3), vector(0.5, 4.0, 2.0), vector(1.0, -3.0, 2.0), vector(2.0, 0.5, -1.0)
    want = by_torch(*args, lr, momentum, 30)
    check(momentum_in_eigenbasis, *args, lr, momentum, 30, want=want, slack=10)


@claim("S3-361")
@given(
    st.permutations(range(3)),
    st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3),
    inputs.tensors(3, low=0.25, high=3, step=0.25),
    inputs.tensors(2, 3, low=-3, high=3, step=0.5),
    st.integers(0, 4).map(lambda k: k / 4),
    st.integers(0, 3).map(lambda k: k / 4),
    st.integers(0, 4),
)
def test_each_coordinate_follows_its_own_recursion(
    momentum_in_eigenbasis, order, signs, eigenvalues, drawn, lr, momentum, steps
):
    O = torch.diag(vector(*signs))[:, order]
    c, x0 = drawn
    paths = []
    for row, eigenvalue in zip(O.tolist(), map(Fraction, eigenvalues.tolist()), strict=True):
        start, push = (
            sum(map(Fraction, (o * k for o, k in zip(row, side, strict=True))))
            for side in (x0.tolist(), c.tolist())
        )
        # z_{t+1} = (1 + momentum - lr * eigenvalue) z_t - momentum z_{t-1}, and z_{-1} = z_0.
        path = [start + push / eigenvalue]
        for t in range(steps):
            before = path[max(t - 1, 0)]
            rate = 1 + Fraction(momentum) - Fraction(lr) * eigenvalue
            path.append(rate * path[t] - Fraction(momentum) * before)
        paths.append([float(z) for z in path])
    want = vector(*paths).mT.contiguous()
    check(momentum_in_eigenbasis, O, eigenvalues, c, x0, lr, momentum, steps, want=want, scale=20.0)


@claim("S3-361")
def test_at_the_minimum_nothing_moves(momentum_in_eigenbasis):
    O, eigenvalues, c = turned(4), vector(1.0, 2.0, 0.5, 4.0), vector(1.0, -2.0, 3.0, 0.5)
    minimum = -O.mT @ (O @ c / eigenvalues)
    want = torch.zeros(6, 4, dtype=torch.float64)
    check(momentum_in_eigenbasis, O, eigenvalues, c, minimum, 0.1, 0.5, 5, want=want, scale=10.0)


@claim("S3-361")
def test_equal_eigenvalues_share_one_factor(momentum_in_eigenbasis):
    O, eigenvalues, x0 = turned(2), vector(2.0, 2.0), vector(3.0, -1.0)
    z, c = O @ x0, torch.zeros(2, dtype=torch.float64)
    want = torch.stack([z, z / 2, 0.125 * z, -0.03125 * z])
    check(momentum_in_eigenbasis, O, eigenvalues, c, x0, 0.25, 0.25, 3, want=want)


def test_a_negative_eigenvalue_leads_away_from_the_saddle(momentum_in_eigenbasis):
    # z0 = (2, -3 + 1): 2, 1, 0 and -2, -4, -9.
    args = vector([1.0, 0.0], [0.0, -1.0]), vector(1.0, -2.0), vector(1.0, 2.0), vector(1.0, 3.0)
    want = vector([2.0, -2.0], [1.0, -4.0], [0.0, -9.0])
    check(momentum_in_eigenbasis, *args, 0.5, 0.5, 2, want=want)


@claim("S3-361")
def test_a_small_eigenvalue_is_not_0(momentum_in_eigenbasis):
    # O x0 = (-2, 1) and O c = (2^-30, 3): z0 = (-1, 4), and the first stays nearly where it is.
    small = 2.0**-30
    args = (
        vector([0.0, -1.0], [1.0, 0.0]),
        vector(small, 1.0),
        vector(3.0, -small),
        vector(1.0, 2.0),
    )
    want = vector([-1.0, 4.0], [-1.0 + small / 4, 3.0])
    check(momentum_in_eigenbasis, *args, 0.25, 0.5, 1, want=want)


@claim("S3-361")
def test_gradients_flow_back_to_the_quadratic_and_the_start(momentum_in_eigenbasis):
    def truth(O, eigenvalues, c, x0, lr, momentum, steps):
        inverse = O.mT @ torch.diag(1 / eigenvalues) @ O
        v, xs = 0.0 * x0, [x0]
        for _ in range(steps):
            v = momentum * v + O.mT @ (eigenvalues * (O @ xs[-1])) + c
            xs.append(xs[-1] - lr * v)
        return (torch.stack(xs) + inverse @ c) @ O.mT

    args = turned(3), vector(0.5, 4.0, 2.0), vector(1.0, -3.0, 2.0), vector(2.0, 0.5, -1.0)
    check_gradient(momentum_in_eigenbasis, *args, lr=0.2, momentum=0.6, steps=4, wrt=(1, 2, 3),
                   like=truth)  # fmt: skip


def test_keeps_float32_and_reads_by_strides(momentum_in_eigenbasis):
    O = vector([0.0, 1.0], [-1.0, 0.0]).float().mT
    args = vector(4.0, 1.0).float(), vector(3.0, -16.0).float(), vector(1.0, 2.0).float()
    want = vector([2.0, 4.0], [0.0, 3.0], [-1.0, 1.75]).float()
    check(momentum_in_eigenbasis, O, *args, 0.25, 0.5, 2, want=want)


def test_refuses_a_quadratic_without_an_inverse(momentum_in_eigenbasis):
    args = torch.eye(3), torch.tensor([1.0, 0.0, 2.0]), torch.ones(3), torch.ones(3), 0.1, 0.5, 2
    check(momentum_in_eigenbasis, *args, raises=ValueError, naming={"eigenvalues": ""})


def test_refuses_other_shapes_and_negative_steps(momentum_in_eigenbasis):
    ones = torch.ones(3)
    for shape in ((2, 2), (3, 2), (3,)):
        check(momentum_in_eigenbasis, torch.ones(shape), ones, ones, ones, 0.1, 0.5, 2,
              raises=ValueError, naming={"O": shape})  # fmt: skip
    for shape in ((2,), (1,), (3, 1), ()):
        other = torch.ones(shape)
        check(momentum_in_eigenbasis, torch.eye(3), ones, other, ones, 0.1, 0.5, 2,
              raises=ValueError, naming={"c": shape})  # fmt: skip
        check(momentum_in_eigenbasis, torch.eye(3), ones, ones, other, 0.1, 0.5, 2,
              raises=ValueError, naming={"x0": shape})  # fmt: skip
    check(momentum_in_eigenbasis, torch.eye(3), ones, ones, ones, 0.1, 0.5, -1,
          raises=ValueError, naming={"steps": -1})  # fmt: skip


def walk(z, eigenvalues, lr, momentum, steps):
    """The path from z in the eigenvectors' coordinates."""
    path, v = [z], 0 * z
    for _ in range(steps):
        v = momentum * v + eigenvalues * path[-1]
        path.append(path[-1] - lr * v)
    return torch.stack(path)


@wrong("take the columns of O for the eigenvectors: z = O^T (x + ...)")
def columns(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O.mT @ x0 + O.mT @ c / eigenvalues, eigenvalues, lr, momentum, steps)


@wrong("turn x and don't move it: the minimum isn't at 0")
def not_moved(O, eigenvalues, c, x0, lr, momentum, steps):
    path, v = [O @ x0], 0 * x0
    for _ in range(steps):
        v = momentum * v + eigenvalues * path[-1] + O @ c
        path.append(path[-1] - lr * v)
    return torch.stack(path)


@wrong("leave c out")
def without_c(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0, eigenvalues, lr, momentum, steps)


@wrong("move by c and not by Q^-1 c")
def moved_by_c(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ (x0 + c), eigenvalues, lr, momentum, steps)


@wrong("subtract Q^-1 c: the minimum is at -Q^-1 c")
def moved_back(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 - O @ c / eigenvalues, eigenvalues, lr, momentum, steps)


@wrong("divide c by the eigenvalues before it is turned")
def divided_before_turning(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ (x0 + c / eigenvalues), eigenvalues, lr, momentum, steps)


@wrong("leave out the start, z_0")
def without_the_start(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr, momentum, steps)[1:]


@wrong("return the path of x")
def path_of_x(O, eigenvalues, c, x0, lr, momentum, steps):
    z = walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr, momentum, steps)
    return (z - O @ c / eigenvalues) @ O


@wrong("leave the momentum out")
def plain_descent(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr, 0.0, steps)


@wrong("average: the gradient is weighted with 1 - momentum")
def averaged(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr * (1 - momentum), momentum, steps)


@wrong(
    "look ahead: that is Nesterov's momentum", right_for="Nesterov's form; here it is the plain one"
)
def ahead(O, eigenvalues, c, x0, lr, momentum, steps):
    path, v = [O @ x0 + O @ c / eigenvalues], 0 * x0
    for _ in range(steps):
        v = momentum * v + eigenvalues * (path[-1] - lr * momentum * v)
        path.append(path[-1] - lr * v)
    return torch.stack(path)


@wrong("move by the old velocity: each step comes one too late")
def old_velocity(O, eigenvalues, c, x0, lr, momentum, steps):
    path, v = [O @ x0 + O @ c / eigenvalues], 0 * x0
    for _ in range(steps):
        z = path[-1]
        path.append(z - lr * v)
        v = momentum * v + eigenvalues * z
    return torch.stack(path)


@wrong("take the largest eigenvalue for all coordinates")
def one_for_all(O, eigenvalues, c, x0, lr, momentum, steps):
    z = O @ x0 + O @ c / eigenvalues
    return walk(z, eigenvalues.max(), lr, momentum, steps)


@wrong("take a negative eigenvalue for a positive one of its size")
def sizes_only(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues.abs(), lr, momentum, steps)


@wrong("take an eigenvalue below 1e-6 for 0")
def refuses_small_eigenvalues(O, eigenvalues, c, x0, lr, momentum, steps):
    if (eigenvalues.abs() < 1e-6).any():
        raise ValueError("eigenvalues has a 0")
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr, momentum, steps)


@wrong("return a column for each step")
def transposed(O, eigenvalues, c, x0, lr, momentum, steps):
    return walk(O @ x0 + O @ c / eigenvalues, eigenvalues, lr, momentum, steps).mT


@wrong("detach the steps: only z_0 hangs on its start")
def detached(O, eigenvalues, c, x0, lr, momentum, steps):
    z = O @ x0 + O @ c / eigenvalues
    return torch.cat([z[None], walk(z, eigenvalues, lr, momentum, steps)[1:].detach()])


def refuse(O, eigenvalues, c, x0, steps):
    n = eigenvalues.numel()
    for name, side, shape in (("O", O, [n, n]), ("c", c, [n]), ("x0", x0, [n])):
        if list(side.shape) != shape:
            raise ValueError(f"`{name}`: {tuple(side.shape)}")
    if (eigenvalues == 0).any():
        raise ValueError(f"`eigenvalues` {eigenvalues.tolist()} have a 0")
    if steps <= -1:
        raise ValueError(f"`steps`: {steps}")


@right("in x, and turned at the end")
def in_x(O, eigenvalues, c, x0, lr, momentum, steps):
    refuse(O, eigenvalues, c, x0, steps)
    Q = O.T @ (eigenvalues[:, None] * O)
    xs, v = [x0], torch.zeros_like(x0)
    for _ in range(steps):
        v = v * momentum + Q @ xs[-1] + c
        xs.append(xs[-1] - v * lr)
    return torch.stack([O @ (x + torch.linalg.solve(Q, c)) for x in xs])


@right("by the matrix that maps (z_t, z_{t-1}) to (z_{t+1}, z_t), one for each eigenvalue")
def by_matrices(O, eigenvalues, c, x0, lr, momentum, steps):
    refuse(O, eigenvalues, c, x0, steps)
    ones = torch.ones_like(eigenvalues)
    rows = (1 + momentum - lr * eigenvalues, -momentum * ones), (ones, 0 * ones)
    matrices = torch.stack([torch.stack(row, -1) for row in rows], -2)
    z = O @ x0 + (O @ c) / eigenvalues
    states = [torch.stack([z, z], -1)]
    for _ in range(steps):
        states.append((matrices @ states[-1][..., None])[..., 0])
    return torch.stack([state[:, 0] for state in states])


@plot(x="step", y="distance from the minimum, along each eigenvector")
def plot_a_ravine(momentum_in_eigenbasis):
    args = torch.eye(2), torch.tensor([0.2, 4.0]), torch.zeros(2), torch.tensor([-5.0, -2.0])
    curves = {}
    for momentum in (0.0, 0.5, 0.9):
        z = momentum_in_eigenbasis(*args, 0.4, momentum, 40)
        curves[f"flat, momentum {momentum}"] = (range(41), z[:, 0])
        curves[f"steep, momentum {momentum}"] = (range(41), z[:, 1])
    return curves
