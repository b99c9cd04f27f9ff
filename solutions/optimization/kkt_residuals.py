"""Optimization: by how much a point misses the conditions of Karush, Kuhn and Tucker."""

import torch
from jaxtyping import Float
from torch import Tensor


def kkt_residuals(
    grad_f: Float[Tensor, " n"],
    g: Float[Tensor, " p"],
    grad_g: Float[Tensor, "p n"],
    h: Float[Tensor, " m"],
    grad_h: Float[Tensor, "m n"],
    lam: Float[Tensor, " p"],
    mu: Float[Tensor, " m"],
) -> dict[str, float]:
    """By how much a point and its multipliers miss each of the conditions for a constrained minimum.

    The problem is to minimise f(x) where g_i(x) = 0 and h_j(x) <= 0. The arguments are the values
    and the gradients at the point; row i of `grad_g` is the gradient of g_i. All four are 0 where
    the conditions hold:

        "stationarity"   max |grad f + sum_i lam_i grad g_i + sum_j mu_j grad h_j|, over the n entries
        "primal"         the largest of all |g_i| and of all h_j that are above 0
        "dual"           the largest -mu_j of those mu_j that are below 0
        "slackness"      max |mu_j h_j|

    There may be no equalities or no inequalities.

    Raises:
        ValueError: naming `lam`, `mu`, `grad_g` or `grad_h` and its shape, if that doesn't belong to
            `g`, `h` and `grad_f`.

    Notes: exam notes, question 10; supplements to D2L, weight decay.

    >>> one, none = torch.ones(1), torch.zeros(0)  # min (x - 3)^2 / 2 with x <= 2, at x = 2
    >>> kkt_residuals(-one, none, torch.zeros(0, 1), 0 * one, torch.ones(1, 1), none, one)
    {'stationarity': 0.0, 'primal': 0.0, 'dual': 0.0, 'slackness': 0.0}
    """
    shapes = (("grad_g", grad_g, (*g.shape, *grad_f.shape)), ("lam", lam, g.shape))
    shapes += (("grad_h", grad_h, (*h.shape, *grad_f.shape)), ("mu", mu, h.shape))
    for name, tensor, shape in shapes:
        if tensor.shape != shape:
            raise ValueError(f"{name} has shape {list(tensor.shape)}, but must have {list(shape)}")

    def largest(*entries: Tensor) -> float:
        return float(torch.cat([*entries, grad_f.new_zeros(1)]).max())

    return {
        # An equality may push either way; an inequality only from its own side.
        "stationarity": largest((grad_f + lam @ grad_g + mu @ grad_h).abs()),
        "primal": largest(g.abs(), h),
        "dual": largest(-mu),
        "slackness": largest((mu * h).abs()),
    }
