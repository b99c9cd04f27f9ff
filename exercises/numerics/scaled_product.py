"""Numerics: a product over many layers that no number format could hold."""

import torch
from jaxtyping import Float
from torch import Tensor


def scaled_product(factors: Float[Tensor, "d n n"]) -> tuple[Float[Tensor, "n n"], int]:
    """Product of d square matrices as a matrix of moderate size and a power of 2.

        factors[0] @ factors[1] @ ... @ factors[d - 1] = scaled * 2^exponent

    Returns (scaled, exponent): the largest absolute value in `scaled` is at least 1/2 and less
    than 1; of a product that is 0 both are 0, and of no factors the product is the identity.
    `scaled` has the dtype of the factors and is right to the rounding of its d matrix products,
    whatever the size of the product and of the factors: any finite numbers of the dtype. Gradients
    flow back through `scaled`, with the exponent as a constant.

    Raises:
        ValueError: naming `factors` and their dtype, if they are not floating point numbers, or
            their shape, if it is not [d, n, n] with n at least 1, or the first value that is
            infinite or nan, if there is one.

    Notes: PyTorch basics, numerical stability, vanishing and exploding gradients; PyTorch notes,
    numerical stability.

    >>> scaled_product(torch.full((3, 1, 1), 1e30))
    (tensor([[0.9818]]), 299)
    """
    raise NotImplementedError
