"""p_g(G(z)) = p_z(z) fails wherever G stretches or squeezes."""

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("pushforward_density",),
    hints=(
        "By how much does G stretch a small interval around z?",
        "p_g(G(z)) G'(z) = p_z(z): any rising G from 0 to 1 other than z itself.",
    ),
)


def slopes(g):
    """Give G' at z = 1/100, ..., 99/100."""
    import sympy

    (z,) = g.free_symbols
    slope = sympy.lambdify(z, g.diff(z), "math")
    return [float(slope(k / 100)) for k in range(1, 100)]


def is_admissible(g):
    """Whether G maps [0, 1] onto itself and rises."""
    import sympy

    if not isinstance(g, sympy.Expr) or {s.name for s in g.free_symbols} != {"z"}:
        return False
    (z,) = g.free_symbols
    ends = [abs(sympy.N(g.subs(z, end)) - end) for end in (0, 1)]
    return max(map(float, ends)) < 1e-12 and min(slopes(g)) > 0  # its numbers may be floats


@claim("S3-397")
def test_maps_the_interval_onto_itself_and_rises(refute_density_of_generated):
    told = "an expression in the symbol z alone, with G(0) = 0, G(1) = 1 and G' > 0 between"
    check(refute_density_of_generated, want=such_that(told, is_admissible))


@claim("S3-397")
@counterexample("S3-397")
def test_its_density_is_not_that_of_z(refute_density_of_generated):
    def refutes(g):
        return is_admissible(g) and max(abs(1 / slope - 1) for slope in slopes(g)) >= 0.1

    told = "a G for which 1 / G'(z), the density of G(z), is 0.1 or more away from 1 somewhere"
    check(refute_density_of_generated, want=such_that(told, refutes))


def expression(text):
    """Give an expression in z."""
    import sympy

    return sympy.sympify(text)


@wrong("take G(z) = z: it keeps the density")
def identity():
    return expression("z")


@wrong("take G(z) = 1 - z: it falls, and keeps the density")
def mirrored():
    return expression("1 - z")


@wrong("take G(z) = 2 z: it leaves the interval")
def doubled():
    return expression("2*z")


@wrong("take a G that falls in between: a full wave is too much")
def not_rising():
    return expression("z + sin(2*pi*z)/2")


@wrong("bend G so little that the density changes by less than 0.1")
def almost_straight():
    return expression("z + z*(z - 1)/100")


@right("by a root")
def by_a_root():
    return expression("sqrt(z)")


@right("by an exponential")
def by_an_exponential():
    return expression("(exp(z) - 1)/(E - 1)")
