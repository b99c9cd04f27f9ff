"""Training: one pass over the rows, and how well the model did on the way."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def train_epoch(
    weight: Float[Tensor, "k d"],
    features: Float[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    lr: float,
    batch_size: int,
) -> tuple[Float[Tensor, "k d"], Float[Tensor, ""], float]:
    """The weights after an epoch of softmax regression, its mean loss, and its accuracy.

    The rows are taken in their order, `batch_size` at a time; the last batch may be smaller. The
    loss of a batch is the mean over its rows of -log softmax(weight features_i)[labels_i], and each
    batch is a step of gradient descent at rate `lr` on it. Loss and accuracy are means over all n
    rows, each row scored once: by the weights that its batch's gradient is taken at, before its
    step. A row is right if its label has the largest score; among equal scores the smallest class
    is the answer.

    Weights and loss have the dtype of `weight` and hang on no graph; a rate that diverges isn't
    refused.

    Raises:
        ValueError: naming `labels` and its shape, if it hasn't one for each row of `features`, or
            if there are no rows; naming `batch_size` and its value, if it is below 1; naming `lr`
            and its value, if it is negative, infinite or nan.

    Not allowed: torch.optim and torch.utils.data.

    Notes: D2L notes, softmax regression from scratch; PyTorch basics, training.

    >>> features, labels = torch.tensor([[1.0], [1.0], [-1.0]]), torch.tensor([1, 1, 1])
    >>> train_epoch(torch.zeros(2, 1), features, labels, lr=6.0, batch_size=3)
    (tensor([[-1.],
            [ 1.]]), tensor(0.6931), 0.0)
    """
    if labels.shape != features.shape[:1] or not len(labels):
        raise ValueError(f"labels has shape {list(labels.shape)}, features {list(features.shape)}")
    if batch_size < 1 or not 0 <= lr < math.inf:
        raise ValueError(f"batch_size is {batch_size} and lr is {lr}: one of them can't be")
    loss, right = weight.new_zeros(()), 0
    for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
        # A leaf of its own for each batch: neither graphs nor gradients of earlier ones are left.
        weight = weight.detach().requires_grad_()
        scores = x @ weight.mT
        cost = torch.nn.functional.cross_entropy(scores, y)
        (grad,) = torch.autograd.grad(cost, weight)
        weight = weight.detach() - lr * grad
        # Before the step, and times the rows: a small last batch counts for no more than they do.
        loss = loss + cost.detach() * len(x)
        right += int((scores.argmax(1) == y).sum())
    return weight, loss / len(features), right / len(features)
