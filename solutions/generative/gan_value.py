"""Generative adversarial networks: a game between a generator and a discriminator."""

from jaxtyping import Float
from torch import Tensor


def gan_value(d_real: Float[Tensor, " n"], d_fake: Float[Tensor, " m"]) -> Float[Tensor, ""]:
    """The value of the GAN game, estimated from the discriminator's outputs on two samples.

        V = mean_i log d_real_i + mean_j log(1 - d_fake_j)

    `d_real` are its probabilities of "real" for n samples of the data, `d_fake` those for m
    generated samples. A certain and wrong discriminator (0 for a real sample, 1 for a generated
    one) gives -inf. Small probabilities in `d_fake` keep their share: log(1 - 1e-10) is -1e-10 in
    float32 as well. The result has the dtype of the arguments, and gradients flow back to both.

    Raises:
        ValueError: naming `d_real` or `d_fake` and its shape, if it has no entries or isn't a
            vector; naming it and the probability, if one is below 0 or above 1.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> import torch
    >>> gan_value(torch.tensor([0.5]), torch.tensor([0.5, 0.5]))
    tensor(-1.3863)
    """
    for name, d in (("d_real", d_real), ("d_fake", d_fake)):
        if d.dim() != 1 or not len(d):
            raise ValueError(f"{name} has shape {list(d.shape)}, but must be a vector with entries")
        for p in d[(d < 0) | (d > 1)].tolist():
            raise ValueError(f"{name} has the entry {p}, which is no probability")
    # The samples may differ in number: each expectation has a mean of its own.
    return d_real.log().mean() + (-d_fake).log1p().mean()
