"""Optimization: Adam's two moments, unrolled."""

import torch
from jaxtyping import Float
from torch import Tensor


def adam_states(
    grads: Float[Tensor, "t *dims"], beta1: float = 0.9, beta2: float = 0.999
) -> tuple[Float[Tensor, "t *dims"], Float[Tensor, "t *dims"]]:
    """Adam's first and second moments after each of t steps, without bias correction.

        first_i  = (1 - beta1) * (g_i   + beta1 * g_{i-1}   + beta1^2 * g_{i-2}   + ... )
        second_i = (1 - beta2) * (g_i^2 + beta2 * g_{i-1}^2 + beta2^2 * g_{i-2}^2 + ... )

    The sums end at g_1, the first entry of `grads`; squares are taken entry by entry. Both results
    have the shape and the dtype of `grads`; without any steps (t = 0) they are empty.

    Raises:
        ValueError: naming `beta1` or `beta2` and its value, unless it is in [0, 1);
            naming `grads` and its value, if it is a number.

    Not allowed: torch.optim.

    Notes: D2L course notes, Adam; interview notes, Adam.

    >>> adam_states(torch.tensor([2.0, -4.0]), beta1=0.5, beta2=0.75)
    (tensor([ 1.0000, -1.5000]), tensor([1.0000, 4.7500]))
    """
    if not grads.dim():
        raise ValueError(
            f"grads is the number {grads.item()}, but must have a dimension for the steps"
        )
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        if not 0 <= beta < 1:
            raise ValueError(f"{name} is {beta}, but must be in [0, 1)")
    first, second = torch.zeros_like(grads), torch.zeros_like(grads)
    m = v = 0.0
    # One weight for the past and one for the new: unrolled, they are the geometric weights.
    for i, g in enumerate(grads):
        first[i] = m = beta1 * m + (1 - beta1) * g
        second[i] = v = beta2 * v + (1 - beta2) * g**2
    return first, second
