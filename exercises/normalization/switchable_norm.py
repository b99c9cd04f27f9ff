"""Normalization: a learned mixture of instance, layer and batch normalization."""

import torch
from jaxtyping import Float
from torch import Tensor


def switchable_norm(
    x: Float[Tensor, "n c h w"],
    mean_logits: Float[Tensor, "3"],
    var_logits: Float[Tensor, "3"],
    gamma: Float[Tensor, " c"],
    beta: Float[Tensor, " c"],
    eps: float = 1e-5,
) -> Float[Tensor, "n c h w"]:
    """Switchable normalization in training: statistics are mixed, with weights that are learned.

        y = gamma * (x - mu) / sqrt(var + eps) + beta
            where mu  = sum_k p_k mu_k,     p = softmax(mean_logits)
                  var = sum_k q_k var_k,    q = softmax(var_logits),    k = IN, LN, BN

    in this order: mu_k and var_k are the mean and the biased variance over (h, w) for instance
    normalization, over (c, h, w) for layer normalization, over (n, h, w) for batch normalization.
    A logit of -inf leaves a method out. The dtype of `x` is kept; gradients flow back to all
    tensors, also through the statistics.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c, h, w] with h w of at least 2; naming `mean_logits` or `var_logits` and its
            shape, unless it is [3]; naming `gamma` or `beta` and its shape, unless it is [c];
            naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, SN; interview questions, other normalizations.

    >>> image = torch.tensor([[[[1.0, 9.0]], [[0.0, 8.0]]]])
    >>> only_first = torch.tensor([0.0, -torch.inf, -torch.inf])
    >>> switchable_norm(image, only_first, only_first, torch.ones(2), torch.zeros(2), eps=9.0)
    tensor([[[[-0.8000,  0.8000]],
    <BLANKLINE>
             [[-0.8000,  0.8000]]]])
    """
    raise NotImplementedError
