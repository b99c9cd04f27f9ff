"""Training: the loss over a data set that is too large for one batch."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def evaluate(
    features: Float[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    weight: Float[Tensor, "k d"],
    batch_size: int,
) -> Float[Tensor, ""]:
    """The mean cross-entropy of softmax regression over all rows, batch by batch.

        mean over i of -log softmax(weight features_i)[labels_i]

    No more than `batch_size` rows are scored at once; the last batch may be smaller, and every row
    counts the same. The result has the dtype of `features` and no graph: nothing is kept for a
    backward pass.

    Raises:
        ValueError: naming `features` and its shape, if there are no rows; naming `labels` and its
            shape, if it hasn't one for each row; naming `weight` and its shape, if it hasn't one
            number for each feature; naming `batch_size` and its value, if it is below 1.

    Notes: exam notes, stochastic gradient descent; interview notes, eval and no_grad.

    >>> evaluate(torch.zeros(5, 2), torch.tensor([0, 1, 1, 0, 2]), torch.ones(4, 2), batch_size=2)
    tensor(1.3863)
    """
    if not len(features):
        raise ValueError(f"features has shape {list(features.shape)}: there are no rows")
    if labels.shape != features.shape[:1]:
        raise ValueError(f"labels has shape {list(labels.shape)}, features {list(features.shape)}")
    if weight.shape[1:] != features.shape[1:]:
        raise ValueError(f"weight has shape {list(weight.shape)}, features {list(features.shape)}")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, but must be at least 1")
    total = features.new_zeros(())
    with torch.no_grad():
        for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
            # A sum, so that the rows of a smaller last batch don't count more than others.
            total = total + torch.nn.functional.cross_entropy(x @ weight.mT, y, reduction="sum")
    return total / len(features)
