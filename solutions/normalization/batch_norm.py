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
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.running_mean, self.running_var = torch.zeros_like(gamma), torch.ones_like(gamma)
        self.training, self.batches = True, 0

    def train(self, mode: bool = True) -> None:
        """Switch to training mode; to inference if `mode` is False."""
        self.training = mode

    def eval(self) -> None:
        """Switch to inference."""
        self.training = False

    def forward(self, x: Float[Tensor, "n c *space"]) -> Float[Tensor, "n c *space"]:
        """The normalised batch, in the dtype of `x`.

        Gradients flow back to `x`, also through the batch's statistics, and to the gamma and beta
        that were given; none flows through the running statistics to an earlier batch.

        Raises:
            ValueError: naming `x` and its shape, if it has other channels than `gamma` or, in
                training mode only, fewer than 2 values a channel.
        """
        if x.shape[1:2] != self.gamma.shape or (self.training and x[:, 0].numel() < 2):
            raise ValueError(f"x has shape {list(x.shape)}, which gives no statistics of a channel")
        dims = tuple(d for d in range(x.dim()) if d != 1)
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean(dims), x.var(dims, correction=0)
            self._update(mean.detach(), x.detach().var(dims, correction=1))
        per_channel = (-1,) + (1,) * (x.dim() - 2)
        factor = (self.gamma / (var + self.eps).sqrt()).reshape(per_channel)
        return factor * (x - mean.reshape(per_channel)) + self.beta.reshape(per_channel)

    def _update(self, mean: Tensor, var: Tensor) -> None:
        self.batches += 1
        # Two variances: the biased one normalises this batch, the unbiased one is for all others.
        rate = 1 / self.batches if self.momentum is None else self.momentum
        self.running_mean = (1 - rate) * self.running_mean + rate * mean
        self.running_var = (1 - rate) * self.running_var + rate * var
