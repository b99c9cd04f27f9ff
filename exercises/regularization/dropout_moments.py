"""Regularization: what dropout does to the sums that the next layer computes."""

from jaxtyping import Float
from torch import Tensor


def dropout_moments(
    x: Float[Tensor, "n d"], weight: Float[Tensor, "k d"], p: float
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k"]]:
    """Mean and variance, over all masks, of the outputs of a linear layer behind dropout.

        output = weight x',   x'_j = 0 with probability p, otherwise x_j / (1 - p)

    One output for each row of `x` and each row of `weight`; the d entries of a row of `x` are lost
    independently. Both are exact to rounding, however small `p` is; nothing is drawn. `p` is from 0
    to 1; with p = 1 everything is lost. Gradients flow back through both, and the dtype is that of
    `x`, which is that of the weights.

    Raises:
        ValueError: naming `p` and its value, if it isn't from 0 to 1; naming `weight` and its
            shape, if its rows aren't as long as those of `x`; naming `x` and its dtype, if that
            isn't floating point.

    Notes: PyTorch basics, noise without bias; supplements to D2L, dropout.

    >>> import torch
    >>> dropout_moments(torch.tensor([[2.0, 1.0]]), torch.tensor([[1.0, -3.0]]), p=0.5)
    (tensor([[-1.]]), tensor([[13.]]))
    """
    raise NotImplementedError
