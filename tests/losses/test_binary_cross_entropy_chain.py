"""dL/dw = dL/dp dp/ds ds/dw = (sigmoid(s) - y) x."""

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("binary_cross_entropy",),
    hints=(
        "Differentiate log p and log(1 - p); mind the inner derivative of 1 - p.",
        "The derivative of the sigmoid is sigmoid (1 - sigmoid).",
        "-y (1 - sigmoid) + (1 - y) sigmoid: multiply out, and most of it cancels.",
    ),
)


def derivatives(y, p, s, x):
    import sympy as sp

    # With e = e^-s, de/ds = -e, all is rational: quick to differentiate, to reduce and to compare.
    e, w, b = sp.symbols("e w b")
    loss, sigmoid = -(y * sp.log(p) + (1 - y) * sp.log(1 - p)), 1 / (1 + e)
    by_s = [sp.cancel(-e * f.diff(e)).subs(e, sp.exp(-s)) for f in (sigmoid, loss.subs(p, sigmoid))]
    by_w = (w * x + b).diff(w)
    return loss.diff(p), by_s[0], by_w, by_s[1] * by_w


@claim("S0-310", "S0-311", "S0-312", "S0-313", "S0-314", "S4-132")
def test_the_factors_and_the_product_are_sympys_derivatives(binary_cross_entropy_chain):
    import sympy as sp

    symbols = sp.symbols("y p s x")
    check(binary_cross_entropy_chain, *symbols, want=derivatives(*symbols))


@claim("S0-310")
def test_the_symbols_are_those_that_are_passed(binary_cross_entropy_chain):
    import sympy as sp

    symbols = sp.symbols("label prob score feature")
    check(binary_cross_entropy_chain, *symbols, want=derivatives(*symbols))


@claim("S0-310")
def test_the_symbols_may_have_each_others_names(binary_cross_entropy_chain):
    import sympy as sp

    symbols = sp.symbols("p y x s")
    check(binary_cross_entropy_chain, *symbols, want=derivatives(*symbols))


@wrong("put what is passed in place of symbols of your own, one by one: equal names run together")
def one_by_one(y, p, s, x):
    import sympy as sp

    own = sp.symbols("y p s x")
    results = derivatives(*own)
    for symbol, passed in zip(own, (y, p, s, x), strict=True):
        results = tuple(result.subs(symbol, passed) for result in results)
    return results


@wrong("forget the inner derivative of 1 - p")
def no_inner_derivative(y, p, s, x):
    import sympy as sp

    a = 1 / (1 + sp.exp(-s))
    return -y / p - (1 - y) / (1 - p), a * (1 - a), x, (a - y) * x


@wrong("take sigmoid for its own derivative")
def no_slope(y, p, s, x):
    import sympy as sp

    a = 1 / (1 + sp.exp(-s))
    return -y / p + (1 - y) / (1 - p), a, x, (a - y) * x


@wrong(
    "flip the sign of the product: y - sigmoid is the direction of descent",
    right_for="the direction of descent; here the gradient itself is asked for",
)
def descent(y, p, s, x):
    import sympy as sp

    a = 1 / (1 + sp.exp(-s))
    return -y / p + (1 - y) / (1 - p), a * (1 - a), x, (y - a) * x


@wrong("write the slope of the sigmoid in p, and not in s")
def p_in_the_slope(y, p, s, x):
    import sympy as sp

    return -y / p + (1 - y) / (1 - p), p * (1 - p), x, (1 / (1 + sp.exp(-s)) - y) * x


@wrong("leave p in the product")
def p_in_the_product(y, p, s, x):
    import sympy as sp

    a = 1 / (1 + sp.exp(-s))
    return -y / p + (1 - y) / (1 - p), a * (1 - a), x, (p - y) * x


@wrong("forget the last factor x in the product")
def no_feature(y, p, s, x):
    import sympy as sp

    a = 1 / (1 + sp.exp(-s))
    return -y / p + (1 - y) / (1 - p), a * (1 - a), x, a - y


@right("let sympy differentiate")
def by_sympy(y, p, s, x):
    return derivatives(y, p, s, x)
