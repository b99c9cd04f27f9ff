"""Initialization: which hidden units can never come apart."""

import torch
from jaxtyping import Float
from torch import Tensor


def distinct_units(
    weight_in: Float[Tensor, "h d"], bias: Float[Tensor, " h"], weight_out: Float[Tensor, "k h"]
) -> int:
    """How many of the h hidden units gradient descent can tell apart, from this initialisation on.

    The network is y = weight_out tanh(weight_in x + bias); its loss is any function of y. Two units
    belong together if they compute the same function after every number of steps, whatever the
    data, the loss and the learning rate. The result counts one for each group of such units. Equal
    means equal as numbers: -0 is 0.

    Raises:
        ValueError: naming `bias` and its shape, if it isn't [h]; naming `weight_out` and its shape,
            if it isn't [k, h]; naming `weight_in`, `bias` or `weight_out` and nan, if there is one
            in it.

    Not allowed: automatic differentiation.

    Notes: supplements to D2L, numerical stability and initialization; model evaluation notes,
    initialization, and question 36; PyTorch study, model selection.

    >>> distinct_units(torch.zeros(5, 3), torch.zeros(5), torch.zeros(2, 5))
    1
    >>> distinct_units(torch.zeros(5, 3), torch.arange(5.0), torch.zeros(2, 5))
    5
    """
    if bias.shape != weight_in.shape[:1]:
        raise ValueError(f"bias has shape {list(bias.shape)}, weight_in {list(weight_in.shape)}")
    if weight_out.shape[1:] != bias.shape:
        raise ValueError(f"weight_out has shape {list(weight_out.shape)}, not [k, {len(bias)}]")
    for name, x in (("weight_in", weight_in), ("bias", bias), ("weight_out", weight_out)):
        if x.isnan().any():
            raise ValueError(f"{name} has a nan in it")
    # What a unit takes in and what it sends out: equal in both, it gets equal gradients for ever.
    units = torch.cat([weight_in, bias[:, None], weight_out.T], dim=1)
    return len(set(map(tuple, units.tolist())))
