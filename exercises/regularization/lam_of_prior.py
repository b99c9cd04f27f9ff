"""Regularization: the penalty that a prior amounts to."""

import math


def lam_of_prior(
    prior: str, scale: float, noise_std: float, n: int, reduction: str = "mean"
) -> float:
    """The `lam` whose penalised loss is smallest at the most probable weights, given the data.

        "gaussian": loss + lam/2 * ||w||^2   for weights of mean 0, standard deviation `scale`
        "laplace":  loss + lam * ||w||_1     for densities proportional to exp(-|w| / scale)

    The loss is the mean (or sum) over the `n` examples of (x_i . w - y_i)^2 / 2; the model is
    y_i = x_i . w plus normal noise of standard deviation `noise_std`; all are independent.

    Raises:
        ValueError: naming `scale` or `noise_std` and its value, if it is 0 or less, infinite or
            nan; naming `n` and its value, if it is below 1; naming `prior` or `reduction` and its
            value, if it is none of those here.

    Notes: supplements to D2L, weight decay as a prior; interview questions, MAP inference.

    >>> lam_of_prior("gaussian", scale=2.0, noise_std=1.0, n=10, reduction="sum")
    0.25
    """
    raise NotImplementedError
