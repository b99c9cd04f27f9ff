"""out[a, b] = sum_ij weight[i, j] x[a + i, b + j], where the kernel lies inside the image."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("conv_output_size",),
    forbid=("convolution", "conv_transpose", "scipy.signal", "scipy.ndimage"),
    instead="write it as sums of products",
    hints=(
        "How many places are there for the kernel's upper left corner?",
        "Each entry of the result is the sum of a window of the image times the kernel.",
        "Rather than loop over places, sum weight[i, j] * x[i : i + ho, j : j + wo] over i and j.",
    ),
)


def by_torch(x, weight):
    return F.conv2d(x[None, None], weight[None, None])[0, 0]


@st.composite
def images_and_kernels(draw):
    kh, kw = draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 3))
    h, w = kh + draw(st.integers(0, 3)), kw + draw(st.integers(0, 3))
    return draw(inputs.tensors(h, w)), draw(inputs.tensors(kh, kw))


@claim("S4-205")
def test_a_case_worked_by_hand(cross_correlation):
    x = torch.tensor(
        [
            [1.0, 0.0, 2.0, 0.0, 0.0, 1.0],
            [0.0, 3.0, 0.0, 0.0, 1.0, 0.0],
            [2.0, 0.0, 0.0, 4.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, 0.0, 5.0],
        ]
    )
    weight = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    want = torch.tensor(
        [[67.0, 34.0, 32.0, 23.0], [26.0, 123.0, 83.0, 42.0], [22.0, 22.0, 8.0, 154.0]]
    )
    check(cross_correlation, x, weight, want=want)


@claim("S4-205")
@given(images_and_kernels())
def test_equals_a_loop_over_the_places_where_the_kernel_fits(cross_correlation, drawn):
    x, weight = drawn
    kh, kw = weight.shape
    places = [
        [(x[a : a + kh, b : b + kw] * weight).sum() for b in range(x.shape[1] - kw + 1)]
        for a in range(x.shape[0] - kh + 1)
    ]
    check(cross_correlation, x, weight, want=torch.stack([torch.stack(row) for row in places]))


@claim("S4-205")
def test_a_kernel_as_large_as_the_image_gives_one_number(cross_correlation):
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    weight = torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 8.0]])
    check(cross_correlation, x, weight, want=torch.tensor([[64.0]]))


def test_a_kernel_of_size_one_scales_the_image(cross_correlation):
    x = torch.tensor([[1.0, -2.0, 3.0], [0.5, 5.0, 7.0]])
    check(cross_correlation, x, torch.tensor([[-4.0]]), want=-4 * x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(cross_correlation, dtype):
    x = torch.tensor([[0.1, 0.7, -1.3, 2.9]], dtype=dtype)
    weight = torch.tensor([[0.3, -1.1]], dtype=dtype)
    check(cross_correlation, x, weight, want=by_torch(x.double(), weight.double()).to(dtype))


def test_reads_a_transposed_image_by_its_strides(cross_correlation):
    x = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]).mT
    want = torch.tensor([[17.0], [34.0]])
    check(cross_correlation, x, torch.tensor([[1.0, 2.0], [0.0, 0.0]]), want=want)


@given(images_and_kernels())
def test_gradients_flow_back_to_the_image_and_to_the_kernel(cross_correlation, drawn):
    check_gradient(cross_correlation, *drawn, like=by_torch)


def test_refuses_a_kernel_that_does_not_fit(cross_correlation):
    x = torch.zeros(3, 4)
    check(cross_correlation, x, torch.ones(4, 2), raises=ValueError, naming={"weight": [4, 2]})
    check(cross_correlation, x, torch.ones(1, 5), raises=ValueError, naming={"weight": [1, 5]})
    check(cross_correlation, x, torch.ones(5, 7), raises=ValueError, naming={"weight": [5, 7]})


@wrong(
    "turn the kernel by 180 degrees: that is the convolution of mathematics",
    right_for="the convolution of mathematics; here the kernel isn't turned, as in torch",
)
def true_convolution(x, weight):
    return by_torch(x, weight.flip(0, 1))


@wrong("flip the kernel left to right only")
def flipped_columns(x, weight):
    return by_torch(x, weight.flip(1))


@wrong("transpose the kernel")
def transposed_kernel(x, weight):
    return by_torch(x, weight.mT)


@wrong(
    "pad with zeros: the kernel then visits places where it sticks out of the image",
    right_for="'full' padding; here the kernel stays inside the image",
)
def full(x, weight):
    kh, kw = weight.shape
    return by_torch(F.pad(x, (kw - 1, kw - 1, kh - 1, kh - 1)), weight)


@wrong("forget the + 1: the last row and the last column of places are missing")
def one_place_short(x, weight):
    return by_torch(x, weight)[:-1, :-1]


@wrong("swap the two sizes of the kernel when you count the places")
def swapped_sizes(x, weight):
    out, (kh, kw) = by_torch(x, weight), weight.shape
    return out[: x.shape[0] - kw + 1, : x.shape[1] - kh + 1]


@wrong("divide by the size of the kernel: that is a mean and not a sum")
def mean(x, weight):
    return by_torch(x, weight) / weight.numel()


@wrong("convert entries to Python numbers: no gradient flows back")
def cut_off(x, weight):
    return torch.tensor(by_torch(x, weight).tolist(), dtype=x.dtype)


@wrong("read the kernel's entries with .item(): it gets no gradient")
def detached_kernel(x, weight):
    return by_torch(x, weight.detach())


@right("window by window")
def window_by_window(x, weight):
    h, w = x.shape
    kh, kw = weight.shape
    if kh > h or kw > w:
        raise ValueError(f"the weight's shape {tuple(weight.shape)} exceeds the image")
    places = [(a, b) for a in range(h - kh + 1) for b in range(w - kw + 1)]
    flat = torch.stack([(x[a : a + kh, b : b + kw] * weight).sum() for a, b in places])
    return flat.reshape(h - kh + 1, w - kw + 1)


@right("all windows at once, as a view")
def unfolded(x, weight):
    kh, kw = weight.shape
    if kh > x.shape[0] or kw > x.shape[1]:
        raise ValueError(f"`weight` of shape {weight.shape} does not fit")
    return torch.einsum("abij,ij->ab", x.unfold(0, kh, 1).unfold(1, kw, 1), weight)
