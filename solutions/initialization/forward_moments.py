"""Initialization: what a layer makes of the mean and the variance of its inputs."""


def forward_moments(
    alpha: float, beta: float, n_in: int, w_var: float, x_mean: float, x_var: float
) -> tuple[float, float]:
    """Mean and variance of h = alpha * z + beta, for a unit z = sum_j w_j x_j of `n_in` inputs.

    The activation is taken as the straight line that it is near 0. The weights w_j have mean 0 and
    variance `w_var`; the inputs x_j have mean `x_mean` and variance `x_var`. All of them are
    independent of each other, and mean and variance are taken over weights and inputs.

    Raises:
        ValueError: naming `n_in` and its value, if it is below 1; naming `w_var` or `x_var` and its
            value, if it is negative or nan.

    Notes: supplements to D2L, numerical stability and initialization; PyTorch basics, variance of
    the layers.

    >>> forward_moments(alpha=0.5, beta=2.0, n_in=4, w_var=0.25, x_mean=0.0, x_var=3.0)
    (2.0, 0.75)
    """
    if n_in < 1:
        raise ValueError(f"n_in is {n_in}, but must be at least 1")
    for name, var in (("w_var", w_var), ("x_var", x_var)):
        if not var >= 0:
            raise ValueError(f"{name} is {var}, but can't be negative")
    # Var(w x) = E[w^2] E[x^2] for E[w] = 0: the mean of the inputs counts, and not that of w.
    return beta, alpha**2 * n_in * w_var * (x_var + x_mean**2)
