"""Optimization: a step of Adam that is longer than its learning rate."""


def adam_exceeds_lr() -> list[float]:
    """Gradients after which Adam's last step is more than twice as long as the learning rate.

    The statement to refute: "Adam divides by the size of recent gradients, and so the updates of
    the parameters stay stable", that is, no step is much longer than the learning rate.

    The gradients are those of one parameter, in order; Adam runs with lr = 0.1, betas of 0.9 and
    0.999, and eps of 1e-8. At most 3000 gradients, each between -1000 and 1000.

    Notes: interview notes, Adam.
    """
    raise NotImplementedError
