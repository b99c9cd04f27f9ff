"""Regularization: training on points between two examples."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def mixup(
    x: Float[Tensor, "n *dims"],
    y: Float[Tensor, "n k"],
    lam: float,
    partner: Int64[Tensor, " n"],
) -> tuple[Float[Tensor, "n *dims"], Float[Tensor, "n k"]]:
    """Inputs and labels of a batch, each example mixed with its partner.

        x'_i = lam x_i + (1 - lam) x_j,   y'_i = lam y_i + (1 - lam) y_j,   j = partner_i

    The labels are one-hot rows, or other distributions over k classes: class indices can't be
    mixed. `lam` is the share of an example itself, one for the batch, from 0 to 1; who partners
    whom is given, and may be anybody, the example itself too. The dtypes stay, neither `x` nor `y`
    is changed, and gradients flow back to both, also to the partners.

    Raises:
        ValueError: naming `lam` and its value, if it isn't from 0 to 1 (nan isn't); naming `x` or
            `y` and its dtype, if that isn't floating point; naming `y` and its shape, unless it is
            [n, k] for the n of `x`; naming `partner` and its shape, unless it is [n], or one of its
            values, if there is no such example (-1 is none).

    Not allowed: torch's lerp.

    Notes: interview notes, tricks of training; supplements to D2L, image augmentation.

    >>> x, y = torch.tensor([[0.0], [8.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> mixup(x, y, 0.75, partner=torch.tensor([1, 1]))
    (tensor([[2.],
            [8.]]), tensor([[0.7500, 0.2500],
            [0.0000, 1.0000]]))
    """
    if not 0 <= lam <= 1:
        raise ValueError(f"lam is {lam}, but must be from 0 to 1")
    for name, given in (("x", x), ("y", y)):
        if not given.is_floating_point():
            raise ValueError(f"{name} has dtype {given.dtype}, but must be floating point")
    if y.dim() != 2 or len(y) != len(x):
        raise ValueError(f"y has shape {list(y.shape)}, but x has {list(x.shape)}")
    if partner.shape != x.shape[:1]:
        raise ValueError(f"partner has shape {list(partner.shape)}, but x has {list(x.shape)}")
    strangers = partner[(partner < 0) | (partner >= len(x))]
    if len(strangers):
        raise ValueError(f"partner is {strangers[0].item()} once, but there are {len(x)} examples")
    # Inputs and labels by the same number: a point between two examples has a label between theirs.
    return lam * x + (1 - lam) * x[partner], lam * y + (1 - lam) * y[partner]
