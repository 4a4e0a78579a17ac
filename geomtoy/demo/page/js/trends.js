// What a table of counts says about "more make more": rank correlations, worked out from the table that is shown.

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values) {
  const below = (v) => values.filter((w) => w < v).length;
  const alike = (v) => values.filter((w) => w === v).length;
  return values.map((v) => below(v) + (alike(v) + 1) / 2);
}

/** Spearman's rank correlation of values with their places; 0 where all values are alike. */
export function rankCorrelation(values) {
  const middle = (values.length + 1) / 2;
  const centred = ranks(values).map((rank) => rank - middle);
  const product = centred.reduce((sum, r, k) => sum + r * (k + 1 - middle), 0);
  const squares = centred.reduce((sum, r) => sum + r * r, 0);
  const places = (values.length * (values.length ** 2 - 1)) / 12;
  return squares === 0 ? 0 : product / Math.sqrt(squares * places);
}

/** Two sentences on a table: counts against heads in its columns, against context in its rows. */
export function trendSentences({ heads, contexts }, count) {
  const columns = contexts.map((C) => rankCorrelation(heads.map((H) => count(H, C))));
  const rows = heads.map((H) => rankCorrelation(contexts.map((C) => count(H, C))));
  return `${sentence("More heads", columns, "columns", contexts)} ${sentence("Longer context", rows, "rows", heads)}`;
}

function sentence(more, correlations, lines, names) {
  const up = correlations.filter((r) => r > 0).length;
  const listed = correlations.map((r, k) => `${signed(r)} (${names[k]})`).join(", ");
  return `${more}, more regions by rank in ${up} of ${correlations.length} ${lines}; correlations ${listed}.`;
}

const signed = (r) => r.toFixed(2).replace("-", "−");
