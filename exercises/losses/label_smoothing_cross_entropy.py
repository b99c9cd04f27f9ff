"""Losses: cross-entropy with a target that is not quite certain."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def label_smoothing_cross_entropy(
    logits: Float[Tensor, "n k"],
    targets: Int64[Tensor, " n"],
    eps: float = 0.0,
    reduction: str = "mean",
) -> Float[Tensor, "..."]:
    """Cross-entropy of smoothed targets with softmax(logits), in nats, by torch's convention.

        L_i = -sum_c q_ic log softmax(z_i)_c,   q_ic = (1 - eps) [c = t_i] + eps / k

    The mass `eps` is spread over all k classes, the target among them. `reduction` is "mean" over
    the n rows, "sum", or "none" for a loss a row; the mean of no rows is nan, their sum 0. The
    result has the dtype of `logits`; it is finite and exact to rounding for logits from -1e4 to
    1e4. 0 log 0 = 0: with eps = 0, a logit of -inf at another class than the target takes no part.
    Gradients flow back to `logits`.

    Raises:
        ValueError: naming `eps` and its value, if it is not in [0, 1] (nan isn't); naming
            `reduction` and its value, if it is none of the three; naming `logits` and their shape,
            if it is not [n, k] with a class or more, or their dtype, if they are not floating point
            numbers; naming `targets` and one that is no class from 0 to k - 1, their shape, if it
            is not [n], or their dtype, if it is not int64.

    Not allowed: torch's cross_entropy, nll_loss, kl_div, softmax, log_softmax, logsumexp,
    logcumsumexp, logaddexp.

    Notes: D2L notes, soft labels.

    >>> label_smoothing_cross_entropy(torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([0]), 0.3)
    tensor(0.8318)
    """
    raise NotImplementedError
