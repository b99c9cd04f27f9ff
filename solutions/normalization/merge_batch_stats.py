"""Normalization: the statistics of a batch that lies on several devices."""

import torch
from jaxtyping import Float
from torch import Tensor


def merge_batch_stats(
    means: Float[Tensor, "shards c"],
    variances: Float[Tensor, "shards c"],
    counts: list[int],
) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Mean, biased variance and unbiased variance of a whole batch, from those of its shards.

    It is what synchronized batch normalization does. A shard holds `counts[i]` values of each
    feature, with the mean `means[i]` and the biased variance `variances[i]`; the results are those
    of all sum(counts) values, as if they lay together. Shards may differ in size, and an empty one
    has no effect, whatever its statistics. For images `counts[i]` is n h w. The digits of features
    far from 0 aren't lost. The results have the dtype of `means`.

    Raises:
        ValueError: naming `means` and its shape, unless it is [shards, c]; naming `variances` and
            its shape, unless it is that of `means`; naming `counts` and its value, unless it has a
            number for each shard, none of them negative and their sum at least 2.

    Notes: interview notes, BN and several GPUs.

    >>> merge_batch_stats(torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [5.0]]), [3, 1])
    (tensor([1.]), tensor([5.]), tensor([6.6667]))
    """
    if means.dim() != 2:
        raise ValueError(f"means has shape {list(means.shape)}, but must be [shards, c]")
    if variances.shape != means.shape:
        raise ValueError(f"variances has shape {list(variances.shape)}, means {list(means.shape)}")
    if len(counts) != len(means) or any(k < 0 for k in counts) or sum(counts) < 2:
        raise ValueError(f"counts is {counts}, but must count the values of {len(means)} shards")
    total, filled = sum(counts), [i for i, k in enumerate(counts) if k]
    weights = means.new_tensor([counts[i] / total for i in filled])[:, None]
    means, variances = means[filled], variances[filled]
    # From the first mean on: a sum of large means would lose the digits that they differ in.
    mean = means[0] + (weights * (means - means[0])).sum(0)
    # Within the shards, and between their means: the second part is what averaging forgets.
    variance = (weights * (variances + (means - mean).square())).sum(0)
    return mean, variance, variance * (total / (total - 1))
