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
    if not 0 <= alpha < math.inf:
        raise ValueError(f"alpha is {alpha}, but must be finite and not negative")
    return _pruned(tree, alpha)[0]


def _pruned(tree: float | tuple, alpha: float) -> tuple[float | tuple, float]:
    """Return the pruned tree, and what it costs with its leaves."""
    if not isinstance(tree, tuple):
        return tree, tree + alpha
    cost, left, right = tree
    # From the leaves up: whether a split pays depends on what has become of those below it.
    (left, of_left), (right, of_right) = _pruned(left, alpha), _pruned(right, alpha)
    if cost + alpha <= of_left + of_right:
        return cost, cost + alpha
    return (cost, left, right), of_left + of_right
