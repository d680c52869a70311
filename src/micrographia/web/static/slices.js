// Steps through the sections of an image: slider, wheel, arrow keys; neighbours are fetched before they are asked for.
"use strict";
const viewer = document.querySelector('[data-viewer="slices"]');
const about = JSON.parse(viewer.dataset.descriptor);
const form = viewer.querySelector("form");
const svg = viewer.querySelector("svg");
const picture = svg.querySelector("image");
const output = form.querySelector("output");
const fields = form.elements;
const kept = new Map();
const MOST_KEPT = 48;
let wanted = "";
let direction = 1;

const value = (name) => fields[name] ? fields[name].value : undefined;
const plane = () => about.planes[value("axis") ?? about.axis];

function address(index, extra = {}) {
  const query = new URLSearchParams({ axis: value("axis") ?? about.axis, index, format: about.format, ...extra });
  if (about.max_size && !("max_size" in extra) && query.get("format") === about.format) query.set("max_size", about.max_size);
  for (const name of about.others) query.set(name, value(name));
  if (touched) { query.set("min", value("min")); query.set("max", value("max")); }
  return `${about.slice}?${query}`;
}

let touched = about.touched;

function fetched(url) {
  let image = kept.get(url);
  if (image) kept.delete(url);
  else {
    image = new Image();
    image.src = url;
  }
  kept.set(url, image);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return image.decode().then(() => url);
}

function show() {
  const index = Number(value("index") ?? 0);
  if (output) output.textContent = `${index + 1} of ${plane().count}`;
  const url = address(index);
  wanted = url;
  viewer.dataset.state = "loading";
  fetched(url).then(() => {
    if (wanted !== url) return;
    picture.setAttribute("href", url);
    viewer.dataset.state = "ready";
    for (const near of [index + direction, index + 2 * direction, index - direction])
      if (near >= 0 && near < plane().count) fetched(address(near)).catch(() => {});
  }).catch(() => {
    if (wanted !== url) return;
    viewer.dataset.state = "failed";
    viewer.querySelector(".hint").textContent = "This section could not be loaded. The file can still be downloaded.";
  });
  const search = new URLSearchParams(new FormData(form));
  if (!touched) { search.delete("min"); search.delete("max"); }
  history.replaceState(null, "", `?${search}${location.hash}`);
  for (const link of document.querySelectorAll("[data-export]")) link.href = address(index, { format: link.dataset.export });
}

function step(by) {
  const slider = fields.index;
  if (!slider) return;
  const next = Math.min(Math.max(Number(slider.value) + by, 0), plane().count - 1);
  if (next === Number(slider.value)) return;
  direction = Math.sign(by);
  slider.value = next;
  show();
}

function turn() {
  const now = plane();
  svg.setAttribute("viewBox", `0 0 ${now.width} ${now.height}`);
  picture.setAttribute("width", now.width);
  picture.setAttribute("height", now.height);
  const bar = svg.querySelector("[data-bar]");
  if (bar) {
    bar.toggleAttribute("hidden", !now.bar);
    bar.style.display = now.bar ? "" : "none";
    if (now.bar) {
      const [line, text] = bar.children;
      for (const [name, v] of [["x", now.bar.x], ["y", now.bar.y], ["width", now.bar.width], ["height", now.bar.thickness]]) line.setAttribute(name, v);
      for (const [name, v] of [["x", now.bar.x], ["y", now.bar.text_y], ["font-size", now.bar.font]]) text.setAttribute(name, v);
      text.textContent = now.bar.words;
    }
  }
  fields.index.max = now.count - 1;
  fields.index.value = Math.floor(now.count / 2);
  show();
}

form.querySelector("button").hidden = true;
form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
form.addEventListener("input", (event) => {
  if (event.target.name === "axis") return turn();
  if (event.target.name === "min" || event.target.name === "max") {
    if (event.target.value === "" || !event.target.checkValidity()) return;
    touched = true;
  }
  show();
});
let wheeled = 0;
viewer.querySelector(".stage").addEventListener("wheel", (event) => {
  if (event.ctrlKey || !fields.index) return;
  event.preventDefault();
  wheeled += event.deltaY;
  if (Math.abs(wheeled) < 20) return;
  step(Math.sign(wheeled));
  wheeled = 0;
}, { passive: false });
let dragged = null;
const stage = viewer.querySelector(".stage");
stage.addEventListener("touchstart", (event) => { dragged = event.touches.length === 1 ? event.touches[0].clientX : null; }, { passive: true });
stage.addEventListener("touchmove", (event) => {
  if (dragged === null) return;
  const moved = Math.trunc((event.touches[0].clientX - dragged) / 8);
  if (moved) { dragged = event.touches[0].clientX; step(moved); }
}, { passive: true });
addEventListener("keydown", (event) => {
  if (viewer.closest("details:not([open])") || event.target.closest?.("[data-viewer]:not([data-viewer=slices])")) return;
  if (event.target.closest?.("input[type=number], input[type=search], select, textarea") || event.metaKey || event.ctrlKey || event.altKey) return;
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 }[event.key];
  if (by === undefined || (event.target.type === "range" && event.key.startsWith("Arrow"))) return;
  if (!event.target.closest?.(".viewer") && event.key.match(/Up|Down/)) return;
  event.preventDefault();
  step(by);
});
viewer.dataset.state = "loading";
const first = new Image();
first.src = picture.getAttribute("href");
first.decode().then(() => { viewer.dataset.state = "ready"; }, () => { viewer.dataset.state = "failed"; });
