"""Training: which entries of a network's state a training step changes."""


def changed_by_step(layers: list[tuple[str, bool, bool]], updates: bool = True) -> list[str]:
    """The names of the parameters and buffers that change, in the order of model.state_dict().

    The model is a nn.Sequential of `layers`, each (kind, frozen, training):

    - kind: "linear" (nn.Linear with bias=False), "batch_norm" (nn.BatchNorm1d), "layer_norm"
      (nn.LayerNorm), "dropout" (nn.Dropout) or "relu", as torch makes them;
    - frozen: whether requires_grad is False for all its parameters;
    - training: its mode, True after layer.train() and False after layer.eval().

    Entry "2.weight" is the weight of the layer at index 2. A batch goes forward once. With
    `updates`, loss.backward() and a step of SGD over the trained parameters follow, with a rate
    above 0 and no weight decay; without, nothing does, as in a validation under torch.no_grad(). No
    gradient is 0 by chance, and no statistic stays what it was.

    Raises:
        ValueError: naming the first layer of another kind as `layers[i]`, i counted from 0, and its
            kind.

    Notes: interview notes, fine-tuning, model.train() and model.eval().

    >>> changed_by_step([("linear", True, True), ("relu", False, True), ("linear", False, True)])
    ['2.weight']
    """
    both = ["weight", "bias"]
    parameters = {"linear": both[:1], "batch_norm": both, "layer_norm": both}
    parameters |= {"dropout": [], "relu": []}
    changed = []
    for i, (kind, frozen, training) in enumerate(layers):
        if kind not in parameters:
            raise ValueError(f"layers[{i}] is of the kind {kind!r}")
        if updates and not frozen:
            changed += [f"{i}.{name}" for name in parameters[kind]]
        # Buffers move in the forward pass: it is the mode that decides, and no gradient.
        if kind == "batch_norm" and training:
            changed += [f"{i}.{n}" for n in ("running_mean", "running_var", "num_batches_tracked")]
    return changed
