"""A sub-network has a subset of its parent's parameters, and its outputs are the parent's, masked."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("num_subnetworks",),
    hints=(
        "Which numbers of weight1 belong to one hidden unit, and which of weight2?",
        "A row of weight1, an entry of bias1, a column of weight2.",
    ),
)
WEIGHT1 = vector([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [-7.0, 8.0])
BIAS1 = vector(0.5, -1.0, 1.5, 2.0)
WEIGHT2 = vector([1.0, -2.0, 3.0, 4.0], [5.0, 6.0, -7.0, 8.0], [9.0, 10.0, 11.0, -12.0])
KEEP = torch.tensor([True, False, False, True])


def masks(*sizes):
    return st.lists(st.booleans(), min_size=4, max_size=4).map(torch.tensor)


@claim("S4-172")
def test_a_case_worked_by_hand(subnetwork):
    want = (
        vector([1.0, 2.0], [-7.0, 8.0]),
        vector(0.5, 2.0),
        vector([1.0, 4.0], [5.0, 8.0], [9.0, -12.0]),
    )
    check(subnetwork, WEIGHT1, BIAS1, WEIGHT2, KEEP, want=want)


@claim("S4-172")
@given(inputs.tensors(4, 2), inputs.tensors(4), inputs.tensors(3, 4), masks())
def test_gives_what_the_parent_gives_with_masked_units(subnetwork, weight1, bias1, weight2, keep):
    x = inputs.numbers(2, 5)

    def outputs(weight1, bias1, weight2, keep):
        first, bias, second = subnetwork(weight1, bias1, weight2, keep)
        return second @ torch.sigmoid(first @ x + bias[:, None])

    hidden = torch.sigmoid(weight1 @ x + bias1[:, None]) * keep[:, None]
    check(outputs, weight1, bias1, weight2, keep, want=weight2 @ hidden)


@claim("S4-172")
@pytest.mark.parametrize("part", [0, 1, 2])
@given(inputs.tensors(4, 2), inputs.tensors(4), inputs.tensors(3, 4), masks())
def test_gradients_reach_the_parents_own_parameters(
    subnetwork, part, weight1, bias1, weight2, keep
):
    def like(weight1, bias1, weight2, keep):
        return weight1[keep], bias1[keep], weight2[:, keep]

    check_gradient(subnetwork, weight1, bias1, weight2, keep, like=like, of=part)


@claim("S4-172")
def test_all_units_are_the_parent_and_none_is_a_network_without_units(subnetwork):
    whole = (WEIGHT1, BIAS1, WEIGHT2)
    check(subnetwork, *whole, torch.ones(4).bool(), want=whole)
    none = torch.zeros(0, 2).double(), torch.zeros(0).double(), torch.zeros(3, 0).double()
    check(subnetwork, *whole, torch.zeros(4).bool(), want=none)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(subnetwork, dtype):
    whole = [t.to(dtype) for t in (WEIGHT1, BIAS1, WEIGHT2)]
    want = (whole[0][[0, 3]], whole[1][[0, 3]], whole[2][:, [0, 3]])
    check(subnetwork, *whole, KEEP, want=want)


def test_reads_by_strides(subnetwork):
    turned = WEIGHT1.mT.contiguous().mT, BIAS1, WEIGHT2.mT.contiguous().mT
    want = (WEIGHT1[[0, 3]], BIAS1[[0, 3]], WEIGHT2[:, [0, 3]])
    check(subnetwork, *turned, KEEP, want=want)


def test_refuses_what_is_no_mask_of_the_hidden_units(subnetwork):
    for keep in (KEEP[:3], KEEP[:1], KEEP[None]):
        call, naming = (WEIGHT1, BIAS1, WEIGHT2, keep), {"keep": tuple(keep.shape)}
        check(subnetwork, *call, raises=ValueError, naming=naming)
    for keep in (KEEP.long(), KEEP.double()):
        call, naming = (WEIGHT1, BIAS1, WEIGHT2, keep), {"keep": keep.dtype}
        check(subnetwork, *call, raises=ValueError, naming=naming)


@wrong("keep what was lost, and lose what was kept")
def inverted(weight1, bias1, weight2, keep):
    return weight1[~keep], bias1[~keep], weight2[:, ~keep]


@wrong("take the mask for positions: it picks rows 0 and 1 over and over")
def as_positions(weight1, bias1, weight2, keep):
    at = keep.long()
    return weight1[at], bias1[at], weight2[:, at]


@wrong("set the lost units to 0 and keep their places: the network is as large as before")
def zeroed(weight1, bias1, weight2, keep):
    return weight1 * keep[:, None], bias1 * keep, weight2 * keep


@wrong("scale the second layer by the share that stays")
def scaled(weight1, bias1, weight2, keep):
    return weight1[keep], bias1[keep], weight2[:, keep] / keep.double().mean().clamp(min=0.1)


@wrong("detach the parameters: what the sub-network learns doesn't reach its parent")
def detached(weight1, bias1, weight2, keep):
    return weight1[keep].detach(), bias1[keep].detach(), weight2[:, keep].detach()


@wrong("keep the first units, as many as stay")
def first_units(weight1, bias1, weight2, keep):
    m = int(keep.sum())
    return weight1[:m], bias1[:m], weight2[:, :m]


@wrong("reverse the order of the units")
def reversed_order(weight1, bias1, weight2, keep):
    return weight1[keep].flip(0), bias1[keep].flip(0), weight2[:, keep].flip(1)


@wrong("forget the bias of the units that stay")
def zero_bias(weight1, bias1, weight2, keep):
    return weight1[keep], bias1[keep] * 0, weight2[:, keep]


@right("by the positions of the units that stay")
def by_positions(weight1, bias1, weight2, keep):
    if not (isinstance(keep, torch.Tensor) and keep.dtype is torch.bool):
        raise ValueError(f"keep must be bool, not {keep.dtype}")
    if keep.ndim != 1 or len(keep) != len(weight1):
        raise ValueError(f"keep: {tuple(keep.shape)}")
    at = keep.nonzero()[:, 0]
    return weight1.index_select(0, at), bias1.index_select(0, at), weight2.index_select(1, at)
