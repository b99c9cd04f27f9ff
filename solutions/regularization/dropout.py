"""Regularization: each activation is lost with probability p while the network learns."""

import torch
from jaxtyping import Float
from torch import Tensor


def dropout(
    x: Float[Tensor, "*dims"], p: float, training: bool, generator: torch.Generator
) -> Float[Tensor, "*dims"]:
    """The activations, of which training loses each one with probability `p`; inverted dropout.

        x'_j = 0              with probability p, each entry on its own
        x'_j = x_j / (1 - p)  otherwise

    `p` is the share that is lost, from 0 to 1; with p = 1 all entries are 0. Gradients flow back
    through what survived, by the same factor: they are 0 where the entry was lost. If not
    `training`, the result is `x`, and nothing is drawn. The dtype stays, and `p` is met as exactly
    in half precision as in any other. All randomness comes from `generator`, which moves on; it is
    on the device of `x`.

    Raises:
        ValueError: naming `p` and its value, if it isn't from 0 to 1 (nan isn't), in training or
            not; naming `x` and its dtype, if that isn't floating point.

    Not allowed: torch's dropout, in all its forms.

    Notes: PyTorch basics, dropout; D2L notes, model selection; supplements to D2L, dropout; model
    evaluation notes, dropout, and question 32; interview notes, against overfitting.

    >>> dropout(torch.tensor([1.0, 2.0]), 0.5, training=False, generator=torch.Generator())
    tensor([1., 2.])
    >>> y = dropout(torch.ones(1000), 0.2, training=True, generator=torch.Generator())
    >>> y.unique()
    tensor([0.0000, 1.2500])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, but must be from 0 to 1")
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not training:
        return x
    keep = torch.rand(x.shape, generator=generator, device=x.device) >= p
    # What survives grows by the share that is lost: each entry keeps its mean.
    return torch.where(keep, x, 0) / (1 - p if p < 1 else 1)
