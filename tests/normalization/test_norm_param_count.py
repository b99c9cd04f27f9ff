"""Parameters of normalization layers, counted in torch's own modules."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("group_norm",),
    forbid=("torch.nn",),
    instead="count them on paper",
    hints=(
        "What shapes do weight and bias have in each of the four layers?",
        "[c] in three of them; in torch's layer normalization the normalized shape, (c, h, w).",
    ),
)

KINDS = ("batch", "layer", "group", "instance")
sizes = st.integers(1, 6)


def modules(kind, c, h, w, affine, bias):
    """Make torch's own layer."""
    nn = torch.nn
    if kind == "layer":
        return nn.LayerNorm((c, h, w), elementwise_affine=affine, bias=bias)
    if kind == "batch":
        return nn.BatchNorm2d(c, affine=affine)
    if kind == "group":
        return nn.GroupNorm(1, c, affine=affine)
    return nn.InstanceNorm2d(c, affine=affine)


def counted(kind, c, h, w, affine, bias):
    parameters = modules(kind, c, h, w, affine, bias).named_parameters()
    return sum(p.numel() for name, p in parameters if bias or name != "bias")


@claim("S4-068", "S4-238")
def test_one_gamma_and_one_beta_a_channel(norm_param_count):
    check(norm_param_count, "batch", 10, want=20)
    check(norm_param_count, "batch", 6, 5, 7, want=12)


@claim("S0-291")
@counterexample("S0-291")
def test_of_an_image_layer_norm_has_them_for_each_entry(norm_param_count):
    # The notes: 2 * hidden_size, right for tokens. For images [6, 5, 7] there are 420.
    check(norm_param_count, "layer", 768, want=2 * 768)
    check(norm_param_count, "layer", 6, 5, 7, want=420)
    check(norm_param_count, "layer", 6, 5, 7, bias=False, want=210)
    check(norm_param_count, "layer", 6, 5, 7, affine=False, want=0)


@claim("S4-229", "S4-238")
@counterexample("S4-229", "S4-238")
def test_without_affine_nothing_is_learned(norm_param_count):
    # The notes print gamma's and beta's shapes for nn.BatchNorm2d(10, affine=False).
    check(norm_param_count, "batch", 10, affine=False, want=0)


@claim("S4-068", "S4-229")
@pytest.mark.parametrize("kind", ["batch", "group", "instance"])
def test_a_channel_has_one_of_each_whatever_its_group_or_image(norm_param_count, kind):
    for size in ((6,), (6, 5, 7)):
        check(norm_param_count, kind, *size, want=12)
        check(norm_param_count, kind, *size, bias=False, want=6)
        check(norm_param_count, kind, *size, affine=False, want=0)


@claim("S0-291", "S4-068", "S4-229", "S4-238")
@given(st.sampled_from(KINDS), sizes, sizes, sizes, st.booleans(), st.booleans())
def test_equals_what_torchs_layers_hold(norm_param_count, kind, c, h, w, affine, bias):
    want = counted(kind, c, h, w, affine, bias)
    check(norm_param_count, kind, c, h, w, affine, bias, want=want)


def test_refuses_other_kinds(norm_param_count):
    for kind in ("", "Batch", "layer_norm"):
        check(norm_param_count, kind, 3, raises=ValueError, naming={"kind": kind})


@pytest.mark.parametrize(("place", "name"), list(enumerate("chw")))
def test_refuses_sizes_that_are_not_positive(norm_param_count, place, name):
    for size in (0, -2):
        sizes = [3, 4, 5]
        sizes[place] = size
        for kind in KINDS:
            check(norm_param_count, kind, *sizes, raises=ValueError, naming={name: size})


@wrong("count one number a channel in layer normalization as well")
def layer_by_channel(kind, c, h=1, w=1, affine=True, bias=True):
    return c * (affine + (affine and bias))


@wrong("count one number for each entry in all four layers")
def each_entry(kind, c, h=1, w=1, affine=True, bias=True):
    return c * h * w * (affine + (affine and bias))


@wrong("count the running statistics too: they are kept, not learned")
def with_buffers(kind, c, h=1, w=1, affine=True, bias=True):
    each = c * h * w if kind == "layer" else c
    buffers = 2 * c if kind == "batch" else 0
    return each * (affine + (affine and bias)) + buffers


@wrong("ignore `affine`")
def ignores_affine(kind, c, h=1, w=1, affine=True, bias=True):
    return (c * h * w if kind == "layer" else c) * (1 + bias)


@wrong("ignore `bias`")
def ignores_bias(kind, c, h=1, w=1, affine=True, bias=True):
    return (c * h * w if kind == "layer" else c) * 2 * affine


@wrong("keep the bias where there is no weight")
def bias_alone(kind, c, h=1, w=1, affine=True, bias=True):
    return (c * h * w if kind == "layer" else c) * (affine + bias)


@wrong("leave instance normalization without parameters whatever `affine` says: that is a default")
def instance_never(kind, c, h=1, w=1, affine=True, bias=True):
    return 0 if kind == "instance" else ignores_nothing(kind, c, h, w, affine, bias)


def ignores_nothing(kind, c, h, w, affine, bias):
    return (c * h * w if kind == "layer" else c) * (affine + (affine and bias))


@wrong("count a single weight and bias for a group")
def one_a_group(kind, c, h=1, w=1, affine=True, bias=True):
    if kind == "group":
        return affine + (affine and bias)
    return ignores_nothing(kind, c, h, w, affine, bias)


@right("from the shapes of weight and bias")
def from_shapes(kind, c, h=1, w=1, affine=True, bias=True):
    from math import prod

    for name, size in {"c": c, "h": h, "w": w}.items():
        if size <= 0:
            raise ValueError(f"`{name}` = {size}")
    shapes = {"batch": (c,), "layer": (c, h, w), "group": (c,), "instance": (c,)}
    if kind not in shapes:
        raise ValueError(f"`kind` = {kind}")
    parameters = [shapes[kind]] * (0 if not affine else 2 if bias else 1)
    return sum(prod(shape) for shape in parameters)
