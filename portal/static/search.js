// Results as one types: the box in the header drives the form; keys walk through what was found.

const box = document.getElementById("header-search");
const form = document.getElementById("search-form");
const PAUSE = 200;
let timer;

function refine() {
  form.elements.q.value = box.value;
  form.dispatchEvent(new CustomEvent("refine", { bubbles: true }));
}

if (box && form) {
  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(refine, PAUSE); // pinyin is not a query yet
  });
  box.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(refine, PAUSE);
  });
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    refine();
  });
  if (!box.value) box.focus();
}

// The address bar holds the query and nothing that is empty.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== form) return;
  for (const [name, value] of Object.entries(event.detail.parameters)) if (!value) delete event.detail.parameters[name];
});

const STEPS = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 };
const links = () => [...document.querySelectorAll("#results .hit-title")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const all = links();
  const here = all.indexOf(document.activeElement);
  if (event.key === "Escape" && here >= 0) return box.focus();
  const step = STEPS[event.key];
  if (!step) return;
  const isLetter = event.key.length === 1;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (isTyping && (isLetter || event.target !== box)) return;
  // Arrows scroll the page until the focus is in the box or among the results; letters begin anywhere.
  if (!isLetter && here < 0 && document.activeElement !== box) return;
  event.preventDefault();
  const next = here + step;
  if (next < 0) box.focus();
  else all[Math.min(next, all.length - 1)]?.focus();
});
