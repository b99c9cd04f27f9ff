"""Normalization: batch normalization at inference vanishes into the layer before it."""

import torch
from jaxtyping import Float
from torch import Tensor


def fold_batch_norm(
    weight: Float[Tensor, "c_out *fan_in"],
    bias: Float[Tensor, " c_out"] | None,
    running_mean: Float[Tensor, " c_out"],
    running_var: Float[Tensor, " c_out"],
    gamma: Float[Tensor, " c_out"],
    beta: Float[Tensor, " c_out"],
    eps: float = 1e-5,
) -> tuple[Float[Tensor, "c_out *fan_in"], Float[Tensor, " c_out"]]:
    """Weight and bias of the one layer that does what a layer and batch normalization do.

        layer'(x) = gamma * (layer(x) - running_mean) / sqrt(running_var + eps) + beta    for all x

    The layer is a dense one, weight [c_out, c_in], or a convolution, [c_out, c_in, kh, kw]; both
    are linear in weight and bias. No bias counts as 0, and the result has one all the same. At
    inference only: in training the statistics depend on x. The dtype of `weight` is kept, and
    gradients flow back to `weight`, `bias`, `gamma` and `beta`.

    Raises:
        ValueError: naming `weight` and its shape, if it has no dimension; naming `bias`,
            `running_mean`, `running_var`, `gamma` or `beta` and its shape, unless it is [c_out];
            naming `eps` and its value, unless it is positive.

    Notes: interview questions, BN at inference; D2L notes, batch normalization, exercises.

    >>> one = torch.ones(1)
    >>> fold_batch_norm(torch.tensor([[2.0, 6.0]]), None, one, 3 * one, one, 5 * one, eps=1.0)
    (tensor([[1., 3.]]), tensor([4.5000]))
    """
    if not weight.dim():
        raise ValueError(f"weight has shape {list(weight.shape)}, but must be [c_out, ...]")
    bias = torch.zeros_like(running_mean) if bias is None else bias
    numbers = {"bias": bias, "running_mean": running_mean, "running_var": running_var}
    for name, number in {**numbers, "gamma": gamma, "beta": beta}.items():
        if number.shape != weight.shape[:1]:
            raise ValueError(f"{name} has shape {list(number.shape)}, weight {list(weight.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    # The factor goes through the layer's sum to its weights; the bias is shifted by the mean first.
    factor = gamma / (running_var + eps).sqrt()
    scaled = weight * factor.reshape((-1,) + (1,) * (weight.dim() - 1))
    return scaled, factor * (bias - running_mean) + beta
