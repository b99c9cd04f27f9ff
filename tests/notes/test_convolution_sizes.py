"""Counterexamples to what the notes say on sizes, shapes and counts of convolutions, as written."""

import warnings
from fractions import Fraction
from itertools import product
from math import ceil

import pytest
import torch
from torch import nn

from grader import claim, counterexample


def torchs(size, kernel, stride=1, padding=0, dilation=1):
    """Return the length of the output of torch's convolution along one axis."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    return torch.conv1d(x, weight, None, stride, padding, dilation).shape[-1]


def torchs_transposed(size, kernel, stride=1, padding=0):
    """Return the length of the output of torch's transposed convolution along one axis."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    return torch.conv_transpose1d(x, weight, None, stride, padding).shape[-1]


def products(shape, weight_shape):
    """Let torch count the products: a convolution of ones has their number in each entry."""
    return int(torch.conv2d(torch.ones(shape), torch.ones(weight_shape)).double().sum())


def interview_size(size, kernel, stride=1, padding=0):
    """As S0-214 and S0-215 write it."""
    return Fraction(size - kernel + 2 * padding, stride) + 1


def d2l_size(n, k, p=0, s=1):
    """As S1-101 and S3-383 write it, and S1-095 and S1-096 for a stride of 1."""
    return (n - k + p + s) // s


def evaluation_size(n, f, p=0, s=1):
    """As S4-196 writes it; S4-197 rounds it down."""
    return Fraction(n - f + p, s) + 1


def d2l_transposed_size(h, k, p, s):
    """As S3-381 writes it."""
    return (h - 1) * s + k - p


@counterexample("S0-214")
def test_the_formula_without_a_floor_gives_half_an_entry():
    assert interview_size(32, 3, 2, 1) == Fraction(33, 2)
    assert torchs(32, 3, 2, 1) == 16
    assert interview_size(224, 7, 2, 3) == Fraction(225, 2)
    assert torchs(224, 7, 2, 3) == 112


@counterexample("S0-215")
def test_the_formula_without_the_dilation_gives_too_many_entries():
    assert interview_size(32, 3) == 30
    assert torchs(32, 3, dilation=2) == 28
    assert interview_size(32, 5, 3, 1) == Fraction(32, 3)
    assert torchs(32, 5, 3, 1, dilation=2) == 9


@counterexample("S0-216", "S0-217")
def test_a_square_kernel_on_64_channels_needs_64_times_the_products():
    multiplications = products((1, 64, 10, 10), (128, 64, 3, 3))
    entries = 128 * 8 * 8
    assert multiplications == 4_718_592 == 64 * entries * 3 * 3
    additions = multiplications // entries - 1
    assert (additions, 3 * 3 - 1) == (575, 8)


@counterexample("S0-218", "S4-204")
def test_torchs_counter_calls_a_multiply_add_two_operations():
    from torch.utils.flop_counter import conv_flop_count  # it imports a compiler

    multiplications, additions = products((1, 3, 5, 5), (1, 3, 5, 5)), 3 * 5 * 5 - 1
    flops = conv_flop_count((1, 3, 5, 5), (1, 3, 5, 5), (1, 1, 1, 1))
    assert flops == 2 * multiplications == 150
    assert multiplications + additions == 149 != multiplications


@counterexample("S1-095", "S1-101", "S3-383")
def test_a_kernel_that_is_too_large_has_no_output_and_not_a_negative_one():
    assert d2l_size(2, 5) == -2
    assert d2l_size(2, 5, s=4) == 0
    for stride in (1, 4):
        with pytest.raises(RuntimeError, match="can't be greater than actual input size"):
            torchs(2, 5, stride)


@counterexample("S1-095")
def test_a_dilated_kernel_leaves_less_than_n_less_k_plus_1():
    assert d2l_size(7, 3) == 5
    assert torchs(7, 3, dilation=2) == 3


@counterexample("S1-096", "S3-383", "S4-196")
def test_a_total_padding_is_not_torchs_padding():
    assert d2l_size(7, 2, p=1) == 7
    assert torchs(7, 2, padding=1) == 8
    assert d2l_size(5, 3, p=1) == evaluation_size(5, 3, p=1) == 4
    assert torchs(5, 3, padding=1) == 5


@claim("S1-096", "S1-101", "S3-383", "S4-196", "S4-197")
def test_as_a_total_the_formulas_agree_with_torch():
    for n, k, p, s in product(range(1, 9), range(1, 5), range(3), range(1, 5)):
        if n + 2 * p >= k:
            assert torchs(n, k, s, p) == d2l_size(n, k, 2 * p, s)
            assert torchs(n, k, s, p) == evaluation_size(n, k, 2 * p, s).__floor__()


@counterexample("S1-097")
def test_k_less_1_does_not_keep_the_size_of_dilated_or_strided_convolutions():
    assert torchs(9, 3, padding=1) == 9
    assert torchs(9, 3, padding=1, dilation=2) == 7
    assert torchs(9, 3, stride=2, padding=1) == 5


@claim("S1-098")
def test_an_odd_kernel_keeps_the_size_with_half_of_k_less_1():
    assert [torchs(10, k, padding=(k - 1) // 2) for k in (1, 3, 5, 7)] == [10] * 4


@counterexample("S1-099")
def test_torch_pads_an_even_kernel_at_the_other_end():
    x, weight = torch.arange(1.0, 6.0).reshape(1, 1, 5), torch.tensor([[[1.0, 0.0]]])
    with warnings.catch_warnings():  # torch warns that an uneven padding costs a copy
        warnings.simplefilter("ignore")
        same = torch.conv1d(x, weight, padding="same").flatten().tolist()
    total = 2 - 1
    before, after = -(-total // 2), total // 2  # ceil at the start, as the notes write it
    notes = torch.conv1d(nn.functional.pad(x, (before, after)), weight).flatten().tolist()
    assert same == [1, 2, 3, 4, 5]
    assert notes == [0, 1, 2, 3, 4]


@claim("S1-101", "S1-102", "S3-383")
def test_the_d2l_forms_are_equal_symbolically():
    import sympy as sp

    n, s, k, p = sp.symbols("n s k p", integer=True, positive=True)
    written = (n - k + p + s) / s
    assert sp.floor(sp.expand(written)) == sp.floor(sp.expand((n + p - k) / s)) + 1
    assert written.subs(p, k - 1) == (n + s - 1) / s


@claim("S1-102", "S1-103")
def test_n_over_s_is_rounded_up():
    for n, s in product(range(1, 13), range(1, 6)):
        assert (n + s - 1) // s == ceil(Fraction(n, s))
        assert n % s or (n + s - 1) // s == n // s


@counterexample("S1-103")
def test_an_even_kernel_with_half_of_it_on_each_side_does_not_halve():
    assert torchs(8, 4, stride=2, padding=4 // 2) == 5 != 8 // 2
    assert torchs(8, 3, stride=2, padding=3 // 2) == 4 == 8 // 2


@counterexample("S1-249")
def test_an_fcn_of_stride_32_turns_375_rows_into_384():
    for n, want in ((320, 320), (480, 480), (375, 384), (500, 512)):
        rows = n
        for _ in range(5):
            rows = torchs(rows, 3, stride=2, padding=1)
        assert torchs_transposed(rows, 64, stride=32, padding=16) == want


@counterexample("S3-381", "S3-382")
def test_with_padding_per_side_the_transposed_formulas_are_off():
    assert d2l_transposed_size(4, 4, p=1, s=2) == 9
    assert torchs_transposed(4, 4, stride=2, padding=1) == 8
    stride, padding = 2, 1
    assert torchs_transposed(4, stride + padding, stride, padding) == 7 != stride * 4


@claim("S3-381", "S3-382")
def test_as_a_total_the_transposed_formulas_agree_with_torch():
    for h, k, p, s in product(range(2, 6), range(1, 6), range(3), range(1, 4)):
        if d2l_transposed_size(h, k, 2 * p, s) > 0:
            assert torchs_transposed(h, k, s, p) == d2l_transposed_size(h, k, 2 * p, s)
        assert d2l_transposed_size(h, s + p, p, s) == s * h


@counterexample("S4-201")
def test_groups_and_biases_are_not_in_the_count_of_weights():
    layer = nn.Conv2d(8, 16, 3, groups=4)
    assert 16 * 8 * 3 * 3 == 1152
    assert (layer.weight.numel(), layer.bias.numel()) == (288, 16)


@counterexample("S4-202")
def test_an_output_size_with_channels_counts_them_twice():
    weights, entries = 10 * 3 * 5 * 5, 10 * torchs(193, 5) ** 2
    multiplications = products((1, 3, 193, 193), (10, 3, 5, 5))
    assert multiplications == 189 * 189 * weights == 26_790_750
    assert entries * weights == 10 * multiplications


@counterexample("S4-203")
def test_the_positions_of_one_axis_are_189_times_too_few():
    as_written = evaluation_size(193, 5) * 10 * 3 * 5 * 5
    assert as_written == 141_750
    assert products((1, 3, 193, 193), (10, 3, 5, 5)) == 26_790_750 == 189 * as_written


@counterexample("S4-207")
def test_fifteen_valid_layers_use_an_image_of_32_up():
    size = 32
    for _ in range(15):
        size = torchs(size, 3)
    assert size == 2
    with pytest.raises(RuntimeError, match="can't be greater than actual input size"):
        torchs(size, 3)


@counterexample("S4-208")
def test_torch_has_no_same_padding_for_strides():
    with pytest.raises(ValueError, match="not supported for strided convolutions"):
        nn.Conv2d(1, 1, 3, stride=2, padding="same")
    assert torchs(10, 3, stride=2, padding=1) == 5  # ceil(10 / 2), the other meaning of 'same'


@counterexample("S4-209")
def test_half_of_k_less_1_is_no_padding_of_even_or_dilated_kernels():
    assert Fraction(4 - 1, 2).denominator == 2
    assert [torchs(10, 4, padding=p) for p in (1, 2)] == [9, 11]
    assert torchs(10, 3, padding=(3 - 1) // 2, dilation=2) == 8
    assert evaluation_size(5, 3, p=(3 - 1) // 2) == 4  # not 5, in the notes' own formula


@counterexample("S4-225")
def test_the_third_argument_of_conv2d_is_the_kernel():
    layer = nn.Conv2d(3, 10, 5)
    assert layer.weight.shape == (10, 3, 5, 5)
    assert layer.weight.shape[-2:] != (3, 3)
    assert torchs(193, 5) == 189 != torchs(193, 3) == 191


@claim("S4-219")
def test_dilation_adds_no_parameter():
    plain, dilated = nn.Conv2d(2, 3, 3), nn.Conv2d(2, 3, 3, dilation=2)
    assert plain.weight.shape == dilated.weight.shape


@claim("S4-226")
def test_a_kernel_of_1_is_a_linear_layer_at_each_pixel():
    x, bias = torch.arange(240.0).reshape(2, 10, 4, 3), torch.arange(10.0)  # exact in integers
    weight = torch.arange(-40.0, 60.0).reshape(10, 10)
    linear = nn.functional.linear(x.movedim(1, -1), weight, bias)
    assert torch.equal(torch.conv2d(x, weight[:, :, None, None], bias), linear.movedim(-1, 1))


@claim("S4-230")
def test_the_layouts_differ_where_the_channels_do():
    forward, transposed = nn.Conv2d(4, 6, 3), nn.ConvTranspose2d(4, 6, 3)
    assert forward.weight.shape == (6, 4, 3, 3)
    assert transposed.weight.shape == (4, 6, 3, 3)
    assert sum(p.numel() for p in forward.parameters()) == 222
    assert sum(p.numel() for p in transposed.parameters()) == 222
