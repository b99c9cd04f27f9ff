"""Information: the distribution that makes what was observed likeliest."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def mle_categorical(samples: Int[Tensor, " n"], k: int) -> Float[Tensor, " {k}"]:
    """Probabilities of k classes under which the n observed classes are likeliest, in float64.

    They maximise prod_i q(samples_i) among all distributions q; so they also minimise the
    cross-entropy H(p, q) and the divergence KL(p || q) from the empirical distribution p.

    Raises:
        ValueError: naming `samples` and their shape, if there are none; naming `samples` and a
            class that isn't among 0, ..., k - 1, if there is one.

    Notes: exam notes, question 14.

    >>> mle_categorical(torch.tensor([0, 2, 2, 0, 0]), k=4)
    tensor([0.6000, 0.0000, 0.4000, 0.0000], dtype=torch.float64)
    """
    if not len(samples):
        raise ValueError(f"samples has shape {list(samples.shape)}, and no observation")
    for sample in (samples.min().item(), samples.max().item()):
        if not 0 <= sample < k:
            raise ValueError(f"samples has the class {sample}, but k is {k}")
    # With a multiplier for sum q = 1, n_c / q_c is the same for all c: q is proportional to n.
    return torch.bincount(samples, minlength=k).double() / len(samples)
