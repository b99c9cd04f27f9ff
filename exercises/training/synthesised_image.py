"""Training: an image is what is trained, through a network that stays as it is."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def synthesised_image(
    start: Float[Tensor, "c h w"],
    target: Float[Tensor, "f p q"],
    kernels: Float[Tensor, "f c a b"],
    lr: float,
    steps: int,
) -> Float[Tensor, "c h w"]:
    """The image after so many steps of gradient descent towards the features `target`.

        features(x) = relu of the cross-correlation of x with each kernel (no padding, no bias)
        loss(x)     = mean over the f p q entries of (features(x) - target)^2
        step:    x' = x - lr * dloss/dx

    The first x is `start`, and relu has the derivative 0 at 0. Only the image is trained: kernels
    and target stay as they are and get no gradient, even if they require one. Neither pixels nor
    gradients are clamped. The result has the dtype of `start` and hangs on no graph.

    Raises:
        ValueError: naming `target` and its shape, if the features of `start` have another; naming
            `lr` and its value, if it is negative, infinite or nan; naming `steps` and its value, if
            it is negative.

    Not allowed: torch.optim.

    Notes: PyTorch study, style transfer.

    >>> start, kernels = torch.tensor([[[1.0, -1.0]]]), torch.tensor([[[[2.0]]]])
    >>> synthesised_image(start, torch.ones(1, 1, 2), kernels, lr=0.125, steps=1)
    tensor([[[ 0.7500, -1.0000]]])
    """
    raise NotImplementedError
