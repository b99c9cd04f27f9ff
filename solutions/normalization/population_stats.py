"""Normalization: the statistics of all training data, from those of its batches."""

import torch
from jaxtyping import Float
from torch import Tensor


def population_stats(
    means: Float[Tensor, "batches c"], variances: Float[Tensor, "batches c"], m: int
) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Unbiased estimates of each feature's mean and variance, from batches of m values each.

        E[x] = mean of the batches' means,    Var[x] = m / (m - 1) * mean of the batches' variances

    `means` and `variances` hold the statistics that batch normalization computed, one row a batch;
    the variances are the biased ones, which divide by m. If the values are independent and all from
    one distribution, the expected values of the results are its mean and its variance. For a
    convolution layer m is n h w. The results have the dtype of `means`.

    Raises:
        ValueError: naming `means` and its shape, unless it is [batches, c] with a batch at least;
            naming `variances` and its shape, unless it is that of `means`; naming `m` and its
            value, unless it is at least 2.

    Notes: interview questions, BN.

    >>> population_stats(torch.tensor([[2.0], [6.0]]), torch.tensor([[3.0], [6.0]]), m=3)
    (tensor([4.]), tensor([6.7500]))
    """
    if means.dim() != 2 or not len(means):
        raise ValueError(f"means has shape {list(means.shape)}, but must be [batches, c]")
    if variances.shape != means.shape:
        raise ValueError(f"variances has shape {list(variances.shape)}, means {list(means.shape)}")
    if m < 2:
        raise ValueError(f"m is {m}, but a variance needs 2 values")
    # A batch's deviations are from its own mean, which lies among them: they are too small.
    return means.mean(0), variances.mean(0) * (m / (m - 1))
