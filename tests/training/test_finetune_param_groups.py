"""Every trained parameter in one of two groups, by the module that its name says."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "Does `fc2.weight` belong to the module `fc`? What ends a module's name?",
        "Compare names: == of two tensors compares their entries.",
        "A list can be read twice; what becomes of a filter when an optimizer has read it?",
    ),
)


def trained(*names, frozen=()):
    """Parameters with a number each, in this order."""
    return {
        name: torch.full((2, i + 1), float(i)).requires_grad_(name not in frozen)
        for i, name in enumerate(names)
    }


def groups(parameters, base, head, base_lr, head_lr):
    return [
        {"params": [parameters[name] for name in base], "lr": base_lr},
        {"params": [parameters[name] for name in head], "lr": head_lr},
    ]


RESNET = ("conv1.weight", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias")


@claim("S0-226", "S0-227", "S1-224")
def test_a_case_worked_by_hand(finetune_param_groups):
    parameters = trained(*RESNET)
    want = groups(parameters, RESNET[:3], RESNET[3:], 0.01, 0.001)
    check(finetune_param_groups, parameters, "fc", 0.01, 0.001, want=want)


@claim("S1-224")
def test_the_head_may_be_in_the_middle(finetune_param_groups):
    names = ("stem.weight", "head.0.weight", "head.0.bias", "tail.weight", "head.2.bias", "scale")
    parameters = trained(*names)
    inside = ("head.0.weight", "head.0.bias", "head.2.bias")
    want = groups(parameters, ("stem.weight", "tail.weight", "scale"), inside, 0.5, 2.0)
    check(finetune_param_groups, parameters, "head", 0.5, 2.0, want=want)


@claim("S0-226")
def test_names_that_only_look_like_the_heads_are_of_the_base(finetune_param_groups):
    names = ("fc.weight", "fc2.weight", "fc_norm.bias", "block.fc.weight", "fc.bias", "fcs.fc.bias")
    parameters = trained(*names)
    base = ("fc2.weight", "fc_norm.bias", "block.fc.weight", "fcs.fc.bias")
    want = groups(parameters, base, ("fc.weight", "fc.bias"), 0.1, 0.2)
    check(finetune_param_groups, parameters, "fc", 0.1, 0.2, want=want)


def test_the_head_may_be_a_path(finetune_param_groups):
    names = ("blocks.2.fc.weight", "blocks.1.fc.weight", "fc.weight", "blocks.2.fc1.bias")
    parameters = trained(*names)
    want = groups(parameters, names[1:], names[:1], 0.1, 0.2)
    check(finetune_param_groups, parameters, "blocks.2.fc", 0.1, 0.2, want=want)


@claim("S0-226")
def test_equal_parameters_aren_t_the_same(finetune_param_groups):
    parameters = {name: torch.zeros(3, requires_grad=True) for name in RESNET}
    want = groups(parameters, RESNET[:3], RESNET[3:], 0.0, 0.5)
    check(finetune_param_groups, parameters, "fc", 0.0, 0.5, want=want)


@claim("S0-220", "S0-222", "S0-225")
def test_frozen_parameters_are_in_no_group(finetune_param_groups):
    parameters = trained(*RESNET, frozen=("conv1.weight", "fc.bias"))
    want = groups(parameters, RESNET[1:3], ("fc.weight",), 0.1, 1.0)
    check(finetune_param_groups, parameters, "fc", 0.1, 1.0, want=want)
    parameters = trained(*RESNET, frozen=RESNET[:3])
    want = groups(parameters, (), RESNET[3:], 0.1, 1.0)
    check(finetune_param_groups, parameters, "fc", 0.1, 1.0, want=want)


def test_the_groups_have_the_tensors_themselves(finetune_param_groups):
    def themselves(parameters):
        found = finetune_param_groups(parameters, "fc", 0.01, 0.1)
        return [[any(p is q for q in parameters.values()) for p in g["params"]] for g in found]

    check(themselves, trained(*RESNET), want=[[True] * 3, [True] * 2])


@counterexample("S0-226")  # which reads an iterator
def test_the_groups_serve_a_second_optimizer(finetune_param_groups):
    def sizes(parameters):
        made = finetune_param_groups(parameters, "fc", 0.01, 0.1)
        optimizers = [torch.optim.SGD([dict(g) for g in made], lr=1.0) for _ in range(2)]
        return [[len(g["params"]) for g in optimizer.param_groups] for optimizer in optimizers]

    check(sizes, trained(*RESNET), want=[[3, 2], [3, 2]])


@given(st.permutations(RESNET), st.sets(st.sampled_from(RESNET[:4])))
def test_none_is_lost_and_none_is_double(finetune_param_groups, names, frozen):
    parameters = trained(*names, frozen=frozen)
    asked = [name for name in names if name not in frozen]
    base = [name for name in asked if name[:3] != "fc."]
    want = groups(parameters, base, [name for name in asked if name not in base], 0.25, 0.5)
    check(finetune_param_groups, parameters, "fc", 0.25, 0.5, want=want)


def test_refuses_a_head_without_trained_parameters(finetune_param_groups):
    for head in ("classifier", "f", "fc.weight", ""):
        args = (trained(*RESNET), head, 0.1, 0.2)
        check(
            finetune_param_groups, *args, raises=ValueError, naming={"head": head} if head else {}
        )
    args = (trained(*RESNET, frozen=RESNET[3:]), "fc", 0.1, 0.2)
    check(finetune_param_groups, *args, raises=ValueError, naming={"head": "fc"})


@pytest.mark.parametrize(
    "bad", [{"base_lr": -0.5}, {"head_lr": -0.25}, {"head_lr": math.nan}], ids=str
)
def test_refuses_rates_that_are_none(finetune_param_groups, bad):
    options = {"head": "fc", "base_lr": 0.1, "head_lr": 0.2} | bad
    check(finetune_param_groups, trained(*RESNET), **options, raises=ValueError, naming=bad)


def split(parameters, belongs, base_lr, head_lr, keep=lambda p: p.requires_grad):
    asked = {name: p for name, p in parameters.items() if keep(p)}
    base = [p for name, p in asked.items() if not belongs(name)]
    head = [p for name, p in asked.items() if belongs(name)]
    return [{"params": base, "lr": base_lr}, {"params": head, "lr": head_lr}]


@wrong("look for the beginning of a name without its dot: `fc2.weight` is no part of `fc`")
def without_the_dot(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: name.startswith(head), base_lr, head_lr)


@wrong("look for the head's name anywhere in the others")
def anywhere(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: head in name, base_lr, head_lr)


@wrong("look for a part of the path that is called like the head, at any depth")
def any_part(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: f".{head}." in f".{name}", base_lr, head_lr)


@wrong("compare the first part of the path only: the head may lie deeper")
def first_part(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: name.split(".")[0] == head, base_lr, head_lr)


@wrong("swap the rates: the head's goes to the base")
def swapped_rates(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: name.startswith(f"{head}."), head_lr, base_lr)


@wrong("return the head's group first")
def head_first(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: name.startswith(f"{head}."), base_lr, head_lr)[::-1]


@wrong("put all parameters into the base: the head's are in two groups")
def twice(parameters, head, base_lr, head_lr):
    made = split(parameters, lambda name: name.startswith(f"{head}."), base_lr, head_lr)
    made[0]["params"] = [p for p in parameters.values() if p.requires_grad]
    return made


@wrong("keep frozen parameters: an optimizer doesn't need them")
def with_frozen(parameters, head, base_lr, head_lr):
    return split(
        parameters, lambda name: name.startswith(f"{head}."), base_lr, head_lr, lambda p: True
    )


@wrong("take the last module for the head, whatever `head` says")
def last_module(parameters, head, base_lr, head_lr):
    last = list(parameters)[-1].rpartition(".")[0]
    return split(parameters, lambda name: name.startswith(f"{last}."), base_lr, head_lr)


@wrong("train the head only: the base is frozen then")
def head_only(parameters, head, base_lr, head_lr):
    return split(parameters, lambda name: name.startswith(f"{head}."), base_lr, head_lr)[1:]


@wrong("sort the parameters by their names: their order is the model's")
def by_name(parameters, head, base_lr, head_lr):
    ordered = dict(sorted(parameters.items()))
    return split(ordered, lambda name: name.startswith(f"{head}."), base_lr, head_lr)


@right("one parameter after another")
def one_by_one(parameters, head, base_lr, head_lr):
    if base_lr < 0 or math.isnan(base_lr):
        raise ValueError(f"`base_lr` can't be {base_lr}")
    if head_lr < 0 or math.isnan(head_lr):
        raise ValueError(f"`head_lr` can't be {head_lr}")
    made = [{"params": [], "lr": base_lr}, {"params": [], "lr": head_lr}]
    for name, parameter in parameters.items():
        module, dot = name[: len(head)], name[len(head) : len(head) + 1]
        if parameter.requires_grad:
            made[module == head and dot == "."]["params"].append(parameter)
    if not made[1]["params"]:
        raise ValueError(f"`head` can't be {head!r}")
    return made
