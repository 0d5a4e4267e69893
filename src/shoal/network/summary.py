"""A table of a network's layers, shapes and parameter counts."""

from __future__ import annotations

from math import prod

from shoal.network.network import Network


def parameter_count(network: Network) -> int:
    """The number of trained parameters."""
    return sum(trained for *_, trained, _ in _rows(network))


def summarize(network: Network) -> str:
    """A table that reads like Keras's `model.summary()`, with the same counts.

    A batch norm layer counts its running mean and variance too; they are the non-trainable parameters.
    """
    rows = _rows(network)
    table = [("Layer (type)", "Output shape", "Param #")]
    table += [(label, shape, f"{trained + carried:,}") for label, shape, trained, carried in rows]
    first, second, third = (max(len(row[i]) for row in table) for i in range(3))
    lines = [f"{label:<{first}}   {shape:<{second}}   {count:>{third}}" for label, shape, count in table]
    trained, carried = sum(row[2] for row in rows), sum(row[3] for row in rows)
    rule = "-" * len(lines[0])
    totals = (
        f"Total params: {trained + carried:,}",
        f"Trainable params: {trained:,}",
        f"Non-trainable params: {carried:,}",
        f"Loss: {network.loss.kind}",
    )
    return "\n".join([lines[0], rule, *lines[1:], rule, *totals])


def _rows(network: Network) -> list[tuple[str, str, int, int]]:
    """(label, output shape, trained numbers, carried numbers) of the input and of each layer."""
    rows = [("input", _show(network.shapes[0]), 0, 0)]
    for (name, layer, shape), out in zip(network.named_layers, network.shapes[1:], strict=True):
        trained = sum(prod(s) for s in layer.parameter_shapes(shape).values())
        carried = sum(prod(s) for s in layer.state_shapes(shape).values())
        rows.append((f"{name} ({type(layer).__name__})", _show(out), trained, carried))
    return rows


def _show(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"
