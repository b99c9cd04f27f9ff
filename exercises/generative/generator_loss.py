"""Generative adversarial networks: a game between a generator and a discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor


def generator_loss(fake_logits: Float[Tensor, " n"], saturating: bool = False) -> Float[Tensor, ""]:
    """The loss that the generator minimises, from the discriminator's logits on its samples.

        mean_i -log D(s_i)         by default: the fakes are judged against the label "real"
        mean_i log(1 - D(s_i))     if `saturating`: the generator's share in the game's value
        D(s) = 1 / (1 + exp(-s)),  s = fake_logits

    It is finite and exact to rounding, however small it is, for logits as large as 1e4 and as
    small as -1e4, and so are the gradients that flow back. It has the dtype of `fake_logits`.

    Raises:
        ValueError: naming `fake_logits` and its shape, if it has no entries or isn't a vector.

    Not allowed: torch's log_sigmoid, softplus, and its cross-entropies.

    Notes: D2L supplements, generative adversarial networks, the tip at the beginning.

    >>> generator_loss(torch.tensor([-1e4, 0.0]))
    tensor(5000.3467)
    """
    raise NotImplementedError
