"""Parameters change by their gradients, buffers by the mode: against torch's own step."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    hints=(
        "Print [name for name in layer.state_dict()] for each kind: which of them are parameters?",
        "What writes into running_mean, the optimizer or the forward pass?",
        "requires_grad and the mode are two switches: each has its own effect, whatever the other.",
    ),
)

KINDS = ("linear", "batch_norm", "layer_norm", "dropout", "relu")
WIDTH = 6


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def made(kind):
    layers = {
        "linear": lambda: nn.Linear(WIDTH, WIDTH, bias=False),
        "batch_norm": lambda: nn.BatchNorm1d(WIDTH),
        "layer_norm": lambda: nn.LayerNorm(WIDTH),
        "dropout": lambda: nn.Dropout(0.25),
        "relu": nn.ReLU,
    }
    return layers[kind]()


def model_of(layers):
    """The model in float64, with parameters and statistics that are all different."""
    model = nn.Sequential(*(made(kind) for kind, _, _ in layers)).double()
    draw = seeded(0)
    for layer, (_, frozen, training) in zip(model, layers, strict=True):
        layer.train(training)
        for value in layer.state_dict().values():
            if value.is_floating_point():
                value.copy_(0.5 + torch.rand(value.shape, generator=draw))
        for parameter in layer.parameters():
            parameter.requires_grad = not frozen
    return model


def step(layers, updates):
    """A step of torch's with this model: its state before and after, and who got a gradient."""
    model = model_of(layers)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x, goal = (torch.randn(32, WIDTH, generator=seeded(s)).double() for s in (1, 2))
    trained = [p for p in model.parameters() if p.requires_grad]
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(updates):
        torch.manual_seed(3)
        loss = (model(x) - goal).pow(4).mean()
        if updates and trained:
            loss.backward()
            torch.optim.SGD(trained, lr=0.5).step()
    graded = {name for name, p in model.named_parameters() if p.grad is not None}
    return before, model.state_dict(), graded


def written_to(layers, updates):
    """Parameters that get a gradient, be it 0 by chance, and buffers that change."""
    before, after, graded = step(layers, updates)
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    is_buffer = {name for name in after if name.rpartition(".")[2] not in ("weight", "bias")}
    return [name for name in after if name in (moved & is_buffer) | graded]


@claim("S0-220", "S0-222", "S0-225")
def test_a_case_worked_by_hand(changed_by_step):
    layers = [("linear", True, True), ("relu", True, True), ("linear", False, True)]
    check(changed_by_step, layers, want=["2.weight"])
    check(changed_by_step, [("linear", False, True)] * 2, want=["0.weight", "1.weight"])


@claim("S0-229")
def test_in_train_mode_a_batch_norm_moves_its_statistics(changed_by_step):
    want = ["0.weight", "0.bias", "0.running_mean", "0.running_var", "0.num_batches_tracked"]
    check(changed_by_step, [("batch_norm", False, True)], want=want)


@counterexample("S0-220")
def test_so_it_does_when_its_parameters_are_frozen(changed_by_step):
    layers = [("linear", True, True), ("batch_norm", True, True), ("linear", False, True)]
    want = ["1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight"]
    check(changed_by_step, layers, want=want)


@claim("S0-220")
def test_in_eval_mode_only_its_parameters_are_trained(changed_by_step):
    check(changed_by_step, [("batch_norm", False, False)], want=["0.weight", "0.bias"])
    layers = [("batch_norm", True, False), ("linear", False, True)]
    check(changed_by_step, layers, want=["1.weight"])


@claim("S0-229")
def test_the_mode_of_other_layers_makes_no_difference(changed_by_step):
    for training in (True, False):
        layers = [(kind, False, training) for kind in KINDS if kind != "batch_norm"]
        want = ["0.weight", "1.weight", "1.bias"]
        check(changed_by_step, layers, want=want)


def test_gradients_pass_through_a_frozen_layer(changed_by_step):
    layers = [("linear", False, True), ("linear", True, True), ("linear", False, True)]
    check(changed_by_step, layers, want=["0.weight", "2.weight"])
    check(changed_by_step, layers[:2], want=["0.weight"])


@claim("S0-238")
def test_a_validation_changes_statistics_in_train_mode_only(changed_by_step):
    layers = [("linear", False, True), ("batch_norm", False, True), ("batch_norm", True, False)]
    want = ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    check(changed_by_step, layers, updates=False, want=want)
    layers = [("linear", True, True), ("batch_norm", True, True)]
    check(changed_by_step, layers, updates=False, want=want)
    layers = [(kind, False, False) for kind in KINDS]
    check(changed_by_step, layers, updates=False, want=[])


def test_layers_count_from_0_in_tens_as_well(changed_by_step):
    layers = [("relu", False, True)] * 12
    layers[2] = layers[11] = ("linear", False, True)
    check(changed_by_step, layers, want=["2.weight", "11.weight"])
    check(changed_by_step, [], want=[])


LAYER = st.tuples(st.sampled_from(KINDS), st.booleans(), st.booleans())


@claim("S0-220", "S0-222", "S0-229")
@given(st.lists(LAYER, max_size=6), st.booleans())
def test_equals_what_torch_writes_to(changed_by_step, layers, updates):
    check(changed_by_step, layers, updates, want=written_to(layers, updates))


@claim("S0-220", "S0-225", "S0-229")
def test_equals_what_differs_after_a_step_of_torchs(changed_by_step):
    layers = [
        ("linear", True, True),
        ("batch_norm", False, False),
        ("relu", False, False),
        ("linear", False, True),
        ("dropout", False, True),
        ("layer_norm", False, False),
        ("linear", False, False),
        ("batch_norm", True, True),
        ("linear", True, False),
    ]
    before, after, _ = step(layers, updates=True)
    want = [name for name in after if not torch.equal(before[name], after[name])]
    check(changed_by_step, layers, want=want)


def test_refuses_layers_of_another_kind(changed_by_step):
    layers = [("linear", False, True), ("conv", False, True), ("lstm", False, True)]
    naming = {"layers[1]": "conv"}
    check(changed_by_step, layers, raises=ValueError, naming=naming)
    for kind in ("batch", "batch_norm2", "", "Linear"):
        layers = [("relu", False, True), (kind, False, True)]
        naming = {"layers[1]": kind}
        check(changed_by_step, layers, raises=ValueError, naming=naming)


STATE = {
    "linear": (["weight"], []),
    "batch_norm": (["weight", "bias"], ["running_mean", "running_var", "num_batches_tracked"]),
    "layer_norm": (["weight", "bias"], []),
    "dropout": ([], []),
    "relu": ([], []),
}


def names(layers, trained, moved, state=STATE):
    """Parameters where `trained` and buffers where `moved` says so, of (frozen, training)."""
    return [
        f"{i}.{name}"
        for i, (kind, *flags) in enumerate(layers)
        for part, says in zip(state[kind], (trained, moved), strict=True)
        if says(*flags)
        for name in part
    ]


@wrong("freeze the statistics along with the parameters: requires_grad says nothing of buffers")
def frozen_statistics(layers, updates=True):
    return names(layers, lambda f, t: updates and not f, lambda f, t: t and not f)


@wrong("forget the statistics of batch normalisation: they change without a gradient")
def parameters_only(layers, updates=True):
    return names(layers, lambda f, t: updates and not f, lambda f, t: False)


@wrong("freeze the parameters in eval mode: the mode doesn't switch gradients off")
def eval_freezes(layers, updates=True):
    return names(layers, lambda f, t: updates and t and not f, lambda f, t: t)


@wrong("move the statistics in eval mode as well")
def statistics_always(layers, updates=True):
    return names(layers, lambda f, t: updates and not f, lambda f, t: True)


@wrong("move the statistics in eval mode and not in train mode")
def modes_swapped(layers, updates=True):
    return names(layers, lambda f, t: updates and not f, lambda f, t: not t)


@wrong("leave everything as it is without updates: a forward pass in train mode moves statistics")
def nothing_without_updates(layers, updates=True):
    return frozen_or_not(layers) if updates else []


def frozen_or_not(layers, updates=True, state=STATE):
    return names(layers, lambda f, t: updates and not f, lambda f, t: t, state)


@wrong("ignore `updates`: without a backward pass no parameter moves")
def always_updates(layers, updates=True):
    return frozen_or_not(layers)


@wrong("forget the count of batches")
def without_the_count(layers, updates=True):
    counted = STATE["batch_norm"][0], STATE["batch_norm"][1][:2]
    return frozen_or_not(layers, updates, STATE | {"batch_norm": counted})


@wrong("give layer normalisation running statistics: it has none")
def layer_norm_with_statistics(layers, updates=True):
    return frozen_or_not(layers, updates, STATE | {"layer_norm": STATE["batch_norm"]})


@wrong("forget that layer normalisation has parameters")
def layer_norm_without_parameters(layers, updates=True):
    return frozen_or_not(layers, updates, STATE | {"layer_norm": ([], [])})


@wrong("forget that batch normalisation has parameters beside its statistics")
def batch_norm_without_parameters(layers, updates=True):
    bare = [], STATE["batch_norm"][1]
    return frozen_or_not(layers, updates, STATE | {"batch_norm": bare})


@wrong("stop at a frozen layer: gradients pass through it to the layers before")
def frozen_blocks(layers, updates=True):
    last = max((i for i, (kind, f, _) in enumerate(layers) if f and STATE[kind][0]), default=-1)
    return frozen_or_not([(k, f or i < last, t) for i, (k, f, t) in enumerate(layers)], updates)


@wrong("number the layers that have parameters only: all of them have an index")
def numbered_without_gaps(layers, updates=True):
    return frozen_or_not([layer for layer in layers if STATE[layer[0]][0]], updates)


@wrong("sort the names as words: 10 comes before 2 then")
def sorted_names(layers, updates=True):
    changed = frozen_or_not(layers, updates)
    order = {name: k for k, name in enumerate(changed)}
    return sorted(changed, key=lambda name: (name.partition(".")[0], order[name]))


@wrong("list the parameters of all layers first, and then the buffers")
def buffers_last(layers, updates=True):
    return sorted(frozen_or_not(layers, updates), key=lambda n: "running" in n or "num_" in n)


@right("with torch, on the meta device")
def asked_of_torch(layers, updates=True):
    found = []
    for i, (kind, frozen, training) in enumerate(layers):
        if kind not in KINDS:
            raise ValueError(f"`layers[{i}]` can't be {kind}")
        with torch.device("meta"):
            layer = made(kind)
        found += [f"{i}.{n}" for n, _ in layer.named_parameters() if updates and not frozen]
        found += [f"{i}.{n}" for n, _ in layer.named_buffers() if training]
    return found
