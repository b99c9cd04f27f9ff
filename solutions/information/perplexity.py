"""Information: between how many words a language model hesitates."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def perplexity(
    logits: Float[Tensor, "n v"], targets: Int[Tensor, " n"], padding: int = -1
) -> Float[Tensor, ""]:
    """Perplexity of a language model's logits for the words that came.

        exp( mean over the counted words of -log softmax(logits)_target ),   log the natural one

    A word counts unless its target is `padding`. A word of probability 0 (logit -inf) makes the
    result inf. It is exact to rounding for logits from -1e4 to 1e4, wherever it is in the dtype's
    range, and has the dtype of `logits`. Gradients flow back, and none to rows that don't count.

    Raises:
        ValueError: naming `targets` and their shape, if it isn't [n]; naming `targets` and one that
            is neither `padding` nor 0 <= target < v, if there is one; naming `padding` and its
            value, if no word counts.

    Not allowed: torch's cross_entropy, nll_loss.

    Notes: PyTorch study, recurrent networks.

    >>> p = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
    >>> perplexity(p.log(), torch.tensor([0, 2]))
    tensor(2.8284)
    """
    if targets.shape != logits.shape[:1]:
        raise ValueError(f"targets has shape {list(targets.shape)}, logits {list(logits.shape)}")
    counted = targets != padding
    logits, targets = logits[counted], targets[counted]
    for target in targets.tolist():
        if not 0 <= target < logits.shape[1]:
            raise ValueError(f"targets has {target}, but must be below {logits.shape[1]}")
    if not len(targets):
        raise ValueError(f"padding is {padding}, and no word counts")
    # The mean is taken of logarithms: exp of it is a geometric mean, of 1 over the probabilities.
    log_p = logits.log_softmax(-1).gather(1, targets[:, None].long())
    return (-log_p.mean()).exp()
