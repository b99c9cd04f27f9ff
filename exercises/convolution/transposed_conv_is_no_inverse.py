"""Convolution: the transposed one is not its inverse."""

import torch
from jaxtyping import Float
from torch import Tensor


def transposed_conv_is_no_inverse() -> tuple[Float[Tensor, "h w"], Float[Tensor, "kh kw"]]:
    """An image x and a kernel for which a transposed convolution does not undo the convolution.

    The notes call the transposed convolution the inverse of the convolution, a deconvolution.
    Refute it with x [h, w] and a weight [kh, kw], of one dtype, floating point, finite, neither
    all zeros: the transposed convolution with `weight` of the convolution of x with `weight`
    (stride 1, no padding) has the shape of x, but differs from x, and differs so much that no
    factor other than 0 makes it x.

    Notes: transposed convolution.

    >>> x, weight = transposed_conv_is_no_inverse()
    >>> x.dim(), weight.dim()
    (2, 2)
    """
    raise NotImplementedError
