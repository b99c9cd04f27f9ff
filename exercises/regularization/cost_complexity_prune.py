"""Regularization: a decision tree without the splits that aren't worth their leaves."""

import math


def cost_complexity_prune(tree: float | tuple, alpha: float) -> float | tuple:
    """The tree without the splits that cost more than they gain, at `alpha` a leaf.

    A tree is a leaf or a split. A leaf is a number, its cost; a split is (cost, left, right), where
    `cost` is what it would cost as a leaf, and left and right are trees. Pruning replaces splits by
    the leaves that they would be. The result is, of all trees that pruning leads to, one with the
    smallest

        sum of the costs of its leaves + alpha (number of its leaves)

    and of several such the one with the fewest leaves.

    Raises:
        ValueError: naming `alpha` and its value, if it is negative, infinite or nan.

    Notes: interview notes, against overfitting; model evaluation notes, overfitting.

    >>> cost_complexity_prune((10.0, (6.0, 2.0, 3.0), 1.0), alpha=1.5)
    (10.0, 6.0, 1.0)
    """
    raise NotImplementedError
