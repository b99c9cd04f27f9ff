"""The pattern of an error is found, and only where it is there."""

import pytest
import torch

from grader.words.patterns import patterns

X = torch.tensor([[1.0, -2.0, 0.5], [3.0, 4.0, -7.0]], dtype=torch.float64)
SQUARE = torch.tensor([[1.0, 2.0], [3.0, 5.0]])


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
    ],
)
def test_a_pattern_is_named(got, want, told):
    (sentence,) = patterns(got, want)
    assert told in sentence


@pytest.mark.parametrize(
    ("got", "want"), [(X, X), (X[:, :1], X[:, 0] + 1), (X.where(X > 0, 9.0), X), ("a", "b"), (1, 2)]
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
