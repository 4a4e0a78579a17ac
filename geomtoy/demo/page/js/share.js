// Ways to give the page to others: its address with the state, a QR code of it, a frame for other pages.

import { prepare } from "./canvas.js";
import { copyText } from "./python.js";
import { qrCode } from "./qr.js";

const PAUSE = 400; // ms after the last change of a control
const QUIET = 4; // modules of margin that a scanner needs

export function sharing(state) {
  const panel = document.querySelector("#share-panel");
  const [copy, code, frame, section] = ["#copy", "#code-canvas", "#copy-frame", "#frame-section"].map((id) => document.querySelector(id));
  for (const { id, firstElementChild: title } of document.querySelectorAll("main section")) {
    section.append(new Option(title.textContent, id));
  }
  copy.addEventListener("click", () => {
    state.store();
    copyText(location.href, copy, "Copy link to this state");
  });
  frame.addEventListener("click", () => copyText(frameOf(state, section.value), frame, "Copy the frame"));
  const draw = () => {
    if (!panel.open) return;
    state.store();
    drawCode(code, document.querySelector("#code-note"));
  };
  let timer = null;
  panel.addEventListener("toggle", draw);
  state.listen([...state.controls.keys()], () => {
    clearTimeout(timer);
    timer = setTimeout(draw, PAUSE);
  });
}

/** Draw the QR code of the page's address; a note says what it leads to. */
export function drawCode(canvas, note) {
  const rows = qrCode(location.href);
  canvas.hidden = rows === null;
  note.textContent = rows === null ? "The address is too long for a code." : noteFor(location);
  if (rows === null) return;
  const { context, width } = prepare(canvas);
  const size = width / (rows.length + 2 * QUIET);
  Object.assign(context, { fillStyle: "#fff" });
  context.fillRect(0, 0, width, width);
  context.fillStyle = "#000";
  rows.forEach((row, i) => row.forEach((dark, j) => {
    if (dark) context.fillRect((j + QUIET) * size, (i + QUIET) * size, size + 0.3, size + 0.3);
  }));
  canvas.setAttribute("aria-label", `QR code of ${location.href}`);
}

const noteFor = ({ protocol, href }) =>
  protocol === "file:" ? "The page is open from disk, so this code leads nowhere else; put the file on the web." : href;

/** HTML that shows one section in another page. */
function frameOf(state, section) {
  state.store();
  const address = new URL(location.href);
  address.search = `?embed=${section}`;
  return `<iframe src="${address.href.replaceAll("&", "&amp;")}" title="How many pieces?" width="1000" height="760" loading="lazy"></iframe>`;
}

/** With ?embed=partition the page is that section alone; returns a sentence if there is no such section. */
export function embedded() {
  const name = new URLSearchParams(location.search).get("embed");
  if (name === null) return null;
  const place = document.querySelector(`main section#${CSS.escape(name)}`);
  if (place === null) return `there is no section “${name}” to embed`;
  document.documentElement.classList.add("embedded");
  place.classList.add("on-stage");
  place.querySelector("h2").setAttribute("aria-level", "1");
  document.querySelector("#whole-page").hidden = false;
  const link = document.querySelector("#whole-page a");
  link.href = location.pathname + location.hash;
  link.addEventListener("click", () => (link.href = location.pathname + location.hash)); // the state as it is then
  return null;
}
