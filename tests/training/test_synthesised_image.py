"""Descent on an image, against the gradient by its formula and against torch's optimizer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, effect, gpu, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("finetune_step", "conv2d_input_grad"),
    forbid=("torch.optim",),
    instead="write the step yourself",
    hints=(
        "Of which tensor is the loss derived, and which other ones does it depend on?",
        "What does loss.backward() do to kernels that require a gradient?",
        "For each step: a leaf, its features, their loss, torch.autograd.grad(loss, leaf).",
    ),
)

conv2d = torch.nn.functional.conv2d


def by_formula(start, target, kernels, lr, steps):
    """In float64: the errors of the features that are above 0 flow back through the kernels."""
    image, target, kernels = start.detach().double(), target.double(), kernels.detach().double()
    for _ in range(steps):
        before = conv2d(image, kernels)
        errors = 2 * (before.clamp(min=0) - target) * (before > 0) / target.numel()
        image = image - lr * torch.nn.functional.conv_transpose2d(errors, kernels)
    return image.to(start.dtype)


def data(c=2, h=4, w=5, f=3, a=3, b=2):
    """An image, features to reach, and kernels."""
    start, kernels = inputs.numbers(c, h, w) / 4, inputs.numbers(f, c, a, b).flip(0) / 4
    return start, inputs.numbers(f, h - a + 1, w - b + 1).flip(2).abs() / 2, kernels


def pixels(*values):
    return vector(*values)[None, None]


@claim("S1-256")
def test_a_case_worked_by_hand(synthesised_image):
    # Pixel by pixel: features 2, 0 and 6, of which the second has no gradient. The mean is over 3.
    start, target = pixels(1.0, -1.0, 3.0), pixels(5.0, 4.0, 0.0)
    kernels = vector(2.0)[:, None, None, None]
    want = pixels(1.0 + 0.5 * 4 / 3 * 3, -1.0, 3.0 - 0.5 * 4 / 3 * 6)
    check(synthesised_image, start, target, kernels, 0.5, 1, want=want)


@claim("S1-256")
@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_so_many_steps(synthesised_image, steps):
    check(synthesised_image, *data(), 0.5, steps, want=by_formula(*data(), 0.5, steps), scale=1.0)


SIZES = st.tuples(*(st.integers(1, n) for n in (3, 5, 5, 3)))


@claim("S1-256")
@given(SIZES, st.integers(1, 3), st.integers(1, 3), st.sampled_from([0.125, 1.0]))
def test_equals_the_formula(synthesised_image, sizes, a, b, lr):
    c, h, w, f = sizes
    args = (*data(c, max(h, a), max(w, b), f, a, b), lr, 3)
    check(synthesised_image, *args, want=by_formula(*args), scale=10.0)


def with_torch(start, target, kernels, lr, steps):
    """The usual loop: the image as a parameter, and torch's optimizer."""
    image = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.SGD([image], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        features = torch.nn.functional.relu(conv2d(image, kernels))
        torch.nn.functional.mse_loss(features, target).backward()
        optimizer.step()
    return image.detach()


@claim("S1-256")
def test_equals_torchs_loop(synthesised_image):
    args = (*data(), 0.25, 4)
    check(synthesised_image, *args, want=with_torch(*args), scale=1.0)


@claim("S1-256")
def test_reaches_the_features_of_an_image(synthesised_image):
    seen = inputs.numbers(1, 3, 3).abs() / 2 + 1
    kernels = vector(1.0)[:, None, None, None]
    want = such_that("pixels near those whose features are the target",
                     lambda image: bool((image - seen).abs().max() < 1e-3))  # fmt: skip
    check(synthesised_image, torch.ones_like(seen), seen, kernels, 2.0, 30, want=want)


def test_where_no_feature_is_above_zero_nothing_moves(synthesised_image):
    start, target, kernels = data()
    black = torch.zeros_like(start)
    check(synthesised_image, black, target, kernels, 0.5, 3, want=black)


def test_a_rate_of_zero_moves_nothing(synthesised_image):
    start, target, kernels = data()
    check(synthesised_image, start, target, kernels, 0.0, 3, want=start)


def test_pixels_may_leave_the_range_of_an_image(synthesised_image):
    start, target = pixels(0.25, 0.75), pixels(4.0, 9.0)
    kernels = vector(1.0)[:, None, None, None]
    check(synthesised_image, start, target, kernels, 1.0, 1, want=pixels(4.0, 9.0))
    check(synthesised_image, start, -target, kernels, 1.0, 1, want=pixels(-4.0, -9.0))


def test_large_gradients_count_in_full(synthesised_image):
    # A feature of 2000 and a target of 0: the derivative is 2 * 2000 * 2.
    kernels = vector(2.0)[:, None, None, None]
    check(synthesised_image, pixels(1000.0), pixels(0.0), kernels, 0.0625, 1, want=pixels(500.0))


@claim("S1-256")
def test_kernels_that_require_a_gradient_get_none(synthesised_image):
    start, target, kernels = data()
    seen = effect(synthesised_image, lambda start, target, kernels, lr, steps: kernels.grad)
    why = "looked at afterwards: kernels.grad"
    check(seen, start, target, kernels.requires_grad_(), 0.5, 2, want=None, why=why)


@claim("S1-256")
def test_kernels_that_require_a_gradient_go_on_requiring_it(synthesised_image):
    start, target, kernels = data()
    seen = effect(
        synthesised_image, lambda start, target, kernels, lr, steps: kernels.requires_grad
    )
    why = "looked at afterwards: kernels.requires_grad"
    check(seen, start, target, kernels.requires_grad_(), 0.5, 2, want=True, why=why)


def test_a_target_that_requires_a_gradient_gets_none(synthesised_image):
    start, target, kernels = data()
    seen = effect(synthesised_image, lambda start, target, *args: (start.grad, target.grad))
    why = "looked at afterwards: start.grad and target.grad"
    args = (start.requires_grad_(), target.requires_grad_(), kernels, 0.5, 2)
    check(seen, *args, want=(None, None), why=why)


def test_nothing_that_is_returned_hangs_on_a_graph(synthesised_image):
    start, target, kernels = data()
    want = such_that("an image that requires no gradient", lambda image: not image.requires_grad)
    for steps in (0, 2):
        args = (start.requires_grad_(), target, kernels.requires_grad_(), 0.5, steps)
        check(synthesised_image, *args, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(synthesised_image, dtype):
    args = (*(x.to(dtype) for x in data()), 0.25, 3)
    check(synthesised_image, *args, want=by_formula(*args), scale=1.0)


def test_reads_images_by_their_strides(synthesised_image):
    start, target, kernels = data()
    turned = [x.mT.contiguous().mT for x in (start, target, kernels)]
    args = (start, target, kernels, 0.25, 2)
    check(synthesised_image, *turned, 0.25, 2, want=by_formula(*args), scale=1.0)


def test_refuses_features_of_another_shape(synthesised_image):
    start, target, kernels = data()
    for other in (target[:, :1], target[:1], target.mT, target[..., :1]):
        args = (start, other, kernels, 0.5, 2)
        naming = {"target": tuple(other.shape)}
        check(synthesised_image, *args, raises=ValueError, naming=naming)


@pytest.mark.parametrize(
    "bad", [{"lr": -0.5}, {"lr": math.nan}, {"lr": math.inf}, {"steps": -1}], ids=str
)
def test_refuses_numbers_that_are_none(synthesised_image, bad):
    options = {"lr": 0.5, "steps": 2} | bad
    check(synthesised_image, *data(), **options, raises=ValueError, naming=bad)


def features_of(image, kernels):
    return conv2d(image, kernels).relu()


def mean_square(features, target):
    if features.shape != target.shape:  # nothing is stretched but where that is the mistake
        raise ValueError(f"target: {list(target.shape)}")
    return (features - target).square().mean()


def descended(start, target, kernels, lr, steps, features=features_of, loss=mean_square):
    """The loop; the wrong answers change one thing of it."""
    image = start.detach().clone()
    for _ in range(steps):
        leaf = image.detach().requires_grad_()
        (grad,) = torch.autograd.grad(loss(features(leaf, kernels.detach()), target), leaf)
        image = image - lr * grad
    return image


@wrong("train the kernels along with the image")
def trains_the_kernels(start, target, kernels, lr, steps):
    image, kernels = start.detach(), kernels.detach()
    for _ in range(steps):
        leaves = image.requires_grad_(), kernels.requires_grad_()
        grads = torch.autograd.grad(mean_square(features_of(*leaves), target), leaves)
        image, kernels = (p.detach() - lr * g for p, g in zip(leaves, grads, strict=True))
    return image.detach()


@wrong("train the kernels, and return the image as it was")
def trains_only_the_kernels(start, target, kernels, lr, steps):
    return start.detach().clone()


@wrong("leave a gradient at the kernels: the next optimizer to step on them would use it")
def leaves_gradients(start, target, kernels, lr, steps):
    image = start.detach().clone().requires_grad_()
    for _ in range(steps):
        image.grad = None
        mean_square(features_of(image, kernels), target).backward()
        with torch.no_grad():
            image -= lr * image.grad
    return image.detach()


@wrong("leave a gradient at the target: it is given, not trained")
def leaves_a_gradient_at_the_target(start, target, kernels, lr, steps):
    image = start.detach().clone().requires_grad_()
    for _ in range(steps):
        image.grad = None
        mean_square(features_of(image, kernels.detach()), target).backward()
        with torch.no_grad():
            image -= lr * image.grad
    return image.detach()


@wrong("clip the gradient",
       right_for="a descent with gradient clipping; here it is the plain one")  # fmt: skip
def clipped(start, target, kernels, lr, steps):
    image = start.detach().clone()
    for _ in range(steps):
        leaf = image.detach().requires_grad_()
        loss = mean_square(features_of(leaf, kernels.detach()), target)
        image = image - lr * torch.autograd.grad(loss, leaf)[0].clamp(-10, 10)
    return image


@wrong("freeze the caller's kernels, and leave them frozen")
def leaves_kernels_frozen(start, target, kernels, lr, steps):
    kernels.requires_grad_(False)
    return descended(start, target, kernels, lr, steps)


@wrong("sum the squares and not average them: the step grows with the features",
       right_for="a summed loss; here it is the mean")  # fmt: skip
def summed(*args):
    return descended(*args, loss=lambda found, target: (found - target).square().sum())


@wrong("take half the square",
       right_for="a loss with the half in front; here it has none")  # fmt: skip
def halved(*args):
    return descended(*args, loss=lambda found, target: mean_square(found, target) / 2)


@wrong("average over the positions alone, and sum over the features")
def mean_over_positions(*args):
    return descended(*args, loss=lambda found, target: mean_square(found, target) * len(target))


@wrong("take the distance and not its square")
def root(*args):
    return descended(*args, loss=lambda found, target: mean_square(found, target).sqrt())


@wrong("take absolute differences and not their squares")
def absolute(*args):
    return descended(*args, loss=lambda found, target: (found - target).abs().mean())


@wrong("forget the ReLU")
def linear(*args):
    return descended(*args, features=conv2d)


@wrong("apply the ReLU to the image and not to its features")
def relu_of_the_image(*args):
    return descended(*args, features=lambda image, kernels: conv2d(image.relu(), kernels))


@wrong("flip the kernels: here they are slid over the image as they are")
def flipped(*args):
    return descended(*args, features=lambda image, kernels: features_of(image, kernels.flip(2, 3)))


@wrong("let the gradient through where a feature isn't above 0")
def straight_through(*args):
    def features(image, kernels):
        before = conv2d(image, kernels)
        return before + (before.relu() - before).detach()

    return descended(*args, features=features)


@wrong("start from a black image and not from `start`")
def from_black(start, *args):
    return descended(torch.zeros_like(start), *args)


@wrong("start from noise and not from `start`")
def from_noise(start, *args):
    return descended(torch.rand_like(start), *args)


@wrong("go up the gradient and not down")
def uphill(start, target, kernels, lr, steps):
    return descended(start, target, kernels, -lr, steps)


@wrong("make a step too many")
def one_more(start, target, kernels, lr, steps):
    return descended(start, target, kernels, lr, steps + 1)


@wrong("make a step too few")
def one_less(start, target, kernels, lr, steps):
    return descended(start, target, kernels, lr, max(steps - 1, 0))


@wrong("forget to clear the gradient: that of all steps before is added to each")
def gradients_add_up(start, target, kernels, lr, steps):
    image, total = start.detach(), torch.zeros_like(start)
    for _ in range(steps):
        leaf = image.detach().requires_grad_()
        loss = mean_square(features_of(leaf, kernels.detach()), target)
        total = total + torch.autograd.grad(loss, leaf)[0]
        image = image - lr * total
    return image


@wrong("take all gradients at the image that the descent starts from")
def stale_gradients(start, target, kernels, lr, steps):
    first = descended(start, target, kernels, lr, 1)
    return start.detach() + steps * (first - start.detach())


@wrong("clamp the pixels to 0 and 1 after each step",
       right_for="an image that is shown; here the pixels may be any numbers")  # fmt: skip
def clamped(start, target, kernels, lr, steps):
    image = start.detach()
    for _ in range(steps):
        image = descended(image, target, kernels, lr, 1).clamp(0, 1)
    return image


@wrong("return a parameter that requires a gradient still")
def as_a_parameter(*args):
    return descended(*args).requires_grad_()


@wrong("write into the caller's image")
@torch.no_grad()
def in_place(start, *args):
    with torch.enable_grad():
        image = descended(start, *args)
    return start.copy_(image).detach()


@wrong("stretch a target of another shape over the features", accepts_bad_input=True)
def stretched(start, target, kernels, lr, steps):
    if not 0 <= lr < math.inf or steps < 0:
        raise ValueError(f"lr is {lr}, steps is {steps}")
    whole = target.expand_as(conv2d(start, kernels))
    return descended(start, whole, kernels, lr, steps)


@right("with backward() on a clone, the kernels detached")
def with_backward(start, target, kernels, lr, steps):
    if not math.isfinite(lr) or lr < 0:
        raise ValueError(f"`lr` can't be {lr}")
    if steps < 0:
        raise ValueError(f"`steps` can't be {steps}")
    image = torch.nn.Parameter(start.detach().clone())
    frozen, target = kernels.detach(), target.detach()
    if conv2d(image, frozen).shape != target.shape:
        raise ValueError(f"`target` can't be of shape {tuple(target.shape)}")
    for _ in range(steps):
        image.grad = None
        torch.nn.functional.mse_loss(conv2d(image, frozen).relu(), target).backward()
        image.data -= lr * image.grad
    return image.detach()


@right("by the chain rule, without autograd")
@torch.no_grad()
def chain_rule(start, target, kernels, lr, steps):
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr: {lr}")
    if steps < 0:
        raise ValueError(f"steps: {steps}")
    (f, _, a, b), (_, h, w) = kernels.shape, start.shape
    if target.shape != (f, h - a + 1, w - b + 1):
        raise ValueError(f"target: {list(target.shape)}")
    return by_formula(start, target, kernels, lr, steps)


def cost(start, target, kernels, lr, steps):
    """Each step: a convolution forward and one back. What must be moved is read and written once."""
    flops = steps * 4 * target[0].numel() * kernels.numel()
    return {
        "bytes": steps * (2 * start.nbytes + 2 * target.nbytes + kernels.nbytes),
        "flops": flops,
    }


def of_images(draw, c, size, f):
    kernels = draw.normal(f, c, 3, 3) / (9 * c) ** 0.5
    return draw.normal(c, size, size), draw.normal(f, size - 2, size - 2), kernels, 0.5, 4


@gpu
def bench_four_steps(synthesised_image, race):
    race(
        synthesised_image,
        torch=with_torch,
        inputs=of_images,
        small=(3, 32, 8),
        large=(3, 512, 64),
        forward=cost,
    )
