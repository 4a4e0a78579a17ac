"""Models stored in half precision compute in float32, a module's weights at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

HALF = (torch.float16, torch.bfloat16)


def compute_in_float32(network: nn.Module) -> None:
    """Have each module's own weights in float32 while it runs, and as they are stored before and after.

    What is stored stays mapped from its file, so that of a large model no second copy is ever whole.
    Half precision is widened exactly.
    """
    for module in network.modules():
        halves = [p for p in module.parameters(recurse=False) if p.dtype in HALF]
        if halves:
            _Widened(halves).attach(module)


class _Widened:
    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters, self._stored = parameters, [p.data for p in parameters]

    def attach(self, module: nn.Module) -> None:
        module.register_forward_pre_hook(self._widen)
        module.register_forward_hook(self._restore, always_call=True)

    def _widen(self, *_: Any) -> None:
        self._stored = [p.data for p in self._parameters]  # now, since they may be truncated
        for p in self._parameters:
            p.data = p.data.float()

    def _restore(self, *_: Any) -> None:
        for p, stored in zip(self._parameters, self._stored, strict=True):
            p.data = stored
