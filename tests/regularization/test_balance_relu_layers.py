"""(c W1, c b1, W2 / c) with c = sqrt(||W2|| / ||W1||)."""

import torch
from hypothesis import assume, given

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("regularized_loss",),
    hints=(
        "relu(c z) = c relu(z) for c > 0. What must the second layer do about it?",
        "Minimise c^2 ||W1||^2 + ||W2||^2 / c^2 over c.",
        "c = sqrt(||W2|| / ||W1||): then both norms are the same.",
    ),
)
# The squares sum to 64 and to 4: c is 1/2.
W1, B1 = vector([4.0, 0.0, -4.0], [4.0, 4.0, 0.0]), vector(2.0, -6.0)
W2 = vector([1.0, 1.0], [1.0, 0.0], [0.0, -1.0], [0.0, 0.0])


def network(w1, b1, w2, x):
    return (x @ w1.mT + b1).relu() @ w2.mT


@claim("S4-314")
def test_a_case_worked_by_hand(balance_relu_layers):
    check(balance_relu_layers, W1, B1, W2, want=(W1 / 2, B1 / 2, 2 * W2))
    check(balance_relu_layers, W1 / 4, B1, 4 * W2, want=(W1 / 2, 2 * B1, 2 * W2))


@claim("S4-314", "S4-044")
@counterexample("S4-044")  # "smaller weights, lower complexity": the very same function
@given(
    inputs.tensors(inputs.sizes(1, 4), 3), inputs.tensors(4), inputs.tensors(2, 4),
    inputs.tensors(5, 3),
)  # fmt: skip
def test_the_function_stays_and_both_norms_are_equal(balance_relu_layers, w1, b1, w2, x):
    b1, w2 = b1[: len(w1)], w2[:, : len(w1)]
    assume(w1.any() and w2.any())

    def balanced(answer):
        same = torch.allclose(network(*answer, x), network(w1, b1, w2, x), rtol=1e-9, atol=1e-9)
        squares = [float(answer[i].square().sum()) for i in (0, 2)]
        equal = abs(squares[0] - squares[1]) <= 1e-9 * sum(squares)
        # Neither layer turns, and the first keeps its direction, bias included.
        first = torch.cat([answer[0], answer[1][:, None]], 1)
        scale = first.norm() / torch.cat([w1, b1[:, None]], 1).norm()
        kept = torch.allclose(first, scale * torch.cat([w1, b1[:, None]], 1), rtol=1e-9)
        return same and equal and kept

    told = "the same function, the first layer scaled as a whole, and equal norms"
    check(balance_relu_layers, w1, b1, w2, want=such_that(told, balanced))


@claim("S4-314")
def test_no_other_factor_costs_less(balance_relu_layers):
    factors = torch.logspace(-2, 2, 401, dtype=torch.float64)
    least = float((factors.square() * 64 + 4 / factors.square()).min())

    def cheapest(answer):
        price = float(answer[0].square().sum() + answer[2].square().sum())
        return price <= least * (1 + 1e-12)

    told = "weights whose squares sum to no more than with any other factor"
    check(balance_relu_layers, W1, B1, W2, want=such_that(told, cheapest))


@claim("S4-314")
def test_balanced_layers_stay(balance_relu_layers):
    check(balance_relu_layers, W1 / 2, B1, 2 * W2, want=(W1 / 2, B1, 2 * W2))
    check(balance_relu_layers, W1, 0 * B1, W2, want=(W1 / 2, 0 * B1, 2 * W2))


@claim("S4-314")
def test_weights_that_cancel_are_not_0(balance_relu_layers):
    w1, w2 = vector([4.0, -4.0], [0.0, 0.0]), vector([1.0, -1.0])
    check(balance_relu_layers, w1, B1, w2, want=(w1 / 2, B1 / 2, 2 * w2))


def test_keeps_the_dtype_and_reads_by_strides(balance_relu_layers):
    half = [x.half() for x in (W1, B1, W2)]
    want = ((W1 / 2).half(), (B1 / 2).half(), (2 * W2).half())
    check(balance_relu_layers, *half, want=want)
    turned = [w.mT.contiguous().mT for w in (W1, W2)]
    check(balance_relu_layers, turned[0], B1, turned[1], want=(W1 / 2, B1 / 2, 2 * W2))


@claim("S4-314")
def test_refuses_layers_without_weights(balance_relu_layers):
    naming = {"weight1": (2, 3)}
    check(balance_relu_layers, 0 * W1, B1, W2, raises=ValueError, naming=naming)
    naming = {"weight2": (4, 2)}
    check(balance_relu_layers, W1, B1, 0 * W2, raises=ValueError, naming=naming)


def scaled(w1, b1, w2, c, bias=True):
    return c * w1, (c * b1 if bias else b1.clone()), w2 / c


@wrong("leave the bias as it is: the function changes")
def without_bias(weight1, bias1, weight2):
    return scaled(weight1, bias1, weight2, (weight2.norm() / weight1.norm()) ** 0.5, bias=False)


@wrong("forget the root: the norms change places")
def without_root(weight1, bias1, weight2):
    return scaled(weight1, bias1, weight2, weight2.norm() / weight1.norm())


@wrong("turn the fraction over: the larger layer grows")
def turned_over(weight1, bias1, weight2):
    return scaled(weight1, bias1, weight2, (weight1.norm() / weight2.norm()).sqrt())


@wrong("take the root of the squares' ratio twice too little: c^4 is the ratio of squares, not c^2")
def ratio_of_squares(weight1, bias1, weight2):
    return scaled(
        weight1, bias1, weight2, (weight2.square().sum() / weight1.square().sum()) ** 0.125
    )


@wrong("count the bias among the weights")
def with_bias(weight1, bias1, weight2):
    first = (weight1.square().sum() + bias1.square().sum()).sqrt()
    return scaled(weight1, bias1, weight2, (weight2.norm() / first).sqrt())


@wrong("balance the mean squares: large layers keep more")
def mean_squares(weight1, bias1, weight2):
    c = (weight2.square().mean() / weight1.square().mean()) ** 0.25
    return scaled(weight1, bias1, weight2, c)


@wrong("scale both to a norm of 1: the function is another one")
def unit_norms(weight1, bias1, weight2):
    return weight1 / weight1.norm(), bias1 / weight1.norm(), weight2 / weight2.norm()


@wrong("balance the sums of absolute values: that is for an L1 penalty")
def absolute_values(weight1, bias1, weight2):
    return scaled(weight1, bias1, weight2, (weight2.abs().sum() / weight1.abs().sum()).sqrt())


@wrong("multiply the second layer by c too")
def both_the_same_way(weight1, bias1, weight2):
    c = (weight2.norm() / weight1.norm()).sqrt()
    return c * weight1, c * bias1, c * weight2


@wrong("scale in place")
def in_place(weight1, bias1, weight2):
    c = (weight2.norm() / weight1.norm()).sqrt()
    return weight1.mul_(c), bias1.mul_(c), weight2.div_(c)


@right("to the geometric mean of the norms")
def to_the_common_norm(weight1, bias1, weight2):
    if bool((weight1 == 0).all()):
        raise ValueError(f"weight1: {tuple(weight1.shape)}")
    if bool((weight2 == 0).all()):
        raise ValueError(f"weight2: {tuple(weight2.shape)}")
    one, two = (torch.linalg.matrix_norm(w) for w in (weight1, weight2))
    both = (one * two) ** 0.5
    return weight1 * (both / one), bias1 * (both / one), weight2 * (both / two)
