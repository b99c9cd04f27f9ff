"""Training: which rows make up the batches of an epoch."""

import torch


def minibatch_indices(
    n: int, batch_size: int, drop_last: bool = False, generator: torch.Generator | None = None
) -> list[list[int]]:
    """The row numbers of each batch of one epoch, every row in one batch.

    Rows count from 0. Batches have `batch_size` rows, one batch after another; the last has the
    rows that are left, unless `drop_last`: then it is left out if it isn't whole. Without a
    `generator` the rows keep their order; with one, they have the order that torch.randperm draws
    from it, once a call: a new one in each. Without rows there are no batches.

    Raises:
        ValueError: naming `n` and its value, if it is negative; naming `batch_size` and its value,
            if it is below 1.

    Not allowed: torch.utils.data.

    Notes: exam notes, notebook cells, class Network.

    >>> minibatch_indices(7, batch_size=3)
    [[0, 1, 2], [3, 4, 5], [6]]
    >>> minibatch_indices(7, batch_size=3, drop_last=True)
    [[0, 1, 2], [3, 4, 5]]
    """
    raise NotImplementedError
