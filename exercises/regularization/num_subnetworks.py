"""Regularization: how many networks dropout trains."""


def num_subnetworks(layer_sizes: list[int], drop_input: bool, drop_hidden: bool) -> int:
    """The number of sub-networks that dropout can draw from a fully connected network.

    `layer_sizes` are the units of each layer, from the inputs to the outputs. `drop_input` and
    `drop_hidden` say whether each input, and whether each hidden unit, may be lost. Two
    sub-networks differ if the units that they keep differ; such that lead nowhere, because a
    layer has lost all its units, count too. The number is exact, however large.

    Raises:
        ValueError: naming `layer_sizes` and its value, if there are fewer than two layers, or a
            layer has less than one unit.

    Notes: model evaluation notes, dropout.

    >>> num_subnetworks([3, 1], drop_input=True, drop_hidden=True)
    8
    """
    raise NotImplementedError
