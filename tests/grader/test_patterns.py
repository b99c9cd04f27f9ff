"""The pattern of an error is found, and only where it is there."""

import pytest
import torch

from grader.words.patterns import patterns

X = torch.tensor([[1.0, -2.0, 0.5], [3.0, 4.0, -7.0]], dtype=torch.float64)
SQUARE = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
CUBE = torch.arange(24, dtype=torch.float64).reshape(2, 3, 4).cos()
NEAR = 1 + torch.tensor([[1.0, -3.0, 2.0], [5.0, 0.0, -8.0]], dtype=torch.float64) / 1e4
ROWS, COLUMNS = X.softmax(1), X.softmax(0)


@pytest.mark.parametrize(
    ("got", "want", "told"),
    [
        (-X, X, "The sign is flipped"),
        (X / 2, X, "Every entry is 1/2 times"),
        (X * 3, X, "Every entry is 3 times"),
        (X + 0.5, X, "Every entry is +0.5 away"),
        (X.mT, X, "It is the transpose"),
        (SQUARE.mT, SQUARE, "It is the transpose"),
        (X.reshape(-1), X, "only their shape is not"),
        (X.flip(1), X, "reverse order along dimension 1"),
        (X.roll(1, 1), X, "shifted by one along dimension 1: each entry comes one late"),
        (X.roll(-1, 1), X, "each entry comes one early"),
        (X.where(X < 4, torch.inf), X, "It is inf where a finite number should be"),
        (X.where(X < 4, torch.nan), X, "It is nan where a finite number should be"),
        (0.5, 1.0, "1/2 times"),
        ((X, -X), (X, X), "The sign is flipped"),
        (-X.float() * (1 + 1e-6), X.float(), "The sign is flipped"),
        (CUBE.transpose(0, 2), CUBE, "Dimensions 0 and 2 are swapped"),
        (CUBE[:, :, :3].mT, CUBE[:, :, :3], "Dimensions 1 and 2 are swapped"),
        (COLUMNS, ROWS, "It sums to 1 along dimension 0, but should along dimension 1"),
        (X.flatten().softmax(0).reshape(2, 3), ROWS, "It sums to 1 over all entries, but should"),
        (X - X.mean(0), X - X.mean(1, keepdim=True), "It sums to 0 along dimension 0"),
        (X / X.norm(dim=0), (X.mT / X.norm(dim=1)).mT, "Its squares sum to 1 along dimension 0"),
        (X.float() * NEAR.float(), X.float(), "Only about 3 digits are right"),
        (X * (1 + (NEAR - 1) / 1e5), X, "Only about 8 digits are right"),
    ],
)
def test_a_pattern_is_named(got, want, told):
    (sentence,) = patterns(got, want)
    assert told in sentence


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (X, X),
        (X[:, :1], X[:, 0] + 1),
        (X.where(X > 0, 9.0), X),
        ("a", "b"),
        (1, 2),
        (CUBE.transpose(0, 2) + CUBE.mT[0, 0, 0], CUBE),  # no dimensions swapped
        (X.softmax(0) + X, X.softmax(1)),  # sums to 1 along no dimension
        (ROWS.flip(1) ** 2, ROWS),
        (X.where(X != 3, 3.001), X.where(X != 1, 9.0)),  # one entry is near, another isn't
        (X.float() * (1 + 1e-6), X.float()),
        (torch.tensor([0.0, 1e-4]), torch.tensor([1e-4, 0.0]) + 1),
        (torch.tensor([1e200, 1.0], dtype=X.dtype), torch.tensor([1e-200, 2.0], dtype=X.dtype)),
    ],
)
def test_no_pattern_is_invented(got, want):
    assert patterns(got, want) == []


def test_only_ties_are_wrong():
    x = torch.tensor([1.0, 2.0, 2.0, 3.0])
    got = torch.tensor([1.0, 5.0, 6.0, 3.0])
    assert patterns(got, x, (x,)) == ["Only entries that are tied with another are wrong."]


def test_only_large_inputs_are_wrong():
    x = torch.tensor([1.0, -2.0, 90.0, -80.0])
    (sentence,) = patterns(torch.tensor([1.0, -2.0, 7.0, 9.0]), x, (x,))
    assert sentence == "Only large inputs are wrong: those of 80 and more."


def test_another_dimension_was_reduced():
    x = torch.zeros(2, 3, 4)
    (sentence,) = patterns(torch.zeros(2, 3), torch.ones(3, 4), (x,))
    assert sentence == "It lacks dimension 2 of the argument, but should lack 0."


@pytest.mark.parametrize("shape", [(3, 3), (2, 2)])  # of a square nobody knows which is gone
def test_no_reduced_dimension_is_invented(shape):
    x = torch.zeros(3, 3)
    assert patterns(torch.zeros(shape), torch.ones(3), (x,)) == []


def test_lost_digits_are_told_before_large_inputs():
    x = torch.tensor([1.0, -2.0, 90.0, -80.0])
    (sentence,) = patterns(x * torch.tensor([1.0, 1.0, 1.0002, 1.0001]), x, (x,))
    assert "Only about 3 digits are right" in sentence


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_patterns_are_found_within_the_rounding_of_the_dtype(dtype):
    want = X.to(dtype)
    got = (2 * X * (1 + 0.1 * (NEAR - 1) * torch.finfo(dtype).eps / 1e-3)).to(dtype)
    assert patterns(got, want) == ["Every entry is 2 times what it should be."]
