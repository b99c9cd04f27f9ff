"""The source's entries outside the head, the target's inside it: names, shapes, dtypes, copies."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("finetune_param_groups",),
    hints=(
        "Which of the two networks says what entries there are, and in which shapes?",
        "What ends a module's name? A head may also have as many classes as the source's.",
        "Training writes into parameters in place: is the source's network to move along?",
    ),
)

BODY = {"conv.weight": (2, 3), "bn.weight": (3,), "bn.running_mean": (3,)}
RESNET = BODY | {"fc.weight": (4, 3), "fc.bias": (4,)}


def state(shapes, first=0.0):
    """A number of its own for each entry, from `first` on."""
    return {
        name: torch.full(shape, first + k, dtype=torch.float64)
        for k, (name, shape) in enumerate(shapes.items())
    }


def mixed(source, target, inside):
    """What is expected, where `inside` has the names of the head's entries."""
    return {name: (target if name in inside else source)[name] for name in target}


HEAD = ("fc.weight", "fc.bias")


@claim("S1-220", "S1-223")
def test_a_case_worked_by_hand(transfer_state):
    source = {"conv.weight": torch.tensor([[1.0, 2.0]]), "fc.weight": torch.ones(3, 2)}
    target = {"conv.weight": torch.tensor([[0.5, 0.25]]), "fc.weight": torch.full((4, 2), 0.75)}
    want = {"conv.weight": torch.tensor([[1.0, 2.0]]), "fc.weight": torch.full((4, 2), 0.75)}
    check(transfer_state, source, target, "fc", want=want)


@claim("S1-222", "S1-223")
def test_a_head_of_the_same_shape_is_new_as_well(transfer_state):
    source, target = state(RESNET), state(RESNET, 10.0)
    check(transfer_state, source, target, "fc", want=mixed(source, target, HEAD))


@claim("S1-222")
@pytest.mark.parametrize("classes", [1, 2, 7])
def test_the_sources_head_may_have_any_shape(transfer_state, classes):
    source = state(RESNET)
    target = state(BODY | {"fc.weight": (classes, 3), "fc.bias": (classes,)}, 10.0)
    check(transfer_state, source, target, "fc", want=mixed(source, target, HEAD))


@claim("S1-222")
def test_the_sources_head_may_have_other_entries_or_none(transfer_state):
    target = state(RESNET, 10.0)
    for shapes in (BODY, BODY | {"fc.0.weight": (5, 3), "fc.0.bias": (5,), "fc.weight": (4, 3)}):
        source = state(shapes)
        check(transfer_state, source, target, "fc", want=mixed(source, target, HEAD))


@claim("S1-220")
def test_names_that_only_look_like_the_heads_are_of_the_body(transfer_state):
    shapes = {"fc.weight": (2,), "fc2.weight": (2,), "fc_norm.bias": (2,), "block.fc.weight": (2,)}
    source, target = state(shapes), state(shapes, 10.0)
    check(transfer_state, source, target, "fc", want=mixed(source, target, ("fc.weight",)))


def test_the_head_may_be_a_path_and_come_first(transfer_state):
    shapes = {"blocks.2.fc.weight": (2,), "blocks.1.fc.weight": (3,), "blocks.2.fc1.bias": (1,)}
    source, target = state(shapes), state(shapes, 10.0)
    want = mixed(source, target, ("blocks.2.fc.weight",))
    check(transfer_state, source, target, "blocks.2.fc", want=want)


@claim("S1-220")
def test_buffers_are_copied_too(transfer_state):
    source, target = state(RESNET), state(RESNET, 10.0)
    source["bn.num_batches_tracked"] = torch.tensor(1234567890123)
    target["bn.num_batches_tracked"] = torch.tensor(0)
    check(transfer_state, source, target, "fc", want=mixed(source, target, HEAD))


@claim("S1-220")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_entries_have_the_dtype_of_the_target(transfer_state, dtype):
    source = state(RESNET) | {"conv.weight": torch.tensor([[1 / 3, -2.0, 7.0]] * 2)}
    target = {name: value.to(dtype) for name, value in state(RESNET, 10.0).items()}
    want = {name: value.to(dtype) for name, value in mixed(source, target, HEAD).items()}
    check(transfer_state, source, target, "fc", want=want)


@claim("S1-220")
def test_no_entry_requires_a_gradient(transfer_state):
    source, target = state(RESNET), state(RESNET, 10.0)
    for value in (*source.values(), *target.values()):
        value.requires_grad_()
    want = such_that(
        "entries that require no gradient", lambda s: not any(v.requires_grad for v in s.values())
    )
    check(transfer_state, source, target, "fc", want=want)


@given(st.permutations(list(RESNET)), st.sampled_from(["conv", "bn", "fc"]))
def test_every_entry_comes_from_one_of_the_two(transfer_state, names, head):
    source = state(RESNET)
    target = state({name: RESNET[name] for name in names}, 10.0)
    inside = [name for name in names if name.split(".")[0] == head]
    check(transfer_state, source, target, head, want=mixed(source, target, inside))


def test_refuses_a_body_with_an_entry_too_few_or_too_many(transfer_state):
    more = state(BODY | {"bn.running_var": (3,), "fc.weight": (2, 3)})
    less = state(BODY | {"fc.weight": (2, 3)})
    naming = {"source": "bn.running_var"}
    check(transfer_state, less, more, "fc", raises=ValueError, naming=naming)
    naming = {"target": "bn.running_var"}
    check(transfer_state, more, less, "fc", raises=ValueError, naming=naming)
    more = less | state({"fc2.bias": (2,)})  # which is no part of the head
    check(transfer_state, more, less, "fc", raises=ValueError, naming={"target": "fc2.bias"})


@pytest.mark.parametrize("shape", [(3, 2), (1, 3), (3,), (2, 3, 1)])
def test_refuses_a_body_of_another_shape(transfer_state, shape):
    args = (state(RESNET | {"conv.weight": shape}), state(RESNET), "fc")
    naming = {"conv.weight": shape, "source": shape}
    check(transfer_state, *args, raises=ValueError, naming=naming)


def test_refuses_a_head_that_the_target_lacks(transfer_state):
    for head in ("classifier", "f", "fc.weight"):
        args = (state(RESNET), state(RESNET, 10.0), head)
        check(transfer_state, *args, raises=ValueError, naming={"head": head})
    check(
        transfer_state, state(RESNET), state(BODY), "fc", raises=ValueError, naming={"head": "fc"}
    )


@claim("S1-220")
@pytest.mark.parametrize("trained", ["source", "target"])
def test_training_a_network_afterwards_changes_nothing(transfer_state, trained):
    states = {"source": state(RESNET), "target": state(RESNET, 10.0)}
    want = mixed(state(RESNET), state(RESNET, 10.0), HEAD)
    made = transfer_state(states["source"], states["target"], "fc")
    for value in states[trained].values():
        value.zero_()
    why = f"After the first call `{trained}` was set to 0: its result shares memory with it."
    # Handed on to itself, a state stays what it is.
    check(transfer_state, made, made, "fc", want=want, why=why)


def taken(source, target, belongs):
    """What each entry is, with the source's wherever `belongs` says that it is none of the head."""
    return {
        name: (fresh if belongs(name) else source[name]).detach().to(fresh.dtype, copy=True)
        for name, fresh in target.items()
    }


@wrong("use the source's head where its shape fits: its rows stand for other classes")
def whatever_fits(source, target, head):
    def misfits(name):
        return name not in source or source[name].shape != target[name].shape

    return taken(source, target, misfits)


@wrong("look for the beginning of a name without its dot: `fc2.weight` is no part of `fc`")
def without_the_dot(source, target, head):
    return taken(source, target, lambda name: name.startswith(head))


@wrong("look for a part of the path that is called like the head, at any depth")
def any_part(source, target, head):
    return taken(source, target, lambda name: f".{head}." in f".{name}")


@wrong("take the last module for the head, whatever `head` says")
def last_module(source, target, head):
    last = list(target)[-1].rpartition(".")[0]
    return taken(source, target, lambda name: name.startswith(f"{last}."))


@wrong("copy the parameters only: the buffers of batch normalisation belong to them")
def without_buffers(source, target, head):
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    return taken(
        source, target, lambda n: n.startswith(f"{head}.") or n.rpartition(".")[2] in buffers
    )


@wrong("leave the head out: the target's network is to have one")
def headless(source, target, head):
    made = taken(source, target, lambda name: name.startswith(f"{head}."))
    return {name: value for name, value in made.items() if not name.startswith(f"{head}.")}


@wrong("swap the two: the body is the new network's, and the head the trained one's")
def swapped(source, target, head):
    return taken(
        source, target, lambda n: not n.startswith(f"{head}.") or source[n].shape != target[n].shape
    )


@wrong("keep the dtype of the source: the new network's is the target's")
def dtype_of_the_source(source, target, head):
    return {
        name: (fresh if name.startswith(f"{head}.") else source[name]).detach().clone()
        for name, fresh in target.items()
    }


@wrong("convert everything to floating point: a large count of batches loses its digits")
def all_floats(source, target, head):
    made = taken(source, target, lambda name: name.startswith(f"{head}."))
    return {name: value.float().to(value.dtype) for name, value in made.items()}


@wrong("keep the graph: a clone of a parameter hangs on it")
def with_graph(source, target, head):
    return {
        name: (fresh if name.startswith(f"{head}.") else source[name]).clone().to(fresh.dtype)
        for name, fresh in target.items()
    }


@wrong("skip entries that are missing or don't fit, as strict=False seems to: nobody is told",
       accepts_bad_input=True)  # fmt: skip
def lenient(source, target, head):
    if not any(name.startswith(f"{head}.") for name in target):
        raise ValueError(f"head is {head!r}")

    def is_new(name):
        misfits = name not in source or source[name].shape != target[name].shape
        return misfits or name.startswith(f"{head}.")

    return taken(source, target, is_new)


@wrong("hand on the tensors themselves: what trains the new network changes the old one")
def shared(source, target, head):
    made = {name: value for name, value in source.items() if not name.startswith(f"{head}.")}
    inside = {name: value for name, value in target.items() if name.startswith(f"{head}.")}
    if not inside:
        raise ValueError(f"head is {head!r}")
    if (made | inside).keys() != target.keys():
        raise ValueError(f"source and target differ in {(made | inside).keys() ^ target.keys()}")
    for name, value in made.items():
        if value.shape != target[name].shape:
            raise ValueError(f"source has shape {list(value.shape)} at {name}")
    return {n: value.detach().to(target[n].dtype) for n, value in (made | inside).items()}


@right("the target's state, with entries written over")
@torch.no_grad()
def written_over(source, target, head):
    inside = {name for name in target if name[: len(head) + 1] == head + "."}
    if not inside:
        raise ValueError(f"`head` can't be {head!r}")
    state = {name: value.detach().clone() for name, value in target.items()}
    rest = {name: value for name, value in source.items() if not name.startswith(head + ".")}
    for name in rest.keys() - state.keys():
        raise ValueError(f"`target` lacks {name}")
    for name in state.keys() - rest.keys() - inside:
        raise ValueError(f"`source` lacks {name}")
    for name, value in rest.items():
        if value.shape != state[name].shape:
            raise ValueError(f"{name} has the shape {tuple(value.shape)} in `source`")
        state[name].copy_(value)
    return state


@right("through load_state_dict of a module that holds the target's entries")
def loaded(source, target, head):
    head = head + "."
    names = [name for name in target if not name.startswith(head)]
    if len(names) == len(target):
        raise ValueError(f"head: {head[:-1]}")
    module = torch.nn.Module()
    for k, name in enumerate(names):
        module.register_buffer(f"entry{k}", target[name].detach().clone())
        if name not in source:
            raise ValueError(f"source: no {name}")
        if source[name].shape != target[name].shape:
            raise ValueError(f"source: {source[name].shape} at {name}")
    for name in source:
        if name not in names and not name.startswith(head):
            raise ValueError(f"target: no {name}")
    module.load_state_dict({f"entry{k}": source[name] for k, name in enumerate(names)})
    made = dict(zip(names, module.state_dict().values(), strict=True))
    return {name: made.get(name, value.detach().clone()) for name, value in target.items()}
