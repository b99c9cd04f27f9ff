"""What travels between the grader and an answer apart arrives as it was, and nothing else does."""

import json
import socket
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch

from grader.machine import wire
from grader.words.compare import differences

X, BETA = sp.symbols("x beta", positive=True)
K = sp.Symbol("k", integer=True)


def travelled(value, strided=False):
    writer = wire.Writer()
    tree = json.loads(json.dumps(writer.write(value)))
    return wire.Reader(writer.blobs, strided=strided).read(tree)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -(10**40),
        0.1,
        -0.0,
        float("inf"),
        "naïve\n",
        2 - 3j,
        Fraction(-2, 7),
        (1, [2.5, {"a": None, 3: ()}]),
        np.float32(2.5),
        np.arange(6, dtype=np.int16).reshape(2, 3),
        torch.bfloat16,
        torch.Size([2, 3]),
    ],
    ids=repr,
)
def test_plain_values_arrive_as_they_were(value):
    arrived = travelled(value)
    assert type(arrived) is type(value)
    assert np.array_equal(arrived, value) if isinstance(value, np.ndarray) else arrived == value


@pytest.mark.parametrize(
    "value",
    [
        X**2 + sp.pi * sp.I + sp.sqrt(BETA),
        sp.Sum(BETA**K, (K, 0, sp.oo)),
        sp.Piecewise((X, X > 1), (0, True)),
        sp.Matrix([[X, 1], [2, BETA]]),
        sp.Float("0.1", 40),
        sp.Rational(1, 3),
        sp.Function("f")(X),
        sp.exp(-X) / sp.Symbol("y"),
        sp.Derivative(sp.sin(X), X),
    ],
    ids=str,
)
def test_expressions_arrive_as_they_were(value):
    assert travelled(value) == value


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int8, torch.bool], ids=str)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (2, 1, 4)], ids=str)
def test_tensors_arrive_to_the_bit(dtype, shape):
    value = (torch.rand(shape, dtype=torch.float64) * 100).to(dtype)
    assert differences(travelled(value), value) == []


def test_nan_arrives_as_nan():
    value = torch.tensor([float("nan"), -float("inf"), -0.0])
    arrived = travelled(value)
    assert torch.equal(arrived.isnan(), value.isnan())
    assert torch.equal(arrived.signbit(), value.signbit())


def test_strides_are_kept_on_the_way_to_an_answer_alone():
    value = torch.arange(6.0).reshape(2, 3).mT
    assert travelled(value, strided=True).stride() == (1, 3)
    assert travelled(value).stride() == (2, 1)


def test_a_single_entry_may_have_any_stride():
    entry = torch.view_as_real(torch.tensor([3 + 4j]))[:, 1]
    assert travelled(entry).tolist() == [4]


def test_a_generator_arrives_in_the_same_state():
    generator = torch.Generator().manual_seed(3)
    want = torch.rand(2, generator=generator.clone_state())
    assert torch.equal(torch.rand(2, generator=travelled(generator)), want)


class Equal(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value", [Equal(3), object(), lambda: 3, (i for i in ())], ids=lambda v: type(v).__name__
)
def test_what_is_no_plain_value_arrives_as_a_name(value):
    arrived = travelled(value)
    assert isinstance(arrived, wire.Alien)
    assert type(arrived).__name__ == type(value).__name__
    assert differences(arrived, 3) != []


@pytest.mark.parametrize(
    "tree",
    [
        [1],
        {"t": "no such"},
        {"t": "tensor", "dtype": "torch.float64", "shape": [2**40], "at": 0, "grad": False},
        {"t": "tensor", "dtype": "torch.float64", "shape": [-1], "at": 0, "grad": False},
        {"t": "sympy", "kind": "sin", "v": ["__import__('os')"]},
        {"t": "sympy", "kind": "sympify", "v": []},
        {"t": "array", "dtype": "O", "shape": [1], "at": 0},
        {"t": "module", "home": "os", "base": "system", "class": "Linear"},
    ],
    ids=str,
)
def test_a_forged_value_is_not_read(tree):
    with pytest.raises(wire.Unreadable):
        wire.Reader([b"12345678"]).read(tree)


@pytest.mark.parametrize("sent", [b"\xff" * 8, b"\0" * 7 + b"\2[]", b"\0" * 7 + b"\5[1,2]"])
def test_a_forged_message_is_not_received(sent):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.close()
        with pytest.raises(wire.Unreadable):
            wire.receive(ours)


def test_the_end_of_the_line_is_no_message():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert wire.receive(ours) is None
