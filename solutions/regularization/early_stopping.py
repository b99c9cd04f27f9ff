"""Regularization: when to stop training, and which epoch to return to."""

import math


def early_stopping(
    val_losses: list[float], patience: int, min_delta: float
) -> tuple[int | None, int]:
    """The epoch whose weights to keep, and the epoch after which training stops.

    Epochs count from 0. One improves if its loss is below `best` by more than `min_delta`, where
    `best` is the loss of the last epoch that improved, and infinite before. Training stops after
    the epoch that is the `patience`-th in a row without improvement, or after the last one given:
    what comes later is never looked at. The weights to keep are those of the last epoch that
    improved; None, if none did. A loss that is nan never improves.

    Raises:
        ValueError: naming `val_losses` and its value, if it is empty; naming `patience` and its
            value, if it is below 1; naming `min_delta` and its value, if it is negative, infinite
            or nan.

    Notes: interview notes, against overfitting; model evaluation notes, overfitting.

    >>> early_stopping([1.0, 0.8, 0.9, 0.85, 0.7], patience=2, min_delta=0.0)
    (1, 3)
    >>> early_stopping([1.0, 0.8, 0.9, 0.85, 0.7], patience=3, min_delta=0.0)
    (4, 4)
    """
    if not val_losses:
        raise ValueError(f"val_losses is {val_losses}: there is nothing to stop")
    if patience < 1:
        raise ValueError(f"patience is {patience}, but must be at least 1")
    if not 0 <= min_delta < math.inf:
        raise ValueError(f"min_delta is {min_delta}, but must be finite and not negative")
    best, best_epoch, waited = math.inf, None, 0
    for epoch, loss in enumerate(val_losses):
        # A small gain moves `best` no more than none does: many of them add up to one that counts.
        improves = best - loss > min_delta
        best, best_epoch, waited = (loss, epoch, 0) if improves else (best, best_epoch, waited + 1)
        if waited == patience:
            break
    return best_epoch, epoch
