"""Losses: cross-entropy with a distribution as the target."""

import torch
from jaxtyping import Float
from torch import Tensor


def soft_cross_entropy(
    logits: Float[Tensor, "n k"], labels: Float[Tensor, "n k"], reduction: str = "mean"
) -> Float[Tensor, "..."]:
    """Cross-entropy of soft labels with softmax(logits), in nats.

        L_i = -sum_c y_ic log softmax(z_i)_c,   where 0 log 0 = 0

    Labels are not negative; the formula is meant as it stands for rows that don't sum to 1, too.
    `reduction` is "mean" over the n rows, "sum", or "none" for a loss a row; the mean of no rows is
    nan, their sum 0. The result has the dtype that `logits` and `labels` share; it is finite and
    exact to rounding for logits from -1e4 to 1e4. A logit of -inf gives its class probability 0: it
    costs inf with a positive label, and takes no part with label 0. Gradients flow back to
    `logits`.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of the three; naming `logits`
            and their shape, if it is not [n, k] with a class or more, or their dtype, if they are
            not floating point numbers; naming `labels` and their shape, if it is not that of
            `logits`, or an entry that is negative or nan.

    Not allowed: torch's cross_entropy, nll_loss, kl_div, softmax, log_softmax, logsumexp,
    logcumsumexp, logaddexp.

    Notes: interview notes, cross-entropy; D2L notes, soft labels; model evaluation notes, loss
    functions.

    >>> soft_cross_entropy(torch.tensor([[0.3, 0.7]]).log(), torch.tensor([[0.3, 0.7]]))
    tensor(0.6109)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if logits.dim() != 2 or not logits.shape[1] or not logits.is_floating_point():
        raise ValueError(f"logits has shape {list(logits.shape)} and dtype {logits.dtype}")
    if labels.shape != logits.shape:
        shapes = f"{list(labels.shape)}, but logits has {list(logits.shape)}"
        raise ValueError(f"labels has shape {shapes}")
    bad = labels[~(labels >= 0)]
    if bad.numel():
        raise ValueError(f"labels has the entry {bad[0].item()}, but must not be negative")
    shifted = logits - logits.amax(-1, keepdim=True)
    log_p = shifted - shifted.exp().sum(-1, keepdim=True).log()
    # A class without weight adds nothing, even where its log-probability is -inf.
    losses = -torch.where(labels > 0, labels * log_p, 0.0).sum(-1)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
