"""Training in JAX: compiled loops over steps, many seeds at once, the same bits for the same config.

- `targets`: functions to learn: `Target`, `TARGETS`, `target`
- `regression`: models fitted to points, all seeds at once: `Fit`, `fit`
- `trainer`: how: `FitConfig`
- `callback`: what looks at models on the way: `Callback`, such as `geomtoy.RegionCallback`;
  `block_callback`: of blocks, on a plane: `BlockRegionCallback`
- `blocks`: one-block transformers fitted to a function of time: `BlockFit`, `BlockFitConfig`,
  `fit_block`, `fit_block_arrays`
- `tokens`: models of tokens, on batches drawn on device: `TokenFit`, `TokenFitConfig`, `accuracy`,
  `cross_entropy`, `fit_tokens`
- `streams`: random streams found by name: `stream`
"""

from geomtoy.extras import needs

with needs("train"):
    from geomtoy.training.block_callback import BlockRegionCallback
    from geomtoy.training.blocks import BlockFit, BlockFitConfig, fit_block, fit_block_arrays
    from geomtoy.training.callback import Callback
    from geomtoy.training.regression import Fit, fit
    from geomtoy.training.streams import stream
    from geomtoy.training.targets import TARGETS, Target, target
    from geomtoy.training.tokens import TokenFit, TokenFitConfig, accuracy, cross_entropy, fit_tokens
    from geomtoy.training.trainer import FitConfig
    from geomtoy.watching import RegionCallback

__all__ = [
    "TARGETS",
    "BlockFit",
    "BlockFitConfig",
    "BlockRegionCallback",
    "Callback",
    "Fit",
    "FitConfig",
    "RegionCallback",
    "Target",
    "TokenFit",
    "TokenFitConfig",
    "accuracy",
    "cross_entropy",
    "fit",
    "fit_block",
    "fit_block_arrays",
    "fit_tokens",
    "stream",
    "target",
]
