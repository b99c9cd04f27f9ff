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
        if mode not in ("min", "max"):
            raise ValueError(f"mode is {mode!r}, but must be 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode is {threshold_mode!r}, but must be 'rel' or 'abs'")
        if not 0 <= factor < 1:
            raise ValueError(f"factor is {factor}, but must be at least 0 and less than 1")
        sizes = {"lr": lr, "patience": patience, "threshold": threshold, "cooldown": cooldown}
        for name, size in {**sizes, "min_lr": min_lr, "eps": eps}.items():
            if not 0 <= size < math.inf:
                raise ValueError(f"{name} is {size}, but must be finite and not negative")
        self.lr, self.factor, self.min_lr, self.eps = lr, factor, min_lr, eps
        self.patience, self.cooldown, self.bad, self.resting = patience, cooldown, 0, 0
        self.sign, self.best = (1, math.inf) if mode == "min" else (-1, -math.inf)
        self.is_relative, self.threshold = threshold_mode == "rel", threshold

    def step(self, metric: float) -> float:
        """The rate after one more epoch, whose metric this is."""
        gain = self.sign * self.threshold
        bar = self.best * (1 - gain) if self.is_relative else self.best - gain
        improves = self.sign * metric < self.sign * bar
        self.best, self.bad = (metric, 0) if improves else (self.best, self.bad + 1)
        # The best metric is followed during the cooldown as well: only the count rests.
        if self.resting > 0:
            self.resting, self.bad = self.resting - 1, 0
        if self.bad > self.patience:
            self.bad, self.resting = 0, self.cooldown
            lower = max(self.lr * self.factor, self.min_lr)
            self.lr = lower if self.lr - lower > self.eps else self.lr
        return self.lr
