"""Refute that the transposed convolution is the inverse of the convolution."""

import torch
import torch.nn.functional as F

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("transposed_conv_scatter", "conv_matrix"),
    hints=(
        "C^T C x = x for all x only if the columns of C are orthonormal. Are they, as a rule?",
        "A kernel of one entry only scales the image; take two entries.",
        "Is there an image that your kernel maps to zeros?",
    ),
)


def admissible(x, weight):
    sizes = zip(weight.shape, x.shape, strict=True)
    fits = x.dim() == weight.dim() == 2 and all(k <= s for k, s in sizes)
    plain = x.dtype == weight.dtype and x.is_floating_point()
    return fits and plain and all(t.isfinite().all() and t.any() for t in (x, weight))


def refutes(answer):
    x, weight = answer
    if not admissible(x, weight):
        return False
    x, weight = x.double()[None, None], weight.double()[None, None]
    back = F.conv_transpose2d(F.conv2d(x, weight), weight)  # as the notes have it: x again
    factor = (back * x).sum() / (x * x).sum()
    off = (back - factor * x).abs().max()
    return back.shape == x.shape and bool(factor == 0 or off > 1e-6 * back.abs().max())


@claim("S4-215")
@counterexample("S4-215")
def test_an_image_that_does_not_come_back(transposed_conv_is_no_inverse):
    told = "an image and a kernel, neither zero, where convT(conv(x)) is no multiple of x"
    check(transposed_conv_is_no_inverse, want=such_that(told, refutes))


@wrong("take a kernel of one entry: what comes back is a multiple of the image")
def one_entry():
    return torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([[3.0]])


@wrong("take an image of zeros, which comes back")
def zeros():
    return torch.zeros(3, 4), torch.tensor([[1.0, 2.0]])


@wrong("take a kernel of zeros: that is hardly a convolution")
def zero_kernel():
    return torch.ones(3, 4), torch.zeros(2, 2)


@wrong("take a kernel larger than the image")
def too_large():
    return torch.ones(2, 2), torch.ones(3, 1)


@wrong("take a kernel with a single 1, and an image that is zero where the kernel doesn't reach")
def restored():
    return torch.tensor([[0.0, 0, 0], [0, 5, 0], [0, 0, 0]]), F.pad(torch.ones(1, 1), (0, 1, 1, 0))


@right("smoothing spreads a point")
def spread_point():
    x = torch.zeros(5, 5, dtype=torch.float64)
    x[2, 2] = 1
    return x, torch.ones(3, 3, dtype=torch.float64)
