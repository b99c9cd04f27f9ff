"""Optimization: where a schedule goes on that is built in the middle of a training."""


def resumed_lrs(
    kind: str, group: dict[str, float], gamma: float, last_epoch: int, steps: int
) -> list[float]:
    """The learning rates that a new scheduler of torch sets: at once, and after each of its steps.

        "lambda"         LambdaLR(optimizer, lambda epoch: gamma**epoch, last_epoch)
        "exponential"    ExponentialLR(optimizer, gamma, last_epoch)

    `kind` is one of the two. `group` is the optimizer's one parameter group: its present rate "lr"
    and, where an earlier scheduler or a checkpoint has left it there, its "initial_lr". The result
    has steps + 1 rates, as they are in torch 2.13, and `group` stays as it is.

    Raises:
        KeyError: naming "initial_lr", if `last_epoch` is 0 or more and `group` has none.
        ValueError: naming `kind` and its value, if it is neither of the two; naming `last_epoch`
            and its value, if it is below -1; naming `steps` and its value, if it is negative.

    Not allowed: torch.optim.

    Notes: supplements to D2L, learning rate schedulers.

    >>> resumed_lrs("lambda", {"lr": 8.0}, gamma=0.5, last_epoch=-1, steps=2)
    [8.0, 4.0, 2.0]
    """
    raise NotImplementedError
