"""Hypothesis strategies that draw the arguments of exercises.

Entries are k/8 or k/16: exact in every dtype, and small numbers to read once shrunk.
"""

from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor

Size = int | st.SearchStrategy[int]


def vector(*values: float) -> Tensor:
    """Return these numbers in float64."""
    return torch.tensor(values, dtype=torch.float64)


def numbers(*shape: int) -> Tensor:
    """Return float64 numbers on the grid of 1/4, the same each time, in no simple order.

    Sums of their products are exact, whatever the order: data of a case that is too large for a hand.
    """
    count = torch.Size(shape).numel()
    return (((torch.arange(count, dtype=torch.float64) * 13 + 5) % 29) / 4 - 3.5).reshape(shape)


def sizes(low: int = 1, high: int = 5) -> st.SearchStrategy[int]:
    """Draw the length of a dimension."""
    return st.integers(low, high)


UP_TO_5 = sizes(1, 5)
UP_TO_6 = sizes(1, 6)
FROM_2_TO_6 = sizes(2, 6)


@st.composite
def tensors(
    draw: st.DrawFn,
    *shape: Size,
    low: float = -5,
    high: float = 5,
    dtype: torch.dtype = torch.float64,
    step: float = 1 / 8,
) -> Tensor:
    """Draw a tensor of the given sizes (ints, or strategies of ints) on the grid of `step`."""
    lengths = [s if isinstance(s, int) else draw(s) for s in shape]
    return _grid(draw, lengths, low, high, step).to(dtype)


@st.composite
def labelled_logits(
    draw: st.DrawFn,
    n: Size = UP_TO_5,
    c: Size = FROM_2_TO_6,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, Tensor]:
    """Draw logits [n, c] of a moderate size, and one target class a row [n], int64."""
    rows, classes = (s if isinstance(s, int) else draw(s) for s in (n, c))
    logits = _grid(draw, [rows, classes], -5, 5, 1 / 8).to(dtype)
    targets = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    return logits, torch.tensor(targets, dtype=torch.int64)


@st.composite
def distributions(
    draw: st.DrawFn,
    *shape: Size,
    zeros: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Draw probabilities that sum to 1 over the last dimension; some are 0 if `zeros`."""
    lengths = [s if isinstance(s, int) else draw(s) for s in shape]
    weights = _grid(draw, lengths, 0 if zeros else 1, 8, 1)
    weights[..., 0] += (weights.sum(-1) == 0).double()
    return (weights / weights.sum(-1, keepdim=True)).to(dtype)


@st.composite
def graphs(
    draw: st.DrawFn,
    n: Size = UP_TO_6,
    *,
    weighted: bool = False,
    loops: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Draw the symmetric adjacency matrix [n, n] of an undirected graph; vertices may be isolated."""
    size = n if isinstance(n, int) else draw(n)
    entries = _grid(draw, [size, size], 0, 4 if weighted else 1, 1)
    upper = entries.triu(0 if loops else 1)
    return (upper + upper.triu(1).mT).to(dtype)


def _grid(draw: st.DrawFn, shape: Sequence[int], low: float, high: float, step: float) -> Tensor:
    count = int(torch.Size(shape).numel())
    whole = st.integers(round(low / step), round(high / step))
    entries = draw(st.lists(whole, min_size=count, max_size=count))
    return (torch.tensor(entries, dtype=torch.float64) * step).reshape(list(shape))
