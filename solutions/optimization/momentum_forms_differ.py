"""Optimization: when the two forms of momentum part."""


def momentum_forms_differ() -> tuple[list[float], list[float]]:
    """Gradients and learning rates for which the two forms of momentum end in different places.

    The statement to refute: "SGD with momentum is v = gamma * v + lr * grad, theta = theta - v, and
    this is what torch.optim.SGD(momentum=gamma) does."

    Both start from theta = 0 with gamma = 0.9. The result is two lists of equal length, of at most
    4 numbers: the gradient and the learning rate of each step. Every gradient is between -1 and 1,
    every learning rate above 0 and at most 0.1. In the end the two thetas have to be more than 0.1
    apart.

    Notes: interview notes, momentum SGD.
    """
    # The notes' velocity keeps the rate of old; torch's is braked at once, together with the rate.
    return [1.0, 1.0, 1.0, 0.0], [0.1, 0.1, 0.1, 0.001]
