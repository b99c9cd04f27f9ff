"""p = d (k - 1), in total."""

import torch

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("same_padding",),
    hints=(
        "Write down that the output has as many entries as the input.",
        "n + p - d (k - 1) = n: solve for p.",
    ),
)


@claim("S1-097", "S4-208", "S4-209")
def test_solves_the_equation_of_sizes(same_padding_formula):
    import sympy as sp

    k, d = sp.symbols("k d")
    check(same_padding_formula, want=d * (k - 1))


def keeps_the_size(p):
    """Whether torch's output is as long as its input, for a grid of kernels and dilations."""
    for kernel in range(1, 6):
        for dilation in range(1, 5):
            values = {"k": kernel, "d": dilation}
            total = p.subs({symbol: values[symbol.name] for symbol in p.free_symbols})
            x = torch.empty(0, 1, 9 + int(total))
            weight = torch.empty(1, 1, kernel)
            if not total.is_Integer or torch.conv1d(x, weight, dilation=dilation).shape[-1] != 9:
                return False
    return True


@claim("S1-097", "S4-208")
def test_keeps_the_size_of_torchs_output(same_padding_formula):
    told = "a padding that keeps 9 entries for k = 1 ... 5 and d = 1 ... 4"
    check(same_padding_formula, want=such_that(told, keeps_the_size))


@wrong(
    "give the padding of one side, not of both",
    right_for="the padding of one side; here both sides count",
)
def one_side():
    import sympy as sp

    return sp.sympify("d*(k - 1)/2")


@wrong("leave out the dilation")
def ignores_dilation():
    import sympy as sp

    return sp.sympify("k - 1")


@wrong("spread the kernel over d k entries: only the k - 1 gaps between weights widen")
def dilated_kernel():
    import sympy as sp

    return sp.sympify("d*k - 1")


@wrong("pad fully, so that every overlap counts: the output grows")
def full_padding():
    import sympy as sp

    return sp.sympify("2*d*(k - 1)")


@right("written down: what the kernel reaches over, less one")
def written_down():
    import sympy as sp

    k, d = sp.symbols("k d", positive=True, integer=True)
    reach = d * (k - 1) + 1
    return reach - 1
