"""G = X X^T / (c h w) of each image, with a row of X for each channel."""

import pytest
import torch
from hypothesis import given

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    right,
    such_that,
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "Make a row of the pixels of each channel. Which product pairs the channels?",
        "rows @ rows.mT, for each image by itself",
    ),
)

IMAGES = inputs.tensors(*(inputs.sizes(1, high) for high in (2, 3, 2, 3)), low=-2, high=2)


def by_loops(features):
    n, c, h, w = features.shape
    want = torch.zeros(n, c, c, dtype=torch.float64)
    for image in range(n):
        for i in range(c):
            for j in range(c):
                products = features[image, i].double() * features[image, j].double()
                want[image, i, j] = sum(products.flatten().tolist()) / (c * h * w)
    return want


@claim("S1-254")
def test_a_case_worked_by_hand(gram_matrix):
    one = torch.tensor([[[1.0, 0.0, 2.0]], [[3.0, 1.0, -1.0]]])  # [c = 2, h = 1, w = 3]
    other = torch.tensor([[[0.0, 0.0, 0.0]], [[6.0, 0.0, 0.0]]])
    want = torch.tensor([[[5.0, 1.0], [1.0, 11.0]], [[0.0, 0.0], [0.0, 36.0]]]) / 6
    check(gram_matrix, torch.stack([one, other]), want=want)


@claim("S1-254")
@given(IMAGES)
def test_equals_slow_loops(gram_matrix, features):
    # Products of size 4 may cancel to 0.
    check(gram_matrix, features, want=by_loops(features), scale=1.0)


@claim("S1-254")
@given(IMAGES)
def test_gradients_flow_back_to_both_factors(gram_matrix, features):
    def sums(x):
        return torch.einsum("nihw,njhw->nij", x, x) / x[0].numel()

    check_gradient(gram_matrix, features, like=sums, scale=1.0)


@claim("S1-254")
def test_where_in_the_image_does_not_matter(gram_matrix):
    features = inputs.numbers(2, 3, 4, 5)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    moved = features.flatten(2)[..., order].reshape(2, 3, 5, 4)  # of another height and width
    check(gram_matrix, moved, want=by_loops(features), scale=1.0)


@claim("S1-254")
def test_it_is_symmetric_and_has_no_negative_eigenvalue(gram_matrix):
    features = inputs.numbers(2, 5, 1, 3)  # of rank 3 at most

    def holds(gram):
        values = torch.linalg.eigvalsh(gram)
        return gram.equal(gram.mT) and bool(
            ((values > -1e-9) & (values.sort().values == values)).all()
        )

    check(gram_matrix, features, want=such_that("symmetric, positive semi-definite", holds))


@claim("S1-254")
def test_a_larger_image_of_the_same_pattern_has_the_same_style(gram_matrix):
    features = inputs.numbers(1, 3, 2, 4)
    tiled = features.repeat(1, 1, 3, 2)
    check(gram_matrix, tiled, want=by_loops(features), scale=1.0)


def test_reads_images_by_their_strides(gram_matrix):
    features = inputs.numbers(2, 4, 5, 3).permute(0, 3, 1, 2)  # channels last
    check(gram_matrix, features, want=by_loops(features.contiguous()), scale=1.0)
    check(gram_matrix, features.mT, want=by_loops(features.contiguous()), scale=1.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(gram_matrix, dtype):
    features = torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]], dtype=dtype)
    want = torch.tensor([[[2.5, 1.5], [1.5, 1.0]]], dtype=dtype)
    check(gram_matrix, features, want=want)


def test_refuses_images_without_entries(gram_matrix):
    for shape in ((2, 0, 3, 4), (2, 3, 0, 4), (2, 3, 4, 0)):
        check(gram_matrix, torch.ones(shape), raises=ValueError, naming={"features": shape})


def rows(features):
    return features.reshape(*features.shape[:2], -1)


@wrong("forget to divide: large images have a larger style")
def not_divided(features):
    return rows(features) @ rows(features).mT


@wrong(
    "divide by the number of pixels and not by c h w",
    right_for="the mean over the pixels; here the channels count as well",
)
def by_pixels(features):
    x = rows(features)
    return x @ x.mT / x.shape[2]


@wrong("divide by the entries of the whole batch")
def by_batch(features):
    return not_divided(features) / max(1, features.numel())


@wrong("flatten over the batch: the styles of the images mix")
def mixed(features):
    n, c, h, w = features.shape
    x = features.transpose(0, 1).reshape(c, n * h * w)
    return (x @ x.T / (n * c * h * w)).expand(n, c, c).clone()


@wrong("reshape where a permutation is due: the rows are not the channels")
def channels_last(features):
    n, c, h, w = features.shape
    x = features.reshape(n, h * w, c).mT
    return x @ x.mT / (c * h * w)


@wrong("pair the pixels and not the channels")
def pixels(features):
    x = rows(features)
    return x.mT @ x / (x.shape[1] * x.shape[2])


@wrong("subtract the means of the channels first: that is their covariance")
def covariance(features):
    x = rows(features) - rows(features).mean(2, keepdim=True)
    return x @ x.mT / (x.shape[1] * x.shape[2])


@wrong("scale the channels to norm 1: those are cosines")
def cosines(features):
    x = torch.nn.functional.normalize(rows(features), dim=2)
    return x @ x.mT


@wrong("detach one factor: the gradient is halved")
def detached(features):
    x = rows(features)
    return x @ x.detach().mT / (x.shape[1] * x.shape[2])


@wrong("return the matrix of the first image alone")
def first_image(features):
    x = rows(features)[:1]
    return x @ x.mT / (x.shape[1] * x.shape[2])


@right("by einsum")
def by_einsum(features):
    if 0 in features.shape[1:]:
        raise ValueError(f"features: {tuple(features.shape)}")
    entries = features.shape[1:].numel()
    return torch.einsum("niab,njab->nij", features, features).div(entries)


@right("as the mean of the outer products of the pixels")
def outer_products(features):
    if min(features.shape[1:]) == 0:
        raise ValueError(f"features: {list(features.shape)}")
    at = features.flatten(2).transpose(1, 2)  # one vector of channels for each pixel
    return (at[..., :, None] * at[..., None, :]).mean(1) / features.shape[1]


@gpu
def bench_features_of_vgg(gram_matrix, race):
    race(
        gram_matrix,
        torch=lambda x: torch.einsum("niab,njab->nij", x, x) / x[0].numel(),
        inputs=lambda draw, n, c, size: (draw.normal(n, c, size, size),),
        small=(1, 64, 32),
        large=(16, 512, 128),
        # A product and a sum for each pair of channels and pixel; one division an entry.
        forward=lambda x: {
            "bytes": x.nbytes + 4 * len(x) * x.shape[1] ** 2,
            "flops": 2 * x.numel() * x.shape[1],
        },
        # dl/dX = (U + U^T) X.
        backward=lambda x: {
            "bytes": 2 * x.nbytes + 4 * len(x) * x.shape[1] ** 2,
            "flops": 2 * x.numel() * x.shape[1],
        },
    )
