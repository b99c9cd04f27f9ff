"""Regularization: the average of models that have each seen another sample of the data."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def bagged_predict(
    fit: Callable,
    features: Float[Tensor, "n d"],
    targets: Float[Tensor, " n"],
    queries: Float[Tensor, "m d"],
    k: int,
    generator: torch.Generator,
) -> Float[Tensor, " m"]:
    """The mean prediction of `k` models, each fitted to a bootstrap sample.

    `fit(features, targets)` returns a model; `model(queries)` its predictions, one for each row. A
    bootstrap sample has n rows of the n that there are, drawn with replacement, features and
    targets together: those at torch.randint(n, (n,), generator=generator), one after another for
    the models. Nothing else is drawn.

    Raises:
        ValueError: naming `k` and its value, if it is below 1; naming `targets` and its shape, if
            it hasn't one number for each row of `features`, or if there are no rows.

    Notes: interview notes, against overfitting; model evaluation notes, dropout.

    >>> def fit(features, targets):
    ...     return lambda queries: targets.mean().expand(len(queries))
    >>> features, targets, queries = torch.zeros(2, 1), torch.tensor([3.0, 3.0]), torch.zeros(4, 1)
    >>> bagged_predict(fit, features, targets, queries, k=5, generator=torch.Generator())
    tensor([3., 3., 3., 3.])
    """
    raise NotImplementedError
