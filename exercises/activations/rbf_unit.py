"""Activations: units that respond to what is near their centre."""

import torch
from jaxtyping import Float
from torch import Tensor


def rbf_unit(
    x: Float[Tensor, "n d"], centers: Float[Tensor, "k d"], sigma: Float[Tensor, " k"]
) -> Float[Tensor, "n k"]:
    """Responses of k radial units with Gaussian shape to each row of `x`.

        h_ij = exp(-|x_i - c_j|^2 / sigma_j^2)

    The exponent has no factor 1/2: a unit falls to 1/e at the distance sigma_j. The result has the
    dtype of `x`, which is that of the others, and gradients flow back to all three; at the centre
    the response is 1, and its gradients are 0. Responses are exact to rounding for rows and centres
    far from 0 as well, and for any sigma_j that is a normal number, however small its square.

    Raises:
        ValueError: naming `x`, `centers` and `sigma` and their shapes, if these are not [n, d],
            [k, d] and [k]; naming `sigma` and its entries, if one is not positive.

    Not allowed: torch.cdist.

    Notes: model evaluation notes, activation functions (asked there and left open).

    >>> x, centers = torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> rbf_unit(x, centers, sigma=torch.tensor([1.0, 5.0]))
    tensor([[1.0000, 0.3679]])
    """
    raise NotImplementedError
