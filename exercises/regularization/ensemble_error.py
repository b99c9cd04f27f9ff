"""Regularization: what averaging models does to their error."""

import math


def ensemble_error(variance: float, covariance: float, k: int) -> float:
    """The expected squared error of the mean of k models, whose errors have mean 0.

    Each model's error has this variance, and each two of them this covariance. No k errors have
    a covariance above the variance, or below -variance / (k - 1).

    Raises:
        ValueError: naming `k` and its value, if it is below 1; naming `variance` and its value, if
            it is negative, infinite or nan; naming `covariance` and its value, if no k errors can
            have it, or it is infinite or nan. A single model has none, and takes any other.

    Notes: model evaluation notes, dropout; interview notes, against overfitting.

    >>> ensemble_error(4.0, 1.0, k=3)
    2.0
    """
    raise NotImplementedError
