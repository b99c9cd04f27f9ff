"""Optimization: a learning rate that falls where a metric stands still."""

import math


class PlateauLr:
    """A learning rate that is multiplied by `factor` where a metric has stopped to improve.

    Each call of `step` is one epoch. Its metric improves if it is, by more than the threshold, below
    (mode "min") or above ("max") the best so far, which is the metric that improved last:

        threshold_mode "rel"    metric < best * (1 - threshold),  metric > best * (1 + threshold)
        threshold_mode "abs"    metric < best - threshold,        metric > best + threshold

    The first metric improves on +-infinity; nan never improves. After more than `patience` epochs in
    a row without improvement the rate is multiplied, and the count starts anew. In the `cooldown`
    epochs after that nothing is counted as bad. The rate isn't multiplied below `min_lr`, and is
    left as it is where it would fall by no more than `eps`.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates.

    >>> plateau = PlateauLr(1.0, factor=0.5, patience=1)
    >>> [plateau.step(metric) for metric in (3.0, 2.0, 2.0, 2.0, 2.0)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        lr: float,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        """Start with the rate `lr`, and no metric seen.

        Raises:
            ValueError: naming `mode`, if it is neither "min" nor "max"; `threshold_mode`, if neither
                "rel" nor "abs"; `factor`, unless 0 <= factor < 1; any of the others, if it is
                negative, infinite or nan; each with its value.
        """
        raise NotImplementedError

    def step(self, metric: float) -> float:
        """The rate after one more epoch, whose metric this is."""
        raise NotImplementedError
