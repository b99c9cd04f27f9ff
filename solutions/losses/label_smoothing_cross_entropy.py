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
    _check(logits, targets, eps, reduction)
    k = logits.shape[1]
    shifted = logits - logits.amax(-1, keepdim=True)
    log_p = shifted - shifted.exp().sum(-1, keepdim=True).log()
    # Smoothing mixes two distributions: the one-hot target and the uniform one.
    q = torch.full_like(logits, eps / k).scatter_(1, targets[:, None], 1 - eps + eps / k)
    losses = -torch.where(q > 0, q * log_p, 0.0).sum(-1)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]


def _check(logits: Tensor, targets: Tensor, eps: float, reduction: str) -> None:
    if not 0 <= eps <= 1:
        raise ValueError(f"eps is {eps}, but must be in [0, 1]")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if logits.dim() != 2 or not logits.shape[1] or not logits.is_floating_point():
        raise ValueError(f"logits has shape {list(logits.shape)} and dtype {logits.dtype}")
    n, k = logits.shape
    if targets.shape != (n,) or targets.dtype != torch.int64:
        raise ValueError(f"targets has shape {list(targets.shape)} and dtype {targets.dtype}")
    outside = targets[(targets < 0) | (targets >= k)]
    if outside.numel():
        raise ValueError(f"targets has the entry {outside[0].item()}, but there are {k} classes")
