"""Which MLPs a view of soft attention can read: anything else is refused by name, never miscounted."""

from __future__ import annotations

from geomtoy.activations import RELU
from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import NetworkError
from geomtoy.network import Network


def needs_one_relu_layer(mlp: Network) -> None:
    """Refuse an MLP whose units do not switch exactly where a first-layer preactivation is zero.

    Raises:
        NetworkError: it has not one hidden layer, or units that are not ReLU, or that decide maxima.
    """
    if len(mlp.widths) != 1:
        raise NetworkError(
            f"the block's MLP has {len(mlp.widths)} hidden layers; this view reads one of ReLU units"
        )
    _needs_relu(mlp)


def needs_relu_layers(mlp: Network, most: int) -> None:
    """Refuse an MLP of more hidden layers than that, or with other units than ReLU.

    Raises:
        NetworkError: it is one.
    """
    if not 1 <= len(mlp.widths) <= most:
        raise NetworkError(
            f"the block's MLP has {len(mlp.widths)} hidden layers; "
            f"regions on a plane are counted for 1 to {most} of ReLU units"
        )
    _needs_relu(mlp)


def needs_plain_attention(block: BlockArrays) -> None:
    """Refuse a norm before attention, which a view would not see.

    Raises:
        NetworkError: there is one.
    """
    if block.attention_norm:
        raise NetworkError(
            "the block has a norm before attention, which this view does not read; "
            "use count_regions_on_plane"
        )


def _needs_relu(mlp: Network) -> None:
    for layer in range(1, len(mlp.layers)):
        other = next((act.name for act in mlp.units(layer) if act != RELU), None)
        if other is not None:
            raise NetworkError(f"the block's MLP has units with {other}; this view reads ReLU only")
    if mlp.maxima:
        raise NetworkError("the block's MLP takes maxima; this view reads plain ReLU units only")
