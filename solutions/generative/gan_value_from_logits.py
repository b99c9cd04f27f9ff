"""Generative adversarial networks: a game between a generator and a discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor


def gan_value_from_logits(
    real_logits: Float[Tensor, " n"], fake_logits: Float[Tensor, " m"]
) -> Float[Tensor, ""]:
    """The value of the GAN game, estimated from the discriminator's logits on two samples.

        V = mean_i log D(real_logits_i) + mean_j log(1 - D(fake_logits_j)),
        D(s) = 1 / (1 + exp(-s))

    `real_logits` are those of n samples of the data, `fake_logits` those of m generated samples.
    The result is finite and exact to rounding, however small it is, for logits as large as 1e4
    and as small as -1e4, and so are the gradients, which flow back to both. It has the dtype of
    the arguments.

    Raises:
        ValueError: naming `real_logits` or `fake_logits` and its shape, if it has no entries or
            isn't a vector.

    Not allowed: torch's log_sigmoid, softplus, and its cross-entropies.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> gan_value_from_logits(torch.tensor([1e4]), torch.tensor([0.0, 0.0]))
    tensor(-0.6931)
    """
    for name, logits in (("real_logits", real_logits), ("fake_logits", fake_logits)):
        if logits.dim() != 1 or not len(logits):
            shape = list(logits.shape)
            raise ValueError(f"{name} has shape {shape}, but must be a vector with entries")
    # log(1 - D(s)) = log D(-s), and log D(s) = -log(e^0 + e^-s).
    zero = torch.zeros((), dtype=real_logits.dtype, device=real_logits.device)
    return -torch.logaddexp(zero, -real_logits).mean() - torch.logaddexp(zero, fake_logits).mean()
