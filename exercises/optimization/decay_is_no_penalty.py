"""Optimization: where weight decay stops being an L2 penalty."""


def decay_is_no_penalty() -> tuple[float, float, float]:
    """A parameter, its gradient and a weight decay that tell decay and L2 penalty apart under Adam.

    The statement to refute: "Weight decay is an L2 penalty."

    From the parameter theta, one first step of Adam is taken with lr = 0.1 (and betas of 0.9 and
    0.999, eps of 1e-8) in two ways: with weight_decay / 2 * theta^2 added to the loss, and with the
    decay decoupled from Adam's step, as in AdamW. The gradient is that of the loss alone. The
    penalty has to bring theta nearer to 0, and the decay has to let it end farther from 0 than it
    began.

    The result is (theta, grad, weight_decay), with 0 < weight_decay <= 1.

    Notes: interview notes, weight decay.
    """
    raise NotImplementedError
