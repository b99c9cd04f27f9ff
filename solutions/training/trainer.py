"""Training: the three calls of a step, and what is kept between them."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class Trainer:
    """Softmax regression and its optimizer, with torch's three calls of a training step.

        loss  = mean over the rows of -log softmax(weight features_i)[labels_i]
        step: weight' = weight - lr * (grad + weight_decay * weight)

    The gradient is kept between the calls, and is None at first. No result hangs on a graph, and the
    tensor that was handed in is never changed.

    Not allowed: torch.optim.

    Notes: PyTorch basics, optimization; PyTorch study, model selection.

    >>> trainer = Trainer(torch.zeros(2, 1), lr=2.0)
    >>> trainer.backward(torch.tensor([[4.0], [2.0]]), torch.tensor([1, 0]))
    tensor(0.6931)
    >>> trainer.step()
    tensor([[-1.],
            [ 1.]])
    """

    def __init__(self, weight: Float[Tensor, "k d"], lr: float, weight_decay: float = 0.0) -> None:
        """Start from a copy of `weight`, without a gradient.

        Raises:
            ValueError: naming `lr` or `weight_decay` and its value, if it is negative or nan.
        """
        for name, value in (("lr", lr), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise ValueError(f"{name} is {value}, but must not be negative")
        self.lr, self.weight_decay, self.grad = lr, weight_decay, None
        self.weight = weight.detach().clone()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradient: it is None from now on, or zeros if not `set_to_none`.

        A gradient of None stays None.
        """
        if self.grad is not None:
            self.grad = None if set_to_none else torch.zeros_like(self.grad)

    def backward(
        self, features: Float[Tensor, "n d"], labels: Int64[Tensor, " n"]
    ) -> Float[Tensor, ""]:
        """The loss of these rows at the present weight; its gradient is added to the one kept."""
        leaf = self.weight.clone().requires_grad_()
        loss = torch.nn.functional.cross_entropy(features @ leaf.mT, labels)
        (grad,) = torch.autograd.grad(loss, leaf)
        # Added, not put in its place: parts of a batch add up until somebody clears them.
        self.grad = grad if self.grad is None else self.grad + grad
        return loss.detach()

    def step(self) -> Float[Tensor, "k d"]:
        """The weight after a step along the gradient that is kept, and stays kept.

        Without a gradient (None) nothing is done, and nothing decays.
        """
        if self.grad is not None:
            self.weight = self.weight - self.lr * (self.grad + self.weight_decay * self.weight)
        return self.weight
