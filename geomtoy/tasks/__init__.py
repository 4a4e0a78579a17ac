"""Synthetic tasks of tokens: pure functions of a key, on device.

- `batch`: tokens, targets and weights: `Batch`, `Draw`
- `chains`: chains of pairs, for multi-step reasoning: `ChainTask`, `draw_chains`
- `recall`: noisy recall in context: `RecallTask`
- `functions`: few-shot recognition of functions: `Functions`
- `modular`: few-shot arithmetic with an unknown operation: `Modular`
- `shots`: few-shot prompts, and contexts in place of the examples: `CONTEXTS`, `Prompts`, `ShotTask`,
  `ask`, `draw_prompts`, `prompt_length`
"""

from geomtoy.extras import needs

with needs("train"):
    from geomtoy.tasks.batch import Batch, Draw
    from geomtoy.tasks.chains import ChainTask, draw_chains
    from geomtoy.tasks.functions import Functions
    from geomtoy.tasks.modular import Modular
    from geomtoy.tasks.recall import RecallTask
    from geomtoy.tasks.shots import CONTEXTS, Prompts, ShotTask, ask, draw_prompts, prompt_length

__all__ = [
    "CONTEXTS",
    "Batch",
    "ChainTask",
    "Draw",
    "Functions",
    "Modular",
    "Prompts",
    "RecallTask",
    "ShotTask",
    "ask",
    "draw_chains",
    "draw_prompts",
    "prompt_length",
]
