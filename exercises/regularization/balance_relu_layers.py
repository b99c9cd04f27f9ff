"""Regularization: the same network, with the smallest weights."""

from jaxtyping import Float
from torch import Tensor


def balance_relu_layers(
    weight1: Float[Tensor, "h d"], bias1: Float[Tensor, " h"], weight2: Float[Tensor, "k h"]
) -> tuple[Float[Tensor, "h d"], Float[Tensor, " h"], Float[Tensor, "k h"]]:
    """The two layers of a network, rescaled: the same function with the smallest L2 penalty.

        network(x) = weight2 relu(weight1 x + bias1)

    The first layer is multiplied by one number above 0 and the second by another, so that the
    function stays what it is, and ||weight1||^2 + ||weight2||^2 (biases aren't penalised) is as
    small as such numbers can make it. The dtype is kept.

    Raises:
        ValueError: naming `weight1` or `weight2` and its shape, if all its entries are 0: smaller
            numbers for the other layer are always better then.

    Notes: interview questions, one weight decay for all layers.

    >>> import torch
    >>> weight1, bias1, weight2 = torch.tensor([[8.0]]), torch.tensor([4.0]), torch.tensor([[2.0]])
    >>> balance_relu_layers(weight1, bias1, weight2)
    (tensor([[4.]]), tensor([2.]), tensor([[4.]]))
    """
    raise NotImplementedError
