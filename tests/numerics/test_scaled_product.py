"""A product of many matrices, kept in range: scaled * 2^exponent."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "A float is a number in [1/2, 1) and a power of 2. What limits a float32 is its exponent.",
        "Take the power of 2 out of the product after each factor: when is the end too late?",
        "x.abs().amax().frexp() has the exponent. Take it out of each factor too before you multiply.",
    ),
)


def exact(factors):
    """The scaled product and its exponent, by exact fractions."""
    n = factors.shape[1]
    product = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    for factor in factors.double().tolist():
        columns = list(zip(*factor, strict=True))
        product = [
            [sum(a * Fraction(b) for a, b in zip(row, c, strict=True)) for c in columns]
            for row in product
        ]
    largest = max(abs(v) for row in product for v in row)
    exponent = 0
    if largest:
        exponent = largest.numerator.bit_length() - largest.denominator.bit_length()
        exponent += Fraction(2) ** exponent <= largest
        exponent -= Fraction(2) ** (exponent - 1) > largest
    rows = [[float(v / Fraction(2) ** exponent) for v in row] for row in product]
    return torch.tensor(rows, dtype=factors.dtype), exponent


@claim("S1-079")
def test_a_case_worked_by_hand(scaled_product):
    factors = torch.tensor(
        [[[1.0, 2.0], [0.0, 4.0]], [[2.0, 0.0], [1.0, -1.0]], [[2.0, 0], [0, 3]]]
    )
    # [[4, -2], [4, -4]] @ diag(2, 3) = [[8, -6], [8, -12]], and 12 = 3/4 * 2^4.
    want = torch.tensor([[0.5, -0.375], [0.5, -0.75]])
    check(scaled_product, factors, want=(want, 4))


@claim("S1-079", "S2-117", "S2-119")
@given(inputs.tensors(inputs.sizes(1, 5), 2, 2))
def test_equals_the_product_of_exact_fractions(scaled_product, factors):
    check(scaled_product, factors, want=exact(factors), scale=10.0)


@claim("S1-079", "S2-117", "S2-119")
@pytest.mark.parametrize(
    ("dtype", "factor", "depth"),
    [
        (torch.float16, 1.5, 60),
        (torch.float16, -0.75, 75),
        (torch.float32, 1.5, 260),
        (torch.float64, 1.5 * 2.0**60, 35),
        (torch.float64, -0.75 * 2.0**-60, 35),
    ],
)
def test_a_power_beyond_the_format_keeps_its_digits(scaled_product, dtype, factor, depth):
    factors = torch.full((depth, 1, 1), factor, dtype=dtype)
    # Each of the products may round once.
    check(scaled_product, factors, want=exact(factors), slack=10.0)


@claim("S1-079", "S2-117")
def test_a_hundred_random_layers_explode(scaled_product):
    draw = torch.Generator().manual_seed(0)
    factors = torch.randn(100, 4, 4, generator=draw, dtype=torch.float64)
    check(scaled_product, factors, want=exact(factors))
    check(scaled_product, factors.half(), want=exact(factors.half()), slack=20.0)


@claim("S2-119")
def test_small_layers_vanish_only_from_the_exponent(scaled_product):
    factors = inputs.numbers(40, 3, 3).float() * 2.0**-20
    check(scaled_product, factors, want=exact(factors), slack=10.0)


@claim("S2-117", "S2-119")
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
def test_factors_may_be_the_largest_and_the_smallest_numbers(scaled_product, dtype):
    info = torch.finfo(dtype)
    largest = torch.full((2, 2, 2), info.max, dtype=dtype)
    check(scaled_product, largest, want=exact(largest))
    smallest = torch.full((3, 2, 2), info.smallest_normal * info.eps, dtype=dtype)
    check(scaled_product, smallest, want=exact(smallest))


@pytest.mark.parametrize(("dtype", "power"), [(torch.float32, 100), (torch.float64, 700)])
def test_a_large_and_a_small_factor_make_up_for_each_other(scaled_product, dtype, power):
    factors = torch.tensor([[[2.0**power]], [[-3 * 2.0**-power]]], dtype=dtype)
    want = (torch.tensor([[-0.75]], dtype=dtype), 2)
    check(scaled_product, factors, want=want)
    check(scaled_product, factors.flip(0), want=want)


def test_a_power_of_two_has_the_mantissa_one_half(scaled_product):
    check(scaled_product, inputs.vector(1).reshape(1, 1, 1), want=(inputs.vector(0.5)[None], 1))
    check(scaled_product, inputs.vector(-8).reshape(1, 1, 1), want=(inputs.vector(-0.5)[None], 4))


def test_the_last_number_below_a_power_of_two_has_the_largest_mantissa(scaled_product):
    largest = 1 - 2.0**-24  # its logarithm rounds to that of the power
    factors = torch.tensor([[[2.0**100 * largest]]])
    check(scaled_product, factors, want=(torch.tensor([[largest]]), 100))


def test_of_no_factors_the_product_is_the_identity(scaled_product):
    check(scaled_product, torch.zeros(0, 3, 3), want=(torch.eye(3) / 2, 1))
    wide = torch.zeros(0, 2, 2, dtype=torch.float64)
    check(scaled_product, wide, want=(torch.eye(2, dtype=torch.float64) / 2, 1))


def test_a_product_that_is_zero_has_the_exponent_zero(scaled_product):
    step = torch.tensor([[0.0, 8.0], [0.0, 0.0]])
    check(scaled_product, torch.stack([step, step]), want=(torch.zeros(2, 2), 0))
    check(scaled_product, torch.stack([8 * torch.eye(2), step, step]), want=(torch.zeros(2, 2), 0))


def test_the_order_of_the_factors_is_kept_for_large_n(scaled_product):
    factors = inputs.numbers(3, 5, 5)
    check(scaled_product, factors, want=exact(factors))
    check(scaled_product, factors.mT, want=exact(factors.mT.contiguous()))


@given(inputs.tensors(3, 2, 2, low=1, high=5))
def test_gradients_flow_back_with_the_exponent_as_a_constant(scaled_product, factors):
    exponent = exact(factors)[1]

    def scaled(factors):
        return factors[0] @ factors[1] @ factors[2] / 2.0**exponent

    check_gradient(_first(scaled_product), factors, like=scaled)


def _first(scaled_product):
    """Take the matrix alone: gradients flow back from one tensor."""

    def scaled(factors):
        return scaled_product(factors)[0]

    return scaled


def test_refuses_what_are_no_square_matrices(scaled_product):
    for shape in ((2, 2, 3), (3, 3), (2, 0, 0)):
        factors = torch.zeros(shape)
        check(scaled_product, factors, raises=ValueError, naming={"factors": shape})


def test_refuses_infinite_entries_and_nan(scaled_product):
    for value in (torch.inf, torch.nan):
        factors = torch.tensor([[[1.0, 2.0], [value, 3.0]]])
        check(scaled_product, factors, raises=ValueError, naming={"factors": value})
    factors = torch.tensor([[[1.0, torch.nan], [torch.inf, 3.0]]])
    check(scaled_product, factors, raises=ValueError, naming={"factors": torch.nan})


def test_refuses_integers(scaled_product):
    factors = torch.ones(2, 2, 2, dtype=torch.int64)
    check(scaled_product, factors, raises=ValueError, naming={"factors": torch.int64})


def parts(x, step=True):
    """Split x into a matrix in [1/2, 1) and its exponent, in float64."""
    exponent = int(x.detach().abs().amax().frexp().exponent)
    return (x.double() / 2.0 ** (exponent // 2) / 2.0 ** (exponent - exponent // 2)), exponent


def run(factors, order=lambda p, f: p @ f, split=parts):
    n = factors.shape[1]
    product, exponent = split(torch.eye(n, dtype=torch.float64))
    for factor in factors:
        factor, own = split(factor)
        product, change = split(order(product, factor))
        exponent += own + change
    return product.to(factors.dtype), exponent if product.any() else 0


@wrong("multiply first and scale at the end: the product has left the format by then")
def scaled_at_the_end(factors):
    product = torch.eye(factors.shape[1], dtype=factors.dtype)
    for factor in factors:
        product = product @ factor
    if not product.isfinite().all():
        return product, 0
    scaled, exponent = parts(product)
    return scaled.to(factors.dtype), exponent


@wrong("multiply the other way round, the last factor first")
def reversed_order(factors):
    return run(factors, lambda p, f: f @ p)


@wrong("multiply entry by entry")
def entry_by_entry(factors):
    def order(p, f):
        return f / 2 if torch.equal(p, torch.eye(len(p)).double() / 2) else p * f

    return run(factors, order)


@wrong(
    "take the mantissa from [1, 2) and not from [1/2, 1)",
    right_for="IEEE's mantissa; here it is frexp's, less than 1",
)
def ieee_mantissa(factors):
    scaled, exponent = run(factors)
    return 2 * scaled, exponent - bool(scaled.any())


@wrong(
    "scale by the largest entry itself: the largest is then 1, and what is left is no power of 2"
)
def largest_is_one(factors):
    scaled, exponent = run(factors)
    return scaled / scaled.abs().amax().clamp(min=0.5), exponent


@wrong("give the power of 10", right_for="a decimal exponent; here it is the power of 2")
def decimal(factors):
    scaled, exponent = run(factors)
    return scaled, round(exponent * 0.30103)


@wrong("forget the exponents of the factors, and count only what the products do")
def forgets_the_factors(factors):
    scaled, exponent = run(factors)
    return scaled, exponent - sum(parts(f)[1] for f in factors) * bool(scaled.any())


@wrong("scale the product and not the factors: one large factor overflows")
def unscaled_factors(factors):
    product, exponent = torch.eye(factors.shape[1], dtype=factors.dtype) / 2, 1
    for factor in factors:
        product, change = parts(product @ factor)
        product, exponent = product.to(factors.dtype), exponent + change
    return product, exponent if product.any() else 0


@wrong("take the power of 2 of the largest factor out of all: the small ones vanish")
def one_exponent_for_all(factors):
    one = parts(factors)[1] if len(factors) else 0
    scaled = (factors.double() * 2.0 ** -(one // 2) * 2.0 ** (one // 2 - one)).to(factors.dtype)
    product, exponent = run(scaled)
    return product, exponent + one * len(factors) * bool(product.any())


@wrong("divide by 2^exponent in one step: for the smallest numbers 2^-exponent overflows")
def in_one_step(factors):
    def split(x):
        exponent = int(x.detach().abs().amax().frexp().exponent)
        power = torch.tensor(2.0, dtype=factors.dtype) ** -exponent
        return x * power, exponent

    n = factors.shape[1]
    product, exponent = split(torch.eye(n, dtype=factors.dtype))
    for factor in factors:
        factor, own = split(factor)
        product, change = split(product @ factor)
        exponent += own + change
    return product, exponent if product.any() else 0


@wrong("drop the signs, as a sum of logarithms does")
def without_signs(factors):
    return run(factors.abs())


@wrong("go on counting after the product has become 0: 0 has no exponent of its own")
def exponent_of_zero(factors):
    n = factors.shape[1]
    product, exponent = parts(torch.eye(n, dtype=torch.float64))
    for factor in factors:
        factor, own = parts(factor)
        product, change = parts(product @ factor)
        exponent += own + change
    return product.to(factors.dtype), exponent


@wrong("start with the first factor alone: of no factors there is no product")
def without_identity(factors):
    if not len(factors):
        return torch.zeros_like(factors.sum(0)), 0
    return run(factors)


@right("in pairs, the exponents of all factors taken out before")
def in_pairs(factors):
    if not factors.dtype.is_floating_point:
        raise ValueError(f"`factors` has dtype {factors.dtype}")
    if factors.ndim != 3 or factors.shape[-1] != factors.shape[-2] or factors.shape[-1] == 0:
        raise ValueError(f"`factors` of shape {tuple(factors.shape)} are no square matrices")
    bad = factors[~torch.isfinite(factors)]
    if bad.numel():
        raise ValueError(f"`factors` holds {bad[0].item()}")

    def split(x):
        exponent = x.detach().double().abs().max().frexp().exponent.item()
        return (x.double() * 2.0 ** -(exponent // 2)) * 2.0 ** -(exponent - exponent // 2), exponent

    pieces = [split(f) for f in (torch.eye(factors.shape[1], dtype=factors.dtype), *factors)]
    while len(pieces) > 1:
        joined = []
        for (a, i), (b, j) in zip(pieces[::2], pieces[1::2], strict=False):
            product, change = split(a @ b)
            joined.append((product, i + j + change))
        pieces = joined + pieces[len(joined) * 2 :]
    scaled, exponent = pieces[0]
    return (scaled.to(factors.dtype), exponent) if scaled.any() else (0 * factors.sum(0), 0)


@gpu
def bench_a_deep_linear_network(scaled_product, race):
    def torchs(factors):
        product = factors[0]
        for factor in factors[1:]:
            product = product @ factor
        exponent = int(product.abs().amax().frexp().exponent)
        return product * 2.0**-exponent, exponent

    race(
        scaled_product,
        torch=torchs,
        inputs=lambda draw, d, n: (draw.normal(d, n, n) / n**0.5,),
        small=(8, 32),
        large=(16, 1024),
        forward=lambda factors: {
            "bytes": factors.nbytes + factors[0].nbytes,
            "flops": 2 * (len(factors) - 1) * factors.shape[1] ** 3,
        },
        slack=1e4,  # d products of n terms each, of both signs
    )
