"""What is measured on a trained model of tokens: plain arrays in, numbers out.

- `matching`: matching matrices and scores: `functional_matching`, `matching_kernel`,
  `matching_matrix`, `matching_score`, `weight_products`
- `flow`: who attends to whom along a chain: `chain_roles`, `main_path`, `mates`, `pair_positions`
- `propagation`: how far information can travel in so many layers: `best_order`, `enumerate_reaches`,
  `reach`, `reaches`
- `masses`: attention by role: `attention_mass`, `recall_roles`, `share_of_positions`
- `margins`: logits and probabilities of a part alone: `attention_logits`, `log_probability_of`,
  `margin`, `mlp_logits`, `one_step_margins`, `probability_of`
- `truncation`: low rank: `factors`, `soft_rank`, `truncate`, `truncate_named`, `truncate_relative`
- `binned_accuracy`: share of correct answers by bins: `integer_bins`
- `partial_correlation`: correlations with correctness: `controlled`, `correlation_given_shots`,
  `pooled_correlation`
- `bootstrap`: intervals by drawing again: `bootstrap_interval`, `hierarchical_interval`
"""

from geomtoy.instruments.binned_accuracy import integer_bins
from geomtoy.instruments.bootstrap import bootstrap_interval, hierarchical_interval
from geomtoy.instruments.flow import chain_roles, main_path, mates, pair_positions
from geomtoy.instruments.margins import (
    attention_logits,
    log_probability_of,
    margin,
    mlp_logits,
    one_step_margins,
    probability_of,
)
from geomtoy.instruments.masses import attention_mass, recall_roles, share_of_positions
from geomtoy.instruments.matching import (
    functional_matching,
    matching_kernel,
    matching_matrix,
    matching_score,
    weight_products,
)
from geomtoy.instruments.partial_correlation import (
    controlled,
    correlation_given_shots,
    pooled_correlation,
)
from geomtoy.instruments.propagation import best_order, enumerate_reaches, reach, reaches
from geomtoy.instruments.truncation import (
    factors,
    soft_rank,
    truncate,
    truncate_named,
    truncate_relative,
)

__all__ = [
    "attention_logits",
    "attention_mass",
    "best_order",
    "bootstrap_interval",
    "chain_roles",
    "controlled",
    "correlation_given_shots",
    "enumerate_reaches",
    "factors",
    "functional_matching",
    "hierarchical_interval",
    "integer_bins",
    "log_probability_of",
    "main_path",
    "margin",
    "matching_kernel",
    "matching_matrix",
    "matching_score",
    "mates",
    "mlp_logits",
    "one_step_margins",
    "pair_positions",
    "pooled_correlation",
    "probability_of",
    "reach",
    "reaches",
    "recall_roles",
    "share_of_positions",
    "soft_rank",
    "truncate",
    "truncate_named",
    "truncate_relative",
    "weight_products",
]
