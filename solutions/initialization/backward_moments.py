"""Initialization: what a layer makes of the mean and the variance of the gradient."""


def backward_moments(
    alpha: float, n_out: int, w_var: float, g_mean: float, g_var: float
) -> tuple[float, float]:
    """Mean and variance of dl/dx_j, one input's gradient, below a layer h_i = alpha z_i + beta.

    Here z_i = sum_j w_ij x_j for i = 1, ..., n_out, and g_i = dl/dh_i is the gradient that comes in
    from above, with mean `g_mean` and variance `g_var`. The weights have mean 0 and variance
    `w_var`. All w_ij and g_i are independent of each other (an approximation: above a layer that is
    drawn, g depends on its weights), and mean and variance are taken over both.

    Raises:
        ValueError: naming `n_out` and its value, if it is below 1; naming `w_var` or `g_var` and its
            value, if it is negative or nan.

    Notes: supplements to D2L, numerical stability and initialization; PyTorch basics, variance of
    the layers.

    >>> backward_moments(alpha=0.5, n_out=8, w_var=0.25, g_mean=0.0, g_var=3.0)
    (0.0, 1.5)
    """
    if n_out < 1:
        raise ValueError(f"n_out is {n_out}, but must be at least 1")
    for name, var in (("w_var", w_var), ("g_var", g_var)):
        if not var >= 0:
            raise ValueError(f"{name} is {var}, but can't be negative")
    # dl/dx_j = alpha sum_i w_ij g_i: on the way down a unit is reached from n_out others.
    return 0.0, alpha**2 * n_out * w_var * (g_var + g_mean**2)
