"""Generative adversarial networks: a game between a generator and a discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor


def gan_value_discrete(
    p_data: Float[Tensor, " n"], p_g: Float[Tensor, " n"], d: Float[Tensor, " n"]
) -> Float[Tensor, ""]:
    """The value of the GAN game for distributions over n points, with no sampling.

        V = sum_x (p_data(x) log D(x) + p_g(x) log(1 - D(x)))

    `d` holds D(x), the discriminator's probability of "real" at each point. A point that has no
    probability adds nothing: 0 log 0 = 0, in either term; -inf comes from a D that is certain and
    wrong somewhere. Small D(x) keep their share: log(1 - 1e-10) is -1e-10 in float32 as well. The
    result has the dtype of the arguments; gradients flow back to `d` where all of it lies
    strictly between 0 and 1.

    Raises:
        ValueError: naming `p_g` or `d` and its shape, if that isn't the shape of `p_data`; naming
            `d` and the entry, if one is below 0 or above 1.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> p_data, p_g = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.5, 0.5])
    >>> gan_value_discrete(p_data, p_g, torch.tensor([1.0, 0.5, 0.0]))
    tensor(-0.6931)
    """
    for name, values in (("p_g", p_g), ("d", d)):
        if values.shape != p_data.shape:
            shapes = f"{list(values.shape)}, but p_data {list(p_data.shape)}"
            raise ValueError(f"{name} has shape {shapes}")
    for p in d[(d < 0) | (d > 1)].tolist():
        raise ValueError(f"d has the entry {p}, which is no probability")
    # 0 * log 0 is nan in floating point, while the expectation never meets such a point.
    return (torch.xlogy(p_data, d) + torch.special.xlog1py(p_g, -d)).sum()
