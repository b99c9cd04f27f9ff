"""Training: epochs at a falling rate, and the weights that did best on the validation rows."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def fit(
    weight: Float[Tensor, "k d"],
    train: tuple[Float[Tensor, "n d"], Int64[Tensor, " n"]],
    val: tuple[Float[Tensor, "m d"], Int64[Tensor, " m"]],
    lr: float,
    gamma: float,
    batch_size: int,
    epochs: int,
    patience: int,
) -> tuple[Float[Tensor, "k d"], Float[Tensor, " e"]]:
    """The best weights of softmax regression on the way, and the validation losses of all e epochs.

    `train` and `val` are (features, labels), both with at least one row. The loss of some rows is
    the mean of -log softmax(weight features_i)[labels_i]. Epoch t = 0, 1, ... takes the training
    rows in their order, `batch_size` at a time (the last batch may be smaller), makes a step of
    gradient descent at rate lr * gamma^t on the loss of each batch, and ends with the loss of all
    validation rows.

    Training ends after `epochs` epochs, or after the `patience`-th in a row whose validation loss
    isn't below the lowest before. The weights are those after the epoch of the lowest validation
    loss, the first of equals. Both results have the dtype of `weight` and hang on no graph. A loss
    of nan is below none: if there is no other, the weights are `weight` as it was.

    Raises:
        ValueError: naming `lr` or `gamma` and its value, if it is negative, infinite or nan; naming
            `batch_size`, `epochs` or `patience` and its value, if it is below 1.

    Not allowed: torch.optim and torch.utils.data.

    Notes: PyTorch study, learning rate schedules; model evaluation notes, overfitting.

    >>> train = torch.tensor([[1.0], [1.0]]), torch.tensor([1, 1])
    >>> val = torch.tensor([[1.0], [1.0], [1.0]]), torch.tensor([1, 1, 0])
    >>> settings = {"lr": 1.0, "gamma": 0.5, "batch_size": 2, "epochs": 9, "patience": 1}
    >>> best, losses = fit(torch.zeros(2, 1), train, val, **settings)
    >>> best, losses
    (tensor([[-0.5000],
            [ 0.5000]]), tensor([0.6466, 0.6707]))
    """
    counts = {"batch_size": (batch_size, 1), "epochs": (epochs, 1), "patience": (patience, 1)}
    for name, (value, least) in ({"lr": (lr, 0), "gamma": (gamma, 0)} | counts).items():
        if not least <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be finite and at least {least}")
    best = now = weight.detach()
    losses: list[Tensor] = []
    lowest, waited = math.inf, 0
    for t in range(epochs):
        for x, y in zip(*(rows.split(batch_size) for rows in train), strict=True):
            now = now - lr * gamma**t * _gradient(now, x, y)
        losses.append(torch.nn.functional.cross_entropy(val[0] @ now.mT, val[1]).detach())
        # Each step makes a new tensor, so that `best` isn't moved by what comes after it.
        if losses[-1] < lowest:
            best, lowest, waited = now, float(losses[-1]), 0
        else:
            waited += 1
        if waited == patience:
            break
    return best, torch.stack(losses)


def _gradient(weight: Tensor, x: Tensor, y: Tensor) -> Tensor:
    leaf = weight.detach().requires_grad_()
    (grad,) = torch.autograd.grad(torch.nn.functional.cross_entropy(x @ leaf.mT, y), leaf)
    return grad
