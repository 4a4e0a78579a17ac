// Counts over several seeds: means and spreads worked out here from what was published, with its verdicts.

const DIGITS = 2;
const CLAIMS = [["/figures/demo.html", "../docs/claims.md"], ["/demo.html", "claims.html"]]; // a clone, the site

/** The choices of the published tables; they have to be there before the page's state reads its controls. */
export function offerSeeds({ seeds }) {
  document.querySelector("#published").append(...seeds.map(({ title }, k) => new Option(title, k)));
}

export function overSeeds(state, { seeds }) {
  const claims = CLAIMS.find(([page]) => location.pathname.endsWith(page));
  if (claims) document.querySelector("#claims-link").href = claims[1]; // elsewhere it stays a name
  state.listen(["published"], () => show(seeds[state.number("published")]));
}

/** Mean and standard deviation (of a sample) of the counts that are there. */
export function summary(counts) {
  const known = counts.filter((count) => count !== null);
  const mean = known.reduce((sum, count) => sum + count, 0) / known.length;
  const squares = known.reduce((sum, count) => sum + (count - mean) ** 2, 0);
  return { n: known.length, mean, deviation: Math.sqrt(squares / (known.length - 1)) };
}

function show(table) {
  const body = document.querySelector("#seeds-table");
  const cells = table.counts.map((row) => row.map(summary));
  const n = Math.min(...cells.flat().map((cell) => cell.n));
  const largest = Math.max(...cells.flat().map((cell) => cell.mean));
  const caption = document.createElement("caption");
  caption.textContent = `Regions, ${table.title}: mean ± standard deviation over ${n} seeds (${table.figure})`;
  const head = row(["heads \\ context", ...table.contexts].map((text) => header(text, "col")));
  const rows = cells.map((line, i) => row([header(table.heads[i], "row"), ...line.map((cell) => data(cell, largest))]));
  body.replaceChildren(caption, head, ...rows);
  document.querySelector("#seeds-verdicts").replaceChildren(...verdicts(table).map(item));
}

function header(text, scope) {
  const th = document.createElement("th");
  th.scope = scope;
  th.textContent = text;
  return th;
}

function data({ mean, deviation }, largest) {
  const td = document.createElement("td");
  td.className = "spread";
  td.textContent = `${mean.toFixed(0)} ± ${deviation.toFixed(0)}`;
  td.style.setProperty("--shade", `${Math.round((60 * mean) / largest)}%`);
  return td;
}

function row(cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

/** What was judged of these counts, in sentences. */
function verdicts(table) {
  if (!table.verdicts.length) return [{ outcome: "", text: "These counts are published, but no verdict is on them." }];
  return table.verdicts.map(({ claim, outcome, seeds, mean, interval }) => ({
    outcome,
    text: `${claim}. Doubling multiplies counts by 2 to the power ${signed(mean)}, 95 % interval of the mean ` +
      `[${interval.map(signed).join(", ")}], ${seeds} seeds.`,
  }));
}

const signed = (value) => value.toFixed(DIGITS).replace("-", "−");

function item({ outcome, text }) {
  const li = document.createElement("li");
  if (outcome) {
    const strong = document.createElement("strong");
    strong.textContent = `${outcome[0].toUpperCase()}${outcome.slice(1)}: `;
    li.append(strong);
  }
  li.append(text);
  return li;
}
