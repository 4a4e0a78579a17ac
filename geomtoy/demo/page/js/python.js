// "The same in Python" beside a picture: lines that run where geomtoy is installed.

/**
 * @param place element that the lines are put into, folded.
 * @param lines () => the lines of the program, as the page is now.
 */
export function pythonBeside(place, lines) {
  const [details, summary, pre, button] = ["details", "summary", "pre", "button"].map((tag) => document.createElement(tag));
  const program = () => lines().join("\n");
  details.className = "python";
  summary.textContent = "The same in Python";
  Object.assign(button, { type: "button", textContent: "Copy" });
  pre.tabIndex = 0; // long lines scroll, also by keyboard
  pre.setAttribute("aria-label", "Python program");
  pre.setAttribute("role", "group");
  details.append(summary, pre, button);
  summary.addEventListener("click", () => (pre.textContent = program()));
  button.addEventListener("click", () => copyText(program(), button, "Copy"));
  place.append(details);
  return { refresh: () => details.open && (pre.textContent = program()) };
}

/** Put text on the clipboard and say so on the button for a while. */
export async function copyText(text, button, label) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy by hand"; // not every browser allows it from a file
  }
  setTimeout(() => (button.textContent = label), 2500);
}

/** A network as a Python expression; floats are written so that they are read back as they are. */
export function networkLiteral({ layers }) {
  const row = (values) => `[${[...values].map(literal).join(", ")}]`;
  const parts = layers.map(({ n, m, W, b }) => {
    const rows = Array.from({ length: n }, (_, u) => row(W.subarray(u * m, (u + 1) * m)));
    return `    ([${rows.join(", ")}], ${row(b)}),`;
  });
  return `geomtoy.Network([\n${parts.join("\n")}\n])`;
}

const literal = (value) => String(value);

/** What counts a downloaded network; the window is one of Python, where it is not the file's own. */
export const countFile = (name, window = "stored.window") => [
  `# ${name}: the button "Download ${name}"`,
  "import geomtoy",
  "",
  `stored = geomtoy.load("${name}")`,
  `print(geomtoy.count_regions(stored.network${window ? `, window=${window}` : ""}))`,
];
