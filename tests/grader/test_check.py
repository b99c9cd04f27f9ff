"""`check` accepts what is right, and says of what is not right what is wrong."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch

from grader import check, check_gradient, such_that, wrong
from grader.words.verdict import Accepted, Crashed, Mismatch, Unfinished

ONES = torch.ones(2, 3)
ODD = torch.tensor([torch.nan, torch.inf, -torch.inf, 0.0])
X, Y = sp.symbols("x y", positive=True)


@dataclass
class Split:
    left: int
    right: float


def returning(result, *mistakes):
    """Give an answer that returns `result` whatever it is asked."""

    def answer(*args, **kwargs):
        return result

    answer.mistakes = mistakes
    return answer


@pytest.mark.parametrize(
    ("result", "want"),
    [
        (ONES, ONES),
        (ONES + 1e-6, ONES),
        (ODD, ODD),
        (torch.tensor([True]), torch.tensor([True])),
        (torch.empty(0, 3), torch.empty(0, 3)),
        (0.5, 0.5),
        (1, 1.0),
        (np.float64(0.5), 0.5),
        (float("nan"), float("nan")),
        (3, 3),
        (np.int64(3), 3),
        (True, True),
        ("same", "same"),
        (None, None),
        (Fraction(1, 3), Fraction(1, 3)),
        (sp.Rational(1, 3), Fraction(1, 3)),
        (2, Fraction(2)),
        ((1, 2.0), (1, 2.0)),
        ([ONES, {"a": 1}], [ONES, {"a": 1}]),
        (torch.Size([2, 3]), (2, 3)),
        (np.ones(2), np.ones(2)),
        (Split(1, 2.0), Split(1, 2.0)),
        ((X + Y) ** 2, X**2 + 2 * X * Y + Y**2),
        (sp.symbols("x") + 1, X + 1),
        (sp.Matrix([[X, 1]]), sp.Matrix([[X, 1]])),
        (3, such_that("an odd number", lambda n: n % 2)),
    ],
)
def test_accepts_what_is_right(result, want):
    check(returning(result), want=want)


@pytest.mark.parametrize(
    ("result", "want", "told"),
    [
        (ONES + 1e-3, ONES, "6 of 6 entries differ, the first at [0, 0]: 1.001"),
        (ONES * torch.nan, ONES, "nan, but it should be 1"),
        (ONES[:1], ONES, "returned shape [1, 3], but it should be [2, 3]"),
        (ONES.double(), ONES, "returned dtype float64, but it should be float32"),
        (1.0, ONES, "returned no Tensor but a float"),
        (torch.nn.Parameter(ONES), ONES, "a subclass of Tensor"),
        (torch.tensor(0.5), 0.5, "but it should be a plain float"),
        ("0.5", 0.5, "returned a str '0.5', but it should be the float 0.5"),
        (0.25, 0.5, "expected  0.5"),
        (True, 1, "returned a bool True, but it should be the int 1"),
        (3.0, 3, "returned a float 3"),
        (1, True, "expected  True"),
        (None, "word", "expected  "),
        (0.3333333333333333, Fraction(1, 3), "expected  Fraction(1, 3)"),
        ([1, 2], (1, 2), "returned a list, but it should be a tuple of 2"),
        ((1,), (1, 2), "returned a tuple of 1, but it should have 2 items"),
        ((1, 3), (1, 2), "item 1 of the returned tuple:"),
        ({"a": 1}, {"b": 1}, "expected  the keys ['b']"),
        ({"a": 1}, {"a": 2}, "the value at 'a'"),
        (np.ones(2, dtype="float32"), np.ones(2), "returned dtype float32"),
        (Split(1, 3.0), Split(1, 2.0), "`right` of what was returned:"),
        (X + 1, X, "but it should be "),
        (X * sp.Symbol("z"), X * Y, "symbols that don't belong: ['z']"),
        (sp.Matrix([X]), X, "it should be a sympy scalar expression"),
        (4, such_that("an odd number", lambda n: n % 2), "an odd number"),
        ("x", such_that("an odd number", lambda n: n % 2), "an odd number"),
    ],
)
def test_says_how_a_result_differs(result, want, told):
    with pytest.raises(Mismatch) as caught:
        check(returning(result), want=want)
    assert told in str(caught.value)
    assert max(map(len, str(caught.value).split("\n"))) <= 80


def test_sees_an_argument_changed_in_place():
    with pytest.raises(Mismatch, match="changed its argument 1 in place"):
        check(lambda x: x.add_(1), torch.zeros(2, 3), want=ONES)
    with pytest.raises(Mismatch, match="changed its `x` in place"):
        check(lambda x: x.append(1), x=[0], want=None)


def test_the_callers_argument_is_never_changed():
    x = torch.zeros(2)
    with pytest.raises(Mismatch):
        check(lambda x: x.add_(1), x, want=torch.ones(2))
    assert torch.equal(x, torch.zeros(2))


@pytest.mark.parametrize("x", [torch.zeros(2, 3).mT, torch.zeros(1).expand(4), torch.zeros(4)[::2]])
def test_strides_reach_the_answer(x):
    if not any(step == 0 for step in x.stride()):
        check(lambda x: x.stride(), x, want=x.stride())
    check(lambda x: x.sum(), x, want=x.sum())


def test_an_error_names_the_argument_and_its_value():
    def answer(eps, shape):
        raise ValueError(f"eps is {eps}, shape is {list(shape)}")

    check(answer, -1.0, (2, 3), raises=ValueError, naming={"eps": -1.0, "shape": (2, 3)})
    with pytest.raises(Accepted, match=r"should name its value: -2\.0"):
        check(answer, -1.0, (2, 3), raises=ValueError, naming={"eps": -2.0})
    with pytest.raises(Accepted, match="should name the argument: dim"):
        check(answer, -1.0, (2, 3), raises=ValueError, naming={"dim": -1})
    with pytest.raises(Accepted, match="but it should raise TypeError"):
        check(answer, -1.0, (2, 3), raises=TypeError)
    with pytest.raises(Accepted, match="but it should raise ValueError"):
        check(returning(1), raises=ValueError)


def test_an_error_of_the_answer_is_a_verdict():
    with pytest.raises(Crashed, match="raised ZeroDivisionError: division by zero"):
        check(lambda x: x / 0, 1, want=1)


def test_a_part_that_is_not_written_is_told_so():
    def answer():
        raise NotImplementedError

    with pytest.raises(Unfinished, match="still to be written"):
        check(answer, want=1)


def test_a_known_mistake_is_named():
    doubled = wrong("count twice")(lambda x: 2 * ONES)
    tripled = wrong("count three times")(lambda x: 3 * ONES)
    with pytest.raises(Mismatch) as caught:
        check(returning(2 * ONES, doubled, tripled), torch.zeros(1), want=ONES)
    assert caught.value.diagnoses == ["count twice"]
    assert caught.value.in_full().endswith("This is what you get when you count twice.")


def test_a_known_mistake_that_raises_the_same_error_is_named():
    def divides(x):
        return 1 / x

    divides.mistakes = (wrong("divide by zero")(lambda x: 1 / x), wrong("return 0")(lambda x: 0))
    with pytest.raises(Crashed) as caught:
        check(divides, 0, want=1)
    assert caught.value.diagnoses == ["divide by zero"]


def test_gradients_are_compared_by_value():
    x = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    check_gradient(lambda x: x**2, x, like=torch.square)
    check_gradient(torch.mul, x, x + 1, like=torch.mul)
    want = (torch.tensor([2.0, 0.0, -2.0], dtype=torch.float64),)
    check_gradient(torch.square, x, want=want, upstream=torch.tensor([1.0, 0.0, 1.0]).double())
    with pytest.raises(Mismatch, match="Every entry is 2 times"):
        check_gradient(lambda x: 2 * x**2, x, like=torch.square)
    with pytest.raises(Mismatch, match="cut off from the graph"):
        check_gradient(lambda x: x.detach() ** 2, x, like=torch.square)
    with pytest.raises(Mismatch, match="with respect to argument 2"):
        check_gradient(lambda a, b: a * b.detach(), x, x + 1, like=torch.mul)


def test_one_item_of_a_tuple_is_differentiated():
    def powers(x):
        return x**2, x**3

    x = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    for of in (0, 1):
        check_gradient(powers, x, of=of, like=powers)
    with pytest.raises(Mismatch, match="the gradient of item 1 with respect to"):
        check_gradient(lambda x: (x**2, 2 * x**3), x, of=1, like=powers)
    with pytest.raises(Mismatch, match="returned a Tensor, but it should be a tuple"):
        check_gradient(torch.square, x, of=0, like=powers)
    with pytest.raises(Mismatch, match="returned a tuple, but it should be a Tensor"):
        check_gradient(powers, x, like=torch.square)


def test_a_gradient_of_a_known_mistake_is_named():
    def straight(x):
        return x + (x.round() - x).detach()

    straight.mistakes = (wrong("let it pass straight through")(lambda x: x + (x**3 - x).detach()),)
    with pytest.raises(Mismatch) as caught:
        check_gradient(straight, torch.tensor([1.0, 2.0]), like=lambda x: x**3)
    assert caught.value.diagnoses == ["let it pass straight through"]


def test_a_check_says_what_it_expects():
    with pytest.raises(TypeError, match="give either"):
        check(returning(1))
    with pytest.raises(TypeError, match="give either"):
        check_gradient(returning(1), ONES)


@pytest.mark.parametrize(
    ("said", "naming", "fine"),
    [
        ("n is 4", {"n": 4}, True),
        ("`n`: 4", {"n": 4}, True),
        ("no entry, 4", {"n": 4}, False),
        ("the shape of x is torch.Size([2, 3])", {"x": (2, 3)}, True),
        ("p sums to 1.002", {"p": 1.001953125}, True),
        ("p sums to 1.1", {"p": 1.001953125}, False),
        ("eps is -1", {"eps": -1.0}, True),
        ("eps is nan", {"eps": float("nan")}, True),
        ("logits has dtype torch.int64", {"logits": torch.int64}, True),
        ("reduction 'median'", {"reduction": "median"}, True),
    ],
)
def test_a_message_names_an_argument_and_its_value(said, naming, fine):
    def answer():
        raise ValueError(said)

    if fine:
        check(answer, raises=ValueError, naming=naming)
    else:
        with pytest.raises(Accepted):
            check(answer, raises=ValueError, naming=naming)


def test_a_constant_has_a_gradient_of_zero():
    x = torch.tensor([1.0, 2.0])
    check_gradient(lambda x: torch.ones(2), x, want=(torch.zeros(2),))


def test_a_generator_among_the_arguments_is_shown_with_its_seed():
    with pytest.raises(Mismatch, match=r"Generator\(\)\.manual_seed\(7\)"):
        check(returning(0), torch.Generator().manual_seed(7), want=1)


def told_of(argument):
    with pytest.raises(Mismatch) as caught:
        check(returning(0), argument, want=1)
    return str(caught.value).split("\nreturned")[0]


def test_a_lambda_among_the_arguments_is_shown_by_its_formula():
    a = 4.5
    assert told_of(lambda x: x * x - a) == "answer(lambda x: x * x - a where a = 4.5)"
    assert told_of(lambda x, y: (x @ torch.exp(y)).sum()) == (
        "answer(lambda x, y: (x @ torch.exp(y)).sum())"
    )
    assert "[returning,\n     lambda x: x]" in told_of([returning, lambda x: x])


def test_a_lambda_that_calls_code_of_the_tests_is_not_shown():
    def oracle(x):
        return x

    assert told_of(lambda x: -oracle(x)) == "answer(<lambda>)"
    assert told_of(lambda x: Split(x, x)) == "answer(<lambda>)"
    assert told_of(lambda x, f=oracle: f(x)) == "answer(<lambda>)"
    assert told_of(returning) == "answer(returning)"


def test_torchs_not_implemented_is_none_of_the_answer():
    def half(x):
        raise NotImplementedError("\"addmm\" not implemented for 'Half'")

    def rest(x):
        raise NotImplementedError("the second half")

    with pytest.raises(Crashed, match="not implemented for 'Half'"):
        check(half, ONES, want=ONES)
    with pytest.raises(Unfinished):
        check(rest, ONES, want=ONES)
