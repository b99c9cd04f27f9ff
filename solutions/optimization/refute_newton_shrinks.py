"""Optimization: a step of Newton's method that leads away from zero."""


def refute_newton_shrinks() -> tuple[list[int], int]:
    """A polynomial and a start from which one step of Newton's method makes |f| ten times as large.

    The statement to refute: "x1 = x0 - f(x0) / f'(x0) is no root yet, but f(x1) is closer to 0 than
    f(x0)."

    The result is the coefficients of f, at most 4 whole numbers from -9 to 9, the constant first,
    and the start x0, a whole number. f has to have a real root, f'(x0) may not be 0, and |f(x1)|
    has to be at least 10 |f(x0)|, which isn't 0.

    Notes: interview notes, Newton's method.
    """
    # x + 9 is all that the step sees of x^3 + x + 9: it leads to -9, and the cube there is -729.
    return [9, 1, 0, 1], 0
