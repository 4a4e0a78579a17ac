// Starts the page: data, state from the address, sections.

import { AttentionSection } from "./attention.js";
import { FirstMinute } from "./first_minute.js";
import { FitSection } from "./fit.js";
import { HeadsSection } from "./heads.js";
import { drawHero } from "./hero.js";
import { offerSeeds, overSeeds } from "./over_seeds.js";
import { OwnSection } from "./own.js";
import { PartitionSection } from "./partition.js";
import { predictSection } from "./predict.js";
import { countFile, pythonBeside } from "./python.js";
import { SampledSection } from "./sampled.js";
import { embedded, sharing } from "./share.js";
import { Stage } from "./stage.js";
import { PageState } from "./state.js";
import { onThemeChange } from "./theme.js";
import { WorkshopSection } from "./workshop.js";

const data = JSON.parse(document.querySelector("#data").textContent);
offerSeeds(data);
const state = new PageState(document);
const partition = new PartitionSection(state);
const workshop = new WorkshopSection(state);
const playing = [new FirstMinute(state), partition, workshop, new SampledSection(state, workshop)];
const sections = [...playing, new FitSection(state, data), new AttentionSection(state, data), new HeadsSection(state, data)];
overSeeds(state, data);
new OwnSection(state);
for (const name of ["small", "sampled"]) {
  pythonBeside(document.querySelector(`#${name}-python`), () => countFile(`${name}.npz`, null));
}
predictSection(document.querySelector("#exercises"), data);

const heroCanvas = document.querySelector("#hero");
const hero = drawHero(heroCanvas, document.querySelector("#hero-caption"));
new ResizeObserver(hero).observe(heroCanvas);

onThemeChange(() => {
  hero();
  for (const section of sections) section.frame(); // at once: paper does not wait for the next frame
});

const missing = embedded();
new Stage(state, (hash) => state.restore(hash));

function restore() {
  const problems = [...state.restore(location.hash), missing].filter(Boolean);
  const notice = document.querySelector("#notice");
  notice.hidden = problems.length === 0;
  notice.querySelector("span").textContent = `In the address: ${problems.join("; ")}.`;
  if (state.section) jump(state.section);
}

/** Show a section and give its heading the focus, so that the Tab key goes on from there. */
function jump(section) {
  const place = document.getElementById(section);
  place.scrollIntoView();
  place.querySelector("h2").focus({ preventScroll: true });
}

restore();
addEventListener("hashchange", restore);
document.querySelector("#notice button").addEventListener("click", () => {
  document.querySelector("#notice").hidden = true;
});

sharing(state);

for (const link of document.querySelectorAll("[data-jump]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the part after # keeps the state of the sliders
    state.section = link.getAttribute("href").slice(1);
    jump(state.section);
    state.store();
  });
}
