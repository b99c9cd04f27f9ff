"""Adaptive instance normalization: style transfer by statistics."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("instance_norm",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means and variances",
    hints=(
        "It is instance normalization whose weight and bias come from the style.",
        "Which number is the weight of a plane, and which the bias?",
        "sqrt(var_s + eps) / sqrt(var_c + eps) * (content - mu_c) + mu_s",
    ),
)


def torchs(content, style, eps=1e-5):
    """Instance-normalise with torch, then scale and shift."""
    n, c, h, w = content.shape
    rows = content.reshape(n * c, h * w)
    standard = F.layer_norm(rows, (h * w,), eps=eps).reshape(content.shape)
    flat = style.flatten(2)
    root = (flat.var(2, correction=0) + eps).sqrt()
    return root[..., None, None] * standard + flat.mean(2)[..., None, None]


@claim("S0-276", "S4-098")
def test_a_case_worked_by_hand(adain):
    # Content: means 5 and 4, variances 16 and 0. Style: means 0 and 2, variances 0 and 16.
    content = vector(1, 9, 4, 4).reshape(1, 2, 1, 2)
    style = vector(0, 0, 0, 0, -2, 6, 6, -2).reshape(1, 2, 4, 1)
    want = vector(-2.4, 2.4, 2, 2).reshape(1, 2, 1, 2)
    check(adain, content, style, 9.0, want=want)


@claim("S0-276", "S4-098")
@given(
    st.data(),
    st.integers(1, 2),
    st.integers(1, 3),
    st.lists(st.integers(1, 3), min_size=4, max_size=4),
)
def test_equals_instance_norm_with_the_styles_statistics(adain, data, n, c, sides):
    content = data.draw(inputs.tensors(n, c, *sides[:2]))
    style = data.draw(inputs.tensors(n, c, *sides[2:]))
    want = torchs(content, style, 0.25)
    check(adain, content, style, 0.25, want=want, scale=25.0)


@claim("S0-276", "S4-098")
def test_each_picture_has_the_style_of_its_own(adain):
    content, style = inputs.numbers(2, 3, 4, 5), 3 * inputs.numbers(2, 3, 2, 7) + 1
    check(adain, content, style, 0.25, want=torchs(content, style, 0.25), scale=25.0)


@claim("S4-098")
def test_planes_get_the_mean_and_the_deviation_of_the_style(adain):
    content, style = inputs.numbers(2, 3, 4, 5), 3 * inputs.numbers(2, 3, 2, 7) + 1

    def statistics(*pictures):
        y = adain(*pictures, 1e-12)
        return y.mean((2, 3)), y.var((2, 3), correction=0)

    want = style.mean((2, 3)), style.var((2, 3), correction=0)
    check(statistics, content, style, want=want)
    # Nor does the contrast of the content matter.
    check(statistics, 7 * content - 2, style, want=want)


@claim("S4-098")
def test_a_picture_in_its_own_style_comes_back(adain):
    content = inputs.numbers(2, 3, 4, 5)
    content[0, 1] = 2.0
    check(adain, content, content, 0.5, want=content)


@claim("S4-098")
def test_a_plane_without_contrast_becomes_the_styles_mean(adain):
    content, style = (
        torch.full((1, 1, 2, 3), 4.0),
        torch.tensor([1.0, 3.0, 8.0]).reshape(1, 1, 3, 1),
    )
    check(adain, content, style, want=torch.full((1, 1, 2, 3), 4.0))
    check(adain, 2 * content, style, want=torch.full((1, 1, 2, 3), 4.0))


def test_gradients_flow_back_to_content_and_style(adain):
    content, style = inputs.numbers(2, 3, 4, 5), 3 * inputs.numbers(2, 3, 2, 7)
    check_gradient(adain, content, style, eps=0.5, like=torchs)


def test_a_plane_far_from_0_keeps_its_digits(adain):
    steps = vector(1, 3, 6, 2).reshape(1, 1, 2, 2)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(adain, 1e9 + steps, 2 * steps, 1e-9, want=2 * steps, slack=1e4)


def test_a_nan_spoils_its_own_plane_only(adain):
    content, style = inputs.numbers(2, 2, 3, 4), 3 * inputs.numbers(2, 2, 2, 5)
    content[0, 1, 0, 0] = torch.nan
    style[1, 0, 0, 0] = torch.nan
    check(adain, content, style, want=torchs(content, style))


def test_keeps_float32_and_reads_by_strides(adain):
    content, style = inputs.numbers(2, 4, 5, 3).movedim(-1, 1), inputs.numbers(2, 3, 2, 6).mT
    want = torchs(content.contiguous(), style.contiguous())
    check(adain, content, style, want=want)
    check(adain, content.float(), style.float(), want=want.float())


def test_refuses_what_is_no_picture(adain):
    style = torch.ones(2, 3, 4, 5)
    for shape in ((2, 3, 4), (2, 3, 0, 4), (2, 3, 4, 0), (2, 3, 4, 5, 1)):
        check(adain, torch.ones(shape), style, raises=ValueError, naming={"content": shape})
    content = torch.ones(2, 3, 4, 5, dtype=torch.int64)
    check(adain, content, style, raises=ValueError, naming={"content": torch.int64})


def test_refuses_a_style_of_other_pictures(adain):
    content = torch.ones(2, 3, 4, 5)
    for shape in ((1, 3, 4, 5), (2, 1, 4, 5), (2, 3, 4), (2, 3, 4, 0), (2, 3, 0, 5)):
        check(adain, content, torch.ones(shape), raises=ValueError, naming={"style": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(adain, eps):
    picture = torch.ones(2, 3, 4, 5)
    check(adain, picture, picture, eps, raises=ValueError, naming={"eps": eps})


def stats(x, dims=(2, 3), correction=0):
    return x.mean(dims, keepdim=True), x.var(dims, correction=correction, keepdim=True)


def transfer(content, style, eps, dims=(2, 3), correction=0):
    (mean, var), (mean_s, var_s) = stats(content, dims, correction), stats(style, dims, correction)
    return (var_s + eps).sqrt() * (content - mean) / (var + eps).sqrt() + mean_s


@wrong("take statistics over the batch too: all pictures share one style")
def over_the_batch(content, style, eps=1e-5):
    return transfer(content, style, eps, (0, 2, 3))


@wrong("take statistics over the channels too: the colours of the style are lost")
def over_channels(content, style, eps=1e-5):
    return transfer(content, style, eps, (1, 2, 3))


@wrong("give the content's statistics to what is normalised with the style's: the two are swapped")
def swapped(content, style, eps=1e-5):
    (mean, var), (mean_s, var_s) = stats(content), stats(style)
    return (var + eps).sqrt() * (content - mean_s) / (var_s + eps).sqrt() + mean


@wrong("instance-normalise the content and leave the style out")
def without_style(content, style, eps=1e-5):
    mean, var = stats(content)
    return (content - mean) / (var + eps).sqrt()


@wrong("give the content the style's mean alone")
def mean_only(content, style, eps=1e-5):
    return content - stats(content)[0] + stats(style)[0]


@wrong("give the content the style's deviation alone: it keeps its own mean")
def deviation_only(content, style, eps=1e-5):
    mean, var = stats(content)
    return ((stats(style)[1] + eps) / (var + eps)).sqrt() * (content - mean) + mean


@wrong("scale by the ratio of variances, without a root")
def ratio_of_variances(content, style, eps=1e-5):
    (mean, var), (mean_s, var_s) = stats(content), stats(style)
    return (var_s + eps) / (var + eps) * (content - mean) + mean_s


@wrong(
    "divide the squares by h w - 1",
    right_for="the paper's own code, whose variance is unbiased; here it is the biased one",
)
def unbiased(content, style, eps=1e-5):
    return transfer(content, style, eps, correction=1)


@wrong("leave eps out of the style's deviation: a picture doesn't quite come back")
def eps_once(content, style, eps=1e-5):
    (mean, var), (mean_s, var_s) = stats(content), stats(style)
    return var_s.sqrt() * (content - mean) / (var + eps).sqrt() + mean_s


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(content, style, eps=1e-5):
    return transfer(content, style, 1e-5)


@wrong("detach the style: no gradient reaches it")
def detached_style(content, style, eps=1e-5):
    return transfer(content, style.detach(), eps)


@wrong("detach the content's statistics: its gradient loses two terms")
def detached_statistics(content, style, eps=1e-5):
    (mean, var), (mean_s, var_s) = stats(content.detach()), stats(style)
    return (var_s + eps).sqrt() * (content - mean) / (var + eps).sqrt() + mean_s


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(content, style, eps=1e-5):
    mean, mean_s = stats(content)[0], stats(style)[0]
    power = content.square().mean((2, 3), keepdim=True)
    var = (power - mean.square()).clamp(min=0)
    return ((stats(style)[1] + eps) / (var + eps)).sqrt() * (content - mean) + mean_s


@wrong("replace nan by 0")
def hides_nan(content, style, eps=1e-5):
    return transfer(content, style, eps).nan_to_num(0.0)


@right("on rows, with torch's variance")
def on_rows(content, style, eps=1e-5):
    if not content.dtype.is_floating_point:
        raise ValueError(f"`content` has dtype {content.dtype}")
    if content.ndim != 4 or content.shape[2] * content.shape[3] == 0:
        raise ValueError(f"`content` of shape {tuple(content.shape)}")
    same = style.ndim == 4 and list(style.shape)[:2] == list(content.shape)[:2]
    if not same or style.shape[2] * style.shape[3] == 0:
        raise ValueError(f"`style` of shape {tuple(style.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")
    rows, rows_s = content.flatten(2), style.flatten(2)
    variance, mean = torch.var_mean(rows, -1, correction=0, keepdim=True)
    variance_s, mean_s = torch.var_mean(rows_s, -1, correction=0, keepdim=True)
    standard = (rows - mean) * torch.rsqrt(variance + eps)
    return (standard * torch.sqrt(variance_s + eps) + mean_s).reshape(content.shape)
