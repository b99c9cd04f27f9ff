"""Losses: how badly the scores of the classes fit the true class."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def cross_entropy(
    logits: Float[Tensor, "n k"],
    targets: Int64[Tensor, " n"],
    weight: Float[Tensor, " k"] | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Float[Tensor, "..."]:
    """Cross-entropy of the target classes with softmax(logits), in nats.

        L_i = -weight[t_i] log softmax(z_i)_{t_i},   every weight 1 if none are given

    Rows whose target is `ignore_index` cost 0 and don't count. `reduction` is "sum", "none" for a
    loss a row, or "mean": the sum divided by the sum of the weights of the counted rows' targets
    (without weights, by the number of counted rows). If no row counts, the mean is nan and the sum
    0. The result has the dtype of `logits`, which is that of `weight`; it is finite and exact to
    rounding for logits from -1e4 to 1e4. A logit of -inf gives its class probability 0: it costs
    inf if it is the target, and takes no part if it isn't. Gradients flow back to `logits`.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of the three; naming `logits`
            and their shape, if it is not [n, k] with a class or more, or their dtype, if they are
            not floating point numbers; naming `targets` and one that is neither `ignore_index` nor
            a class from 0 to k - 1, their shape, if it is not [n], or their dtype, if it is not
            int64; naming `weight` and its shape, if it is not [k].

    Not allowed: torch's cross_entropy, nll_loss, softmax, log_softmax, logsumexp, logcumsumexp,
    logaddexp.

    Notes: interview notes, cross-entropy; D2L notes, softmax regression; model evaluation notes,
    loss functions.

    >>> cross_entropy(torch.tensor([[0.0, 0.0], [0.0, 1e4]]), torch.tensor([1, 0]), reduction="none")
    tensor([6.9315e-01, 1.0000e+04])
    """
    _check(logits, targets, weight, ignore_index, reduction)
    counted = targets != ignore_index
    shifted = logits - logits.amax(-1, keepdim=True)
    log_p = shifted - shifted.exp().sum(-1, keepdim=True).log()
    at = torch.where(counted, targets, 0)
    w = counted.to(logits.dtype) if weight is None else torch.where(counted, weight[at], 0.0)
    # The mean divides by the weights that were spent, not by the number of rows.
    losses = torch.where(counted, -w * log_p.gather(1, at[:, None])[:, 0], 0.0)
    return {"mean": losses.sum() / w.sum(), "sum": losses.sum(), "none": losses}[reduction]


def _check(
    logits: Tensor, targets: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if logits.dim() != 2 or not logits.shape[1] or not logits.is_floating_point():
        raise ValueError(f"logits has shape {list(logits.shape)} and dtype {logits.dtype}")
    n, k = logits.shape
    if targets.shape != (n,) or targets.dtype != torch.int64:
        raise ValueError(f"targets has shape {list(targets.shape)} and dtype {targets.dtype}")
    if weight is not None and weight.shape != (k,):
        raise ValueError(f"weight has shape {list(weight.shape)}, but there are {k} classes")
    bad = targets[(targets != ignore_index) & ((targets < 0) | (targets >= k))]
    if bad.numel():
        raise ValueError(f"targets has the entry {bad[0].item()}, but there are {k} classes")
