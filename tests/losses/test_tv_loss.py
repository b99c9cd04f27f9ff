"""Half the sum of two means: of |differences| along the height, and along the width."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, inputs, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "x[..., 1:, :] less x[..., :-1, :] are the differences along the height.",
        "An axis of one pixel has no differences: what is the mean of nothing?",
    ),
)

IMAGES = inputs.tensors(*(inputs.sizes(1, high) for high in (2, 2, 4, 3)), low=-2, high=2, step=0.5)


def by_loops(image):
    """Both means, over lists of numbers."""
    n, c, h, w = image.shape
    along = {(1, 0): [], (0, 1): []}
    for (down, right_), found in along.items():
        for k in range(n):
            for m in range(c):
                for i in range(h - down):
                    for j in range(w - right_):
                        step = image[k, m, i + down, j + right_] - image[k, m, i, j]
                        found.append(abs(float(step)))
    means = [sum(found) / len(found) if found else 0.0 for found in along.values()]
    return torch.tensor(sum(means) / 2, dtype=torch.float64)


@claim("S1-255")
def test_a_case_worked_by_hand(tv_loss):
    image = torch.tensor([[[[0.0, 4.0, 3.0], [2.0, -2.0, 3.0]]]])
    # Down: 2, 6, 0, in the mean 8/3; to the right: 4, 1, 4, 5, in the mean 14/4.
    check(tv_loss, image, want=torch.tensor((8 / 3 + 14 / 4) / 2))


@claim("S1-255")
@given(IMAGES)
def test_equals_slow_loops(tv_loss, image):
    check(tv_loss, image, want=by_loops(image))


@claim("S1-255")
@given(IMAGES)
def test_gradients_are_signs_and_zero_between_equal_neighbours(tv_loss, image):
    want = torch.zeros_like(image)
    for axis in (2, 3):
        pairs = image.shape[axis] - 1
        step = (image.narrow(axis, 1, pairs) - image.narrow(axis, 0, pairs)).sign()
        if step.numel():
            want.narrow(axis, 1, pairs).add_(step / step.numel() / 2)
            want.narrow(axis, 0, pairs).sub_(step / step.numel() / 2)
    upstream = torch.tensor(1.5, dtype=torch.float64)
    check_gradient(tv_loss, image, upstream=upstream, want=(1.5 * want,), scale=0.1)


@claim("S1-255")
def test_a_constant_image_has_none_and_a_chessboard_the_most(tv_loss):
    check(tv_loss, torch.full((2, 3, 4, 5), 7.0), want=torch.tensor(0.0))
    board = ((torch.arange(4)[:, None] + torch.arange(6)) % 2).float().expand(1, 2, 4, 6)
    check(tv_loss, board.contiguous(), want=torch.tensor(1.0))


@claim("S1-255")
def test_both_axes_count_alike_whatever_their_lengths(tv_loss):
    ramp = torch.arange(8.0).expand(1, 1, 2, 8).contiguous()
    check(tv_loss, ramp, want=torch.tensor(0.5))
    check(tv_loss, 3 * ramp.mT, want=torch.tensor(1.5))


@claim("S1-255")
def test_an_axis_of_one_pixel_adds_nothing(tv_loss):
    row = torch.tensor([[[[1.0, 4.0, 2.0]]]])
    check(tv_loss, row, want=torch.tensor(1.25))
    check(tv_loss, row.mT, want=torch.tensor(1.25))
    check(tv_loss, torch.full((1, 2, 1, 1), 3.0), want=torch.tensor(0.0))
    upstream = torch.tensor(4.0)
    want = torch.tensor([[[[-1.0, 2.0, -1.0]]]])
    check_gradient(tv_loss, row, upstream=upstream, want=(want,))


def test_channels_and_images_are_no_neighbours(tv_loss):
    image = torch.arange(6.0).reshape(2, 3, 1, 1).expand(2, 3, 2, 2).contiguous()
    check(tv_loss, image, want=torch.tensor(0.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_keeps_the_dtype(tv_loss, dtype):
    image = torch.tensor([[[[0.0, 4.0], [0.0, 2.0]]]], dtype=dtype)
    check(tv_loss, image, want=torch.tensor(2.0, dtype=dtype))


def test_reads_images_by_their_strides(tv_loss):
    image = inputs.numbers(2, 4, 5, 3).permute(0, 3, 1, 2)
    check(tv_loss, image, want=by_loops(image))


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (1, 0, 2, 2), (1, 1, 0, 2), (1, 1, 2, 0)])
def test_refuses_an_image_without_entries(tv_loss, shape):
    check(tv_loss, torch.ones(shape), raises=ValueError, naming={"image": shape})


def along(image):
    """The differences along the height and along the width."""
    return image[..., 1:, :] - image[..., :-1, :], image[..., 1:] - image[..., :-1]


def mean(x):
    return x.mean() if x.numel() else x.sum()


@wrong("take the mean of nothing: an image of one row has the loss nan")
def nan_for_a_row(image):
    down, across = along(image)
    return (down.abs().mean() + across.abs().mean()) / 2


@wrong("forget the 1/2")
def without_half(image):
    return sum(mean(d.abs()) for d in along(image))


@wrong("sum over the pairs and don't average")
def summed(image):
    return sum(d.abs().sum() for d in along(image)) / 2


@wrong("square the differences", right_for="a quadratic smoothness; here it is total variation")
def squared(image):
    return sum(mean(d.square()) for d in along(image)) / 2


@wrong("average all differences together: the longer axis counts more")
def all_together(image):
    d = torch.cat([d.flatten() for d in along(image)]).abs()
    return mean(d)


@wrong("let the image wrap around at its edges")
def wraps(image):
    return sum((image.roll(1, axis) - image).abs().mean() for axis in (2, 3)) / 2


@wrong("look along the width alone")
def width_alone(image):
    return mean(along(image)[1].abs())


@wrong("forget the absolute value: ups and downs cancel")
def signed(image):
    return sum(mean(d) for d in along(image)) / 2


@wrong("take the absolute value of the mean difference")
def absolute_mean(image):
    return sum(mean(d).abs() for d in along(image)) / 2


@wrong("count neighbouring channels as neighbours")
def channels(image):
    extra = image[:, 1:] - image[:, :-1]
    return (sum(mean(d.abs()) for d in along(image)) + mean(extra.abs())) / 2


@wrong("take the length of the gradient at each pixel: that is the isotropic variation")
def isotropic(image):
    down, across = along(image)
    if not down.numel() or not across.numel():
        return (mean(down.abs()) + mean(across.abs())) / 2
    return (down[..., :-1].square() + across[..., :-1, :].square()).sqrt().mean()


@wrong("divide by the number of pixels and not by that of pairs")
def by_pixels(image):
    return sum(d.abs().sum() for d in along(image)) / 2 / image.numel()


@wrong("skip every other pair")
def every_other(image):
    down = image[..., 1::2, :] - image[..., : image.shape[2] // 2 * 2 : 2, :]
    across = image[..., 1::2] - image[..., : image.shape[3] // 2 * 2 : 2]
    return (mean(down.abs()) + mean(across.abs())) / 2


@right("the sum of the differences over the number of pairs")
def by_counts(image):
    n, c, h, w = image.shape
    if image.nelement() == 0:
        raise ValueError(f"image: {tuple(image.shape)}")
    down, across = along(image)
    pairs = max(1, n * c * (h - 1) * w), max(1, n * c * h * (w - 1))
    return 0.5 * (down.abs().sum() / pairs[0] + across.abs().sum() / pairs[1])


@plot(x="standard deviation of the noise", y="loss")
def plot_an_edge_with_noise(tv_loss):
    edge = torch.zeros(1, 1, 32, 32)
    edge[..., 16:] = 1
    noise = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    sizes = [k / 40 for k in range(21)]
    flat = [float(tv_loss(s * noise)) for s in sizes]
    return {
        "an edge": (sizes, [float(tv_loss(edge + s * noise)) for s in sizes]),
        "nothing": (sizes, flat),
    }
