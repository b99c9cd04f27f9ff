"""Weights decay; biases and what belongs to a normalization don't."""

import pytest
import torch
from torch import nn

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "Walk through the named parameters, and ask of each what it is and whose.",
        "model.named_modules() gives the layers by name; a parameter's name begins with its layer's.",
        'owner, _, last = name.rpartition("."): a bias says so in `last`; `owner` is the layer.',
    ),
)


@claim("S2-094", "S4-313")
def test_a_small_network_by_hand(decayed_parameters):
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Linear(4, 5))
    want = (["0.weight", "3.weight"], ["0.bias", "1.weight", "1.bias", "3.bias"])
    check(decayed_parameters, model, want=want)


@claim("S4-313")
@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm1d(3),
        nn.BatchNorm3d(3),
        nn.SyncBatchNorm(3),
        nn.InstanceNorm2d(3, affine=True),
        nn.LayerNorm((2, 3)),
        nn.GroupNorm(1, 3),
    ],
    ids=lambda norm: type(norm).__name__,
)
def test_no_normalization_decays_not_one_of_images_either(decayed_parameters, norm):
    model = nn.ModuleDict({"first": nn.Linear(2, 3), "norm": norm})
    want = (["first.weight"], ["first.bias", "norm.weight", "norm.bias"])
    check(decayed_parameters, model, want=want)


@claim("S4-313")
def test_one_without_a_bias(decayed_parameters):
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.RMSNorm(3))
    check(decayed_parameters, model, want=(["0.weight"], ["1.weight"]))


@claim("S4-313")
def test_other_vectors_and_embeddings_decay(decayed_parameters):
    model = nn.Sequential(nn.Embedding(4, 3), nn.PReLU(3), nn.Linear(3, 2))
    want = (["0.weight", "1.weight", "2.weight"], ["2.bias"])
    check(decayed_parameters, model, want=want)


@claim("S2-094")
def test_a_bias_is_known_by_the_last_part_of_its_name(decayed_parameters):
    model = nn.ModuleDict({"rnn": nn.GRU(2, 3), "unbiased": nn.Linear(3, 1)})
    want = (
        ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "unbiased.weight"],
        ["rnn.bias_ih_l0", "rnn.bias_hh_l0", "unbiased.bias"],
    )
    check(decayed_parameters, model, want=want)


@claim("S2-094")
def test_a_bias_may_have_its_word_within_another(decayed_parameters):
    model = nn.ParameterDict({"weights": torch.ones(2, 3), "biases": torch.zeros(2)})
    check(decayed_parameters, model, want=(["weights"], ["biases"]))


@claim("S2-094")
def test_a_bias_need_not_begin_with_the_word(decayed_parameters):
    attention = nn.MultiheadAttention(4, 2, add_bias_kv=True)
    decay = ["in_proj_weight", "out_proj.weight"]
    kept = ["in_proj_bias", "bias_k", "bias_v", "out_proj.bias"]
    check(decayed_parameters, attention, want=(decay, kept))


class NormalizedLinear(nn.Linear):
    """A layer that divides by a norm, and is no normalization of activations."""

    def __init__(self):
        super().__init__(2, 3)
        self.temperature = nn.Parameter(torch.tensor(1.0))


class Affine(nn.LayerNorm):
    """A normalization under another name."""


@claim("S4-313")
def test_a_layer_is_known_by_its_class_and_not_by_the_name_of_that(decayed_parameters):
    model = nn.Sequential(NormalizedLinear(), Affine(3))
    want = (["0.weight", "0.temperature"], ["0.bias", "1.weight", "1.bias"])
    check(decayed_parameters, model, want=want)


@claim("S4-313")
def test_layer_10_is_not_within_layer_1(decayed_parameters):
    layers = [nn.Linear(2, 2), nn.LayerNorm(2), *[nn.ReLU()] * 8, nn.Linear(2, 1)]
    want = (["0.weight", "10.weight"], ["0.bias", "1.weight", "1.bias", "10.bias"])
    check(decayed_parameters, nn.Sequential(*layers), want=want)


@claim("S4-313")
def test_layers_inside_of_layers(decayed_parameters):
    block = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.LayerNorm(2), nn.Linear(2, 1)))
    want = (["0.weight", "1.1.weight"], ["0.bias", "1.0.weight", "1.0.bias", "1.1.bias"])
    check(decayed_parameters, block, want=want)


@claim("S4-313")
def test_shared_parameters_come_once(decayed_parameters):
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 4))
    model[1].weight = model[0].weight
    check(decayed_parameters, model, want=(["0.weight"], ["1.bias"]))


def test_frozen_parameters_are_in_neither(decayed_parameters):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    model[0].weight.requires_grad_(False)
    model[1].bias.requires_grad_(False)
    check(decayed_parameters, model, want=(["2.weight"], ["0.bias", "1.weight", "2.bias"]))


def test_a_model_that_is_one_layer_or_has_no_parameters(decayed_parameters):
    check(decayed_parameters, nn.Linear(2, 1), want=(["weight"], ["bias"]))
    check(decayed_parameters, nn.LayerNorm(2), want=([], ["weight", "bias"]))
    check(decayed_parameters, nn.ReLU(), want=([], []))


def test_buffers_are_no_parameters(decayed_parameters):
    model = nn.Sequential(nn.BatchNorm1d(2, affine=False), nn.Linear(2, 1))
    check(decayed_parameters, model, want=(["1.weight"], ["1.bias"]))


def split(named, stays):
    trained = [(name, p) for name, p in named if p.requires_grad]
    kept = [name for name, p in trained if stays(name, p)]
    return [name for name, _ in trained if name not in kept], kept


def norm_names(model):
    kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    return {name for name, module in model.named_modules() if isinstance(module, kinds)}


def is_kept(model):
    norms = norm_names(model)
    return lambda name, p: name.rpartition(".")[0] in norms or "bias" in name.rpartition(".")[2]


@wrong("let everything decay")
def everything(model):
    return split(model.named_parameters(), lambda name, p: False)


@wrong("leave out biases alone: the scales of normalizations are pulled to 0")
def biases_alone(model):
    return split(model.named_parameters(), lambda name, p: "bias" in name.rpartition(".")[2])


@wrong("leave out normalizations alone: biases decay")
def norms_alone(model):
    norms = norm_names(model)
    return split(model.named_parameters(), lambda name, p: name.rpartition(".")[0] in norms)


@wrong("go by the number of dimensions")
def by_dimensions(model):
    return split(model.named_parameters(), lambda name, p: p.dim() < 2)


@wrong('ask for a name that ends in "bias": recurrent layers have a number behind it')
def by_the_end(model):
    norms = norm_names(model)
    stays = lambda name, p: name.endswith("bias") or name.rpartition(".")[0] in norms
    return split(model.named_parameters(), stays)


@wrong('look for "bias" in the whole name: a layer can be called so')
def in_the_whole_name(model):
    norms = norm_names(model)
    stays = lambda name, p: "bias" in name or name.rpartition(".")[0] in norms
    return split(model.named_parameters(), stays)


@wrong("know normalizations by their class names: GroupNorm and others of one's own are missed")
def batch_norm_only(model):
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    norms = {name for name, m in model.named_modules() if isinstance(m, kinds)}
    stays = lambda name, p: name.rpartition(".")[0] in norms or "bias" in name.rpartition(".")[2]
    return split(model.named_parameters(), stays)


@wrong('ask for a name that begins with "bias": that of an attention layer ends in it')
def by_the_beginning(model):
    norms = norm_names(model)
    stays = lambda name, p: (
        name.rpartition(".")[2].startswith("bias") or name.rpartition(".")[0] in norms
    )
    return split(model.named_parameters(), stays)


@wrong('look for "Norm" in the name of the class: others have it, and one of your own may not')
def by_class_names(model):
    norms = {name for name, m in model.named_modules() if "Norm" in type(m).__name__}
    stays = lambda name, p: name.rpartition(".")[0] in norms or "bias" in name.rpartition(".")[2]
    return split(model.named_parameters(), stays)


@wrong('ask whether a name begins with that of a normalization: "10.weight" begins with "1"')
def by_prefix(model):
    norms = norm_names(model)
    stays = lambda name, p: (
        any(name.startswith(norm) for norm in norms) or "bias" in name.rpartition(".")[2]
    )
    return split(model.named_parameters(), stays)


@wrong("list frozen parameters as well")
def frozen_too(model):
    stays = is_kept(model)
    names = [name for name, p in model.named_parameters()]
    kept = [name for name in names if stays(name, None)]
    return [name for name in names if name not in kept], kept


@wrong("list a shared parameter for each of its layers: it would decay twice")
def shared_twice(model):
    return split(model.named_parameters(remove_duplicate=False), is_kept(model))


@wrong("take the layers of the top alone")
def top_alone(model):
    top = [(f"{a}.{b}", p) for a, m in model.named_children() for b, p in m.named_parameters()]
    top = top or list(model.named_parameters())
    norms = {name for name, _ in model.named_children()} & norm_names(model) | {""} & norm_names(
        model
    )
    stays = lambda name, p: name.rpartition(".")[0] in norms or "bias" in name.rpartition(".")[2]
    return split(top, stays)


@wrong("return the two lists the other way round")
def swapped(model):
    return split(model.named_parameters(), is_kept(model))[::-1]


@right("layer by layer")
def by_layers(model):
    decayed, kept, seen = [], [], set()
    for prefix, module in model.named_modules():
        is_norm = isinstance(
            module, nn.modules.batchnorm._NormBase | nn.LayerNorm | nn.GroupNorm | nn.RMSNorm
        )
        for last, parameter in module.named_parameters(recurse=False):
            if parameter in seen or not parameter.requires_grad:
                continue
            seen.add(parameter)
            side = kept if is_norm or "bias" in last else decayed
            side.append(f"{prefix}.{last}" if prefix else last)
    return decayed, kept
