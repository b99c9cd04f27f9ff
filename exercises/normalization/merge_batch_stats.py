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
    raise NotImplementedError
