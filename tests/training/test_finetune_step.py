"""A step on the trained layers of a small network, against the chain rule and torch's SGD."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    claim,
    counterexample,
    effect,
    inputs,
    right,
    such_that,
    through,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("finetune_param_groups", "changed_by_step"),
    forbid=("torch.optim",),
    instead="write the step yourself",
    hints=(
        "Which layers does the gradient of body.weight pass through? Is one of them frozen?",
        "What becomes of weight decay if nobody hands the parameter to the optimizer?",
        "torch.autograd.grad(loss, trained) derives by those that you name, and by no others.",
    ),
)

NAMES = ("body.weight", "body.bias", "head.weight", "head.bias")
SHAPES = ((5, 3), (5,), (4, 5), (4,))


def network(frozen=(), shapes=SHAPES):
    """The four parameters, some of them frozen."""
    return {
        name: (inputs.numbers(k + 1, *shape)[k] / 4).requires_grad_(name not in frozen)
        for k, (name, shape) in enumerate(zip(NAMES, shapes, strict=True))
    }


def rows(n=6, d=3, c=4):
    return inputs.numbers(n, d).flip(0) / 2, torch.arange(n) * 3 % c


def by_chain_rule(parameters, features, labels, lr, weight_decay=0.0):
    """The same without autograd: errors flow back layer by layer."""
    w1, b1, w2, b2 = (parameters[name].detach() for name in NAMES)
    before = features @ w1.mT + b1
    hidden = before.clamp(min=0)
    errors = (hidden @ w2.mT + b2).softmax(1)
    errors[torch.arange(len(labels)), labels] -= 1
    errors = errors / len(labels)
    below = (errors @ w2) * (before > 0)
    grads = (below.mT @ features, below.sum(0), errors.mT @ hidden, errors.sum(0))
    after = {}
    for name, grad in zip(NAMES, grads, strict=True):
        p = parameters[name].detach()
        trained = parameters[name].requires_grad
        after[name] = p - lr * (grad + weight_decay * p) if trained else p
    return after


BODY, HEAD = NAMES[:2], NAMES[2:]


@claim("S0-220", "S0-225")
def test_a_case_worked_by_hand(finetune_step):
    parameters = {
        "body.weight": vector(1.0, -1.0, 2.0)[:, None],
        "body.bias": vector(0.0, 1.0, -2.0),
        "head.weight": torch.zeros(2, 3, dtype=torch.float64).requires_grad_(),
        "head.bias": vector(0.0, 0.0).requires_grad_(),
    }
    # x = 3: hidden units 3, 0, 4; probabilities 1/2, and the label is 1.
    moved = torch.tensor([[-3.0, 0.0, -4.0], [3.0, 0.0, 4.0]], dtype=torch.float64) / 4
    want = parameters | {"head.weight": moved, "head.bias": vector(-0.25, 0.25)}
    check(finetune_step, parameters, vector(3.0)[:, None], torch.tensor([1]), 0.5, want=want)


@claim("S0-220", "S0-222", "S0-225")
def test_with_a_frozen_body_the_head_is_trained(finetune_step):
    args = (network(BODY), *rows(), 0.5)
    check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S0-222")
@pytest.mark.parametrize("name", ["head.weight", "head.bias", "body.weight", "body.bias"])
def test_each_parameter_is_frozen_by_itself(finetune_step, name):
    args = (network([name]), *rows(), 0.5)
    check(finetune_step, *args, want=by_chain_rule(*args))
    args = (network([other for other in NAMES if other != name]), *rows(), 0.5)
    check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S0-222")
def test_gradients_pass_through_a_frozen_head(finetune_step):
    args = (network(HEAD), *rows(), 0.5)
    check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S0-220", "S0-222")
def test_without_frozen_ones_all_four_move(finetune_step):
    args = (network(), *rows(), 0.5)
    check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S1-066")
@counterexample("S1-066")  # a decay "of the weights"
def test_biases_decay_as_weights_do(finetune_step):
    args = (network(), *rows(), 0.5, 0.25)
    check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S0-220")
@counterexample("S1-066")  # which has no exception for what has no gradient
def test_frozen_parameters_dont_decay(finetune_step):
    for frozen in (BODY, HEAD, ("body.bias", "head.weight")):
        args = (network(frozen), *rows(), 0.5, 0.25)
        check(finetune_step, *args, want=by_chain_rule(*args))


@claim("S0-220")
@given(st.sets(st.sampled_from(NAMES), max_size=3), st.integers(1, 5), st.sampled_from([0.0, 0.5]))
def test_equals_the_chain_rule(finetune_step, frozen, n, weight_decay):
    args = (network(frozen), *rows(n), 0.25, weight_decay)
    check(finetune_step, *args, want=by_chain_rule(*args), scale=10.0)


def torchs(parameters, features, labels, lr, weight_decay=0.0):
    """torch's own optimizer, given all four: it skips those without a gradient."""
    model = torch.nn.Module()
    model.body, model.head = torch.nn.Linear(3, 5).double(), torch.nn.Linear(5, 4).double()
    model.load_state_dict(parameters)
    for name, p in model.named_parameters():
        p.requires_grad = parameters[name].requires_grad
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, weight_decay=weight_decay)
    scores = model.head(model.body(features).relu())
    torch.nn.functional.cross_entropy(scores, labels).backward()
    optimizer.step()
    return {name: p.detach() for name, p in model.named_parameters()}


@claim("S0-220", "S0-225")
@pytest.mark.parametrize("frozen", [(), BODY, HEAD], ids=["none", "body", "head"])
def test_equals_torchs_step(finetune_step, frozen):
    args = (network(frozen), *rows(), 0.25, 0.5)
    check(finetune_step, *args, want=torchs(*args))


@claim("S0-222")
@pytest.mark.parametrize("frozen", [BODY, HEAD, ("body.bias",)], ids=str)
def test_what_was_trained_goes_on_being_trained_and_nothing_else(finetune_step, frozen):
    asked = {name for name in NAMES if name not in frozen}
    want = such_that(
        f"tensors of which these require a gradient: {sorted(asked)}",
        lambda after: {name for name, p in after.items() if p.requires_grad} == asked,
    )
    check(finetune_step, network(frozen), *rows(), 0.5, want=want)


def test_the_given_tensors_get_no_gradient(finetune_step):
    seen = effect(finetune_step, lambda p, *args: {name: t.grad for name, t in p.items()})
    why = "looked at afterwards: .grad of each"
    check(seen, network(BODY), *rows(), 0.5, want=dict.fromkeys(NAMES), why=why)


def test_a_gradient_that_is_there_already_is_neither_used_nor_changed(finetune_step):
    def after_another_backward(finetune_step, parameters, *args):
        for p in parameters.values():
            p.grad = torch.full_like(p, 3.0)
        after = finetune_step(parameters, *args)
        return after, {name: p.grad for name, p in parameters.items()}

    args = (network(BODY), *rows(), 0.5)
    there = {name: torch.full_like(p.detach(), 3.0) for name, p in network().items()}
    check(through(finetune_step, after_another_backward), *args, want=(by_chain_rule(*args), there))


def test_no_gradient_flows_back_through_the_step(finetune_step):
    def flows_back(parameters):
        after = finetune_step(parameters, *rows(), 0.5)
        asked = [name for name, p in parameters.items() if p.requires_grad]
        grads = torch.autograd.grad(
            sum(after[name].sum() for name in asked),
            [parameters[name] for name in asked],
            allow_unused=True,
        )
        return {n: g is not None and bool(g.any()) for n, g in zip(asked, grads, strict=True)}

    check(flows_back, network(BODY), want=dict.fromkeys(HEAD, False))


@claim("S0-220")
def test_over_several_steps_only_the_head_moves(finetune_step):
    parameters = network(BODY)
    for n in (6, 4, 5):
        args = (parameters, *rows(n), 0.5, 0.25)
        want = by_chain_rule(*args)
        check(finetune_step, *args, want=want)
        parameters = {name: want[name].requires_grad_(name in HEAD) for name in NAMES}


def test_keeps_the_dtype(finetune_step):
    features, labels = rows()
    single = {
        name: p.detach().float().requires_grad_(p.requires_grad)
        for name, p in network(("body.bias",)).items()
    }
    want = by_chain_rule(network(("body.bias",)), features, labels, 0.25)
    want = {name: p.float() for name, p in want.items()}
    check(finetune_step, single, features.float(), labels, 0.25, want=want)


def test_large_scores_stay_finite(finetune_step):
    parameters = {
        "body.weight": vector(1e3)[:, None],
        "body.bias": vector(0.0),
        "head.weight": vector(1.0, 0.0)[:, None],
        "head.bias": vector(0.0, 0.0).requires_grad_(),
    }
    want = parameters | {"head.bias": vector(-2.0, 2.0)}
    check(finetune_step, parameters, vector(1.0)[:, None], torch.tensor([1]), 2.0, want=want)


def test_refuses_to_train_nothing(finetune_step):
    args = (network(NAMES), *rows(), 0.5)
    check(finetune_step, *args, raises=ValueError, naming={"parameters": ""})


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5},
        {"lr": math.nan},
        {"lr": math.inf},
        {"weight_decay": -0.25},
        {"weight_decay": math.inf},
        {"weight_decay": math.nan},
    ],
    ids=str,
)
def test_refuses_rates_that_are_none(finetune_step, bad):
    options = {"lr": 0.5, "weight_decay": 0.25} | bad
    check(finetune_step, network(), *rows(), **options, raises=ValueError, naming=bad)


def stepped(
    parameters, features, labels, lr, weight_decay=0.0, trained=None, detach=False, **options
):
    """A step; the wrong answers change one thing of it."""
    leaves = {name: p.detach().requires_grad_() for name, p in parameters.items()}
    hidden = (features @ leaves["body.weight"].mT + leaves["body.bias"]).relu()
    hidden = hidden.detach() if detach else hidden
    scores = hidden @ leaves["head.weight"].mT + leaves["head.bias"]
    loss = torch.nn.functional.cross_entropy(scores, labels, **options)
    loss.backward()
    asked = trained or (lambda name: parameters[name].requires_grad)
    after = {}
    for name, p in leaves.items():
        grad = torch.zeros_like(p) if p.grad is None else p.grad
        moved = p.detach() - lr * (grad + weight_decay * p.detach())
        after[name] = moved if asked(name) else p.detach()
    return with_flags(after, parameters)


def with_flags(after, parameters):
    return {
        name: p.detach().requires_grad_(parameters[name].requires_grad) for name, p in after.items()
    }


@wrong("train all parameters, the frozen ones too")
def trains_all(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr, weight_decay, lambda name: True)


@wrong("train the head alone, whatever requires a gradient")
def trains_the_head(parameters, features, labels, lr, weight_decay=0.0):
    trained = HEAD
    return stepped(parameters, features, labels, lr, weight_decay, lambda name: name in trained)


@wrong("freeze whole layers: each parameter has its own requires_grad")
def by_layers(parameters, features, labels, lr, weight_decay=0.0):
    def whole(name):
        layer = name.partition(".")[0]
        return all(p.requires_grad for n, p in parameters.items() if n.startswith(layer))

    return stepped(parameters, features, labels, lr, weight_decay, whole)


@wrong("compute a frozen head under no_grad: no gradient gets through it to the body")
def blocked_by_the_head(parameters, features, labels, lr, weight_decay=0.0):
    blocked = not any(parameters[name].requires_grad for name in HEAD)
    return stepped(parameters, features, labels, lr, weight_decay, detach=blocked)


@wrong("cut the body off the graph: it never gets a gradient")
def detached_body(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr, weight_decay, detach=True)


@wrong("let frozen parameters decay: they aren't handed to the optimizer")
def frozen_decay(parameters, features, labels, lr, weight_decay=0.0):
    after = stepped(parameters, features, labels, lr, weight_decay)
    shrunk = {
        name: p if p.requires_grad else (1 - lr * weight_decay) * p for name, p in after.items()
    }
    return with_flags(shrunk, parameters)


@wrong("leave biases out of the decay",
       right_for="the usual groups, weights with a decay and biases without; here all that is trained decays")  # fmt: skip
def biases_dont_decay(parameters, features, labels, lr, weight_decay=0.0):
    decayed = stepped(parameters, features, labels, lr, weight_decay)
    plain = stepped(parameters, features, labels, lr)
    return {name: (plain if name.endswith("bias") else decayed)[name] for name in parameters}


@wrong("ignore the weight decay")
def no_decay(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr)


@wrong("decay without the rate: weight_decay alone says by how much")
def decays_without_the_rate(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr, weight_decay / lr)


@wrong("decay by the derivative of weight_decay * p^2, which has a factor of 2",
       right_for="a penalty without the half; here the decay is weight_decay * p")  # fmt: skip
def twice_the_decay(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr, 2 * weight_decay)


@wrong("sum the losses of the rows and not average them",
       right_for="a summed loss; here it is the mean")  # fmt: skip
def summed(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, lr, weight_decay, reduction="sum")


@wrong("go up the gradient and not down")
def uphill(parameters, features, labels, lr, weight_decay=0.0):
    return stepped(parameters, features, labels, -lr, -weight_decay)


@wrong("move the head first, and take the body's gradient through the new one")
def head_first(parameters, features, labels, lr, weight_decay=0.0):
    moved = stepped(parameters, features, labels, lr, weight_decay)
    between = parameters | {name: moved[name] for name in HEAD}
    body = stepped(between, features, labels, lr, weight_decay)
    return moved | {name: body[name] for name in BODY}


@wrong("return tensors that require no gradient: the next step would train nothing")
def all_frozen_after(parameters, features, labels, lr, weight_decay=0.0):
    after = stepped(parameters, features, labels, lr, weight_decay)
    return {name: p.detach() for name, p in after.items()}


@wrong("let all tensors require a gradient: the next step would train the frozen ones")
def all_trained_after(parameters, features, labels, lr, weight_decay=0.0):
    after = stepped(parameters, features, labels, lr, weight_decay)
    return {name: p.detach().requires_grad_() for name, p in after.items()}


@wrong("return the trained parameters only")
def trained_only(parameters, features, labels, lr, weight_decay=0.0):
    after = stepped(parameters, features, labels, lr, weight_decay)
    return {name: p for name, p in after.items() if p.requires_grad}


@wrong("write into the caller's parameters")
@torch.no_grad()
def in_place(parameters, features, labels, lr, weight_decay=0.0):
    with torch.enable_grad():
        after = stepped(parameters, features, labels, lr, weight_decay)
    for name, p in parameters.items():
        p.copy_(after[name])
    return parameters


@wrong("leave a gradient at the caller's tensors: the next backward pass adds to it")
def leaves_gradients(parameters, features, labels, lr, weight_decay=0.0):
    hidden = (features @ parameters["body.weight"].mT + parameters["body.bias"]).relu()
    scores = hidden @ parameters["head.weight"].mT + parameters["head.bias"]
    torch.nn.functional.cross_entropy(scores, labels).backward()
    after = {
        name: p.detach() - lr * (p.grad + weight_decay * p.detach()) if p.requires_grad else p
        for name, p in parameters.items()
    }
    return with_flags(after, parameters)


@wrong("forget the ReLU")
def linear(parameters, features, labels, lr, weight_decay=0.0):
    leaves = {name: p.detach().requires_grad_() for name, p in parameters.items()}
    hidden = features @ leaves["body.weight"].mT + leaves["body.bias"]
    scores = hidden @ leaves["head.weight"].mT + leaves["head.bias"]
    torch.nn.functional.cross_entropy(scores, labels).backward()
    after = {}
    for name, p in leaves.items():
        moved = p.detach() - lr * (p.grad + weight_decay * p.detach())
        after[name] = moved if parameters[name].requires_grad else p
    return with_flags(after, parameters)


@right("with backward() on copies, whose flags are those of the originals")
def with_backward(parameters, features, labels, lr, weight_decay=0.0):
    if not math.isfinite(lr) or lr < 0:
        raise ValueError(f"`lr` can't be {lr}")
    if not math.isfinite(weight_decay) or weight_decay < 0:
        raise ValueError(f"`weight_decay` can't be {weight_decay}")
    if not any(p.requires_grad for p in parameters.values()):
        raise ValueError("`parameters`: none of them requires a gradient")
    own = {n: p.detach().clone().requires_grad_(p.requires_grad) for n, p in parameters.items()}
    linear = torch.nn.functional.linear
    hidden = torch.relu(linear(features, own["body.weight"], own["body.bias"]))
    scores = linear(hidden, own["head.weight"], own["head.bias"])
    torch.nn.functional.cross_entropy(scores, labels).backward()
    with torch.no_grad():
        for p in own.values():
            if p.grad is not None:
                p.sub_(lr * (p.grad + weight_decay * p))
    return own


@right("by the chain rule, layer by layer")
def chain_rule(parameters, features, labels, lr, weight_decay=0.0):
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr: {lr}")
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"weight_decay: {weight_decay}")
    if sum(p.requires_grad for p in parameters.values()) == 0:
        raise ValueError("parameters: all are frozen")
    after = by_chain_rule(parameters, features, labels, lr, weight_decay)
    return with_flags(after, parameters)
