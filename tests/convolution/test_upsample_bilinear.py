"""Bilinear upsampling, with both conventions for the corners."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=(
        "interpolate",
        "upsample",
        "upsample_bilinear",
        "upsample_bilinear2d",
        "upsample_bilinear2d_aa",
        "upsample_linear1d",
        "upsample_trilinear3d",
        "grid_sample",
        "grid_sampler",
        "grid_sampler_2d",
        "scipy.ndimage",
    ),
    instead="compute the positions and weigh the neighbours yourself",
    hints=(
        "One axis at a time. For each new pixel: its position among the old ones, and two weights.",
        "The weights are 1 - t and t, where t is the position minus its floor.",
        "A new image is W_h x W_w^T: a matrix of weights for the rows, one for the columns.",
    ),
)


def by_torch(x, scale, align_corners=False):
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=align_corners)


@claim("S4-231")
def test_a_case_worked_by_hand(upsample_bilinear):
    x = torch.tensor([[[[0.0, 4.0, 8.0]], [[16.0, 0.0, 16.0]]]])
    rows = [[[0.0, 1, 3, 5, 7, 8]] * 2, [[16.0, 12, 4, 4, 12, 16]] * 2]
    check(upsample_bilinear, x, 2, want=torch.tensor([rows]))


@claim("S4-231")
def test_with_aligned_corners_the_outermost_pixels_keep_their_values(upsample_bilinear):
    x = torch.tensor([[[[0.0, 5.0]]]])
    want = torch.tensor([[[[0.0, 1, 2, 3, 4, 5]] * 3]])
    check(upsample_bilinear, x, 3, align_corners=True, want=want)


@pytest.mark.parametrize("align_corners", [True, False])
def test_rows_are_enlarged_as_columns_are(upsample_bilinear, align_corners):
    x = inputs.vector(0, 6, 3).reshape(1, 1, 3, 1)
    want = by_torch(x, 4, align_corners)
    check(upsample_bilinear, x, 4, align_corners, want=want)


@claim("S4-231")
@given(
    inputs.tensors(inputs.sizes(1, 2), inputs.sizes(1, 2), inputs.sizes(1, 4), inputs.sizes(1, 5)),
    st.integers(1, 5),
    st.booleans(),
)
def test_equals_torchs(upsample_bilinear, x, scale, align_corners):
    want = by_torch(x, scale, align_corners)
    check(upsample_bilinear, x, scale, align_corners, want=want)


@pytest.mark.parametrize("align_corners", [True, False])
def test_one_pixel_gives_an_even_image(upsample_bilinear, align_corners):
    x = torch.tensor([[[[7.0]]], [[[-2.0]]]])
    want = x.expand(2, 1, 3, 3).clone()
    check(upsample_bilinear, x, 3, align_corners, want=want)


@pytest.mark.parametrize("align_corners", [True, False])
def test_a_scale_of_one_changes_nothing(upsample_bilinear, align_corners):
    for x in (torch.arange(6.0).reshape(1, 1, 2, 3), torch.ones(1, 2, 1, 1)):
        check(upsample_bilinear, x, 1, align_corners, want=x)


@claim("S4-231")
def test_94_pixels_become_188(upsample_bilinear):
    x = inputs.numbers(1, 1, 94, 1)
    for align_corners in (True, False):
        want = by_torch(x, 2, align_corners)
        check(upsample_bilinear, x, 2, align_corners, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(upsample_bilinear, dtype):
    x = torch.tensor([[[[0.5, -1.0, 2.0], [4.0, 8.0, -0.25]]]], dtype=dtype)
    check(upsample_bilinear, x, 4, want=by_torch(x.double(), 4).to(dtype))


@given(
    inputs.tensors(1, 2, inputs.sizes(1, 3), inputs.sizes(1, 4)), st.integers(1, 3), st.booleans()
)
def test_gradients_flow_back_as_through_torchs(upsample_bilinear, x, scale, align_corners):
    check_gradient(upsample_bilinear, x, scale, align_corners, like=by_torch)


def test_refuses_a_scale_that_is_not_positive(upsample_bilinear):
    for scale in (0, -2):
        naming = {"scale": scale}
        check(upsample_bilinear, torch.zeros(1, 1, 2, 3), scale, raises=ValueError, naming=naming)


@wrong("ignore align_corners: the edges coincide in both cases")
def never_aligned(x, scale, align_corners=False):
    return by_torch(x, scale)


@wrong("align the corners in any case")
def always_aligned(x, scale, align_corners=False):
    return by_torch(x, scale, True)


@wrong("repeat each pixel: that is the nearest neighbour's value")
def nearest(x, scale, align_corners=False):
    return x.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def at_positions(x, rows, columns):
    """Interpolate at these positions, before the first pixel on the line through the first two."""
    for dim, at in ((2, rows), (3, columns)):
        size = x.shape[dim]
        low = at.floor().clamp(0, size - 1).long()
        high = (low + 1).clamp(max=size - 1)
        t = (at - low).to(x.dtype).reshape(-1, *[1] * (3 - dim))
        x = x.index_select(dim, low) * (1 - t) + x.index_select(dim, high) * t
    return x


@wrong("divide i by the scale: the half pixels are missing")
def without_half_pixels(x, scale, align_corners=False):
    if align_corners:
        return by_torch(x, scale, True)
    at = [(torch.arange(s * scale) / scale).clamp(max=s - 1) for s in x.shape[2:]]
    return at_positions(x, *at)


@wrong("leave positions below 0 as they are: beyond the border its value stays the same")
def extrapolates(x, scale, align_corners=False):
    if align_corners:
        return by_torch(x, scale, True)
    return at_positions(x, *((torch.arange(s * scale) + 0.5) / scale - 0.5 for s in x.shape[2:]))


@wrong("take zeros beyond the border: the image grows darker there")
def zeros_outside(x, scale, align_corners=False):
    if align_corners:
        return by_torch(x, scale, True)
    return by_torch(F.pad(x, (1, 1, 1, 1)), scale)[:, :, scale:-scale, scale:-scale]


@wrong("enlarge the columns only")
def columns_only(x, scale, align_corners=False):
    mode = {"mode": "bilinear", "align_corners": align_corners}
    wide = F.interpolate(x, size=(x.shape[2], x.shape[3] * scale), **mode)
    return wide.repeat_interleave(scale, 2)


@wrong("detach the image: no gradient flows back")
def detached(x, scale, align_corners=False):
    return by_torch(x.detach(), scale, align_corners)


@right("from the two neighbours of each new pixel")
def from_two_neighbours(x, scale, align_corners=False):
    if scale < 1:
        raise ValueError(f"scale must be positive, not {scale}")
    for dim in (2, 3):
        size = x.shape[dim]
        i = torch.arange(size * scale, dtype=x.dtype)
        if align_corners:
            at = i * (size - 1) / max(size * scale - 1, 1)
        else:
            at = ((2 * i + 1 - scale) / (2 * scale)).clamp(0, size - 1)
        low = at.long()
        high = (low + 1).clamp(max=size - 1)
        t = (at - low).reshape(-1, *[1] * (3 - dim))
        x = x.index_select(dim, low) * (1 - t) + x.index_select(dim, high) * t
    return x
