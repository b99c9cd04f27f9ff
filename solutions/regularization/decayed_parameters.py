"""Regularization: which parameters of a network decay."""

from torch import nn

NORMS = (
    nn.modules.batchnorm._NormBase,  # batch and instance normalization, in all dimensions
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


def decayed_parameters(model: nn.Module) -> tuple[list[str], list[str]]:
    """The names of the parameters that decay, and of those that don't, as is usual.

    Two kinds don't: those of batch, instance, layer, group and RMS normalization, and biases, which
    are those with "bias" in the last part of their name (as in "rnn.bias_ih_l0"). All others do.
    Names and order are those of `model.named_parameters()`: a parameter that two layers share
    comes once, under its first name. Frozen ones (requires_grad is False) are in neither list.

    Notes: PyTorch basics, weight decay; interview questions, why biases aren't penalised.

    >>> decayed_parameters(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)))
    (['0.weight'], ['0.bias', '1.weight', '1.bias'])
    """
    # The number of dimensions won't do: a PReLU's slopes decay, a LayerNorm of images doesn't.
    norms = {name for name, module in model.named_modules() if isinstance(module, NORMS)}
    decayed, kept = [], []
    for name, parameter in model.named_parameters():
        owner, _, last = name.rpartition(".")
        if parameter.requires_grad:
            (kept if owner in norms or "bias" in last else decayed).append(name)
    return decayed, kept
