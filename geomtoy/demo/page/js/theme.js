// The page's colours as the canvases need them: read from the style sheet, light or dark, on paper light.

const query = matchMedia("screen and (prefers-color-scheme: dark)");
const paper = matchMedia("print");
const names = ["ink", "muted", "rule", "paper", "card", "accent", "warm", "layer1", "layer2", "layer3", "layer4"];

export function theme() {
  const style = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...colours, dark: query.matches, font: style.getPropertyValue("--sans") };
}

export function onThemeChange(redraw) {
  for (const one of [query, paper]) one.addEventListener("change", redraw);
}

/** Colour of borders that units of a layer make; layers count from 1, 0 is the window. */
export function layerColour(colours, layer) {
  return layer === 0 ? colours.ink : colours[`layer${1 + ((layer - 1) % 4)}`];
}
