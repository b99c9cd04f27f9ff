"""Normalization: the batch normalization layer, with its state and its two modes."""

import torch
from jaxtyping import Float
from torch import Tensor


class BatchNorm:
    """Batch normalization of [n, c, ...] as torch's layer has it, in training and at inference.

        y = gamma * (x - mean) / sqrt(var + eps) + beta,    one of each for every channel

    In training mode, the one it starts in, `mean` and `var` are those of the batch, var the biased
    one, and each call updates the running statistics. At inference they are the running statistics,
    which then stay as they are. Those begin at mean 0 and variance 1:

        running' = (1 - momentum) * running + momentum * statistic of the batch

    where the variance is the unbiased one. With momentum=None they are the plain averages over all
    training batches. Channels are dimension 1; statistics are over all other dimensions.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, model.train() and model.eval(); D2L notes, batch normalization.

    >>> layer = BatchNorm(torch.ones(1), torch.zeros(1), eps=1.0, momentum=0.5)
    >>> layer.forward(torch.tensor([[0.0], [8.0], [8.0], [0.0]])).squeeze()
    tensor([-0.9701,  0.9701,  0.9701, -0.9701])
    >>> layer.eval()
    >>> layer.forward(torch.tensor([[2.0]]))
    tensor([[0.]])
    """

    def __init__(
        self,
        gamma: Float[Tensor, " c"],
        beta: Float[Tensor, " c"],
        eps: float = 1e-5,
        momentum: float | None = 0.1,
    ) -> None:
        """Start in training mode, before the first batch."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> None:
        """Switch to training mode; to inference if `mode` is False."""
        raise NotImplementedError

    def eval(self) -> None:
        """Switch to inference."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "n c *space"]) -> Float[Tensor, "n c *space"]:
        """The normalised batch, in the dtype of `x`.

        Gradients flow back to `x`, also through the batch's statistics, and to the gamma and beta
        that were given; none flows through the running statistics to an earlier batch.

        Raises:
            ValueError: naming `x` and its shape, if it has other channels than `gamma` or, in
                training mode only, fewer than 2 values a channel.
        """
        raise NotImplementedError
