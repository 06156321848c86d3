// The place where a field was read is marked on the page in the viewer while one looks at the field.

function prepareMarks(section) {
  const reading = document.getElementById(section.dataset.marks);
  if (!reading) return;
  const mark = document.createElement("span");
  mark.className = "mark";
  mark.hidden = true;

  // The page as it is shown: drawn by the viewer, else as a picture.
  const sheet = (number) =>
    [...reading.querySelectorAll(`[data-number="${number}"]`)].find((one) => one.offsetParent);

  const show = (field) => {
    const [page, left, top, right, bottom] = field.dataset.place.split(" ").map(Number);
    const on = sheet(page);
    if (!on) return;
    mark.style.left = `${left * 100}%`;
    mark.style.top = `${top * 100}%`;
    mark.style.width = `${(right - left) * 100}%`;
    mark.style.height = `${(bottom - top) * 100}%`;
    on.append(mark);
    mark.hidden = false;
    bringIntoView(on.closest(".viewer-pages, .page-pictures"));
  };

  // Only the viewer is scrolled, never the page.
  const bringIntoView = (box) => {
    const [seen, at] = [box.getBoundingClientRect(), mark.getBoundingClientRect()];
    if (at.top < seen.top || at.bottom > seen.bottom) box.scrollTop += at.top - seen.top - box.clientHeight / 3;
    if (at.left < seen.left || at.right > seen.right) box.scrollLeft += at.left - seen.left - 20;
  };

  for (const field of section.querySelectorAll("[data-place]")) {
    for (const name of ["mouseenter", "focusin"]) field.addEventListener(name, () => show(field));
    field.addEventListener("mouseleave", () => {
      if (!field.contains(document.activeElement)) mark.hidden = true;
    });
    field.addEventListener("focusout", () => {
      mark.hidden = true;
    });
  }
}

// A corrected field is sent by Enter; Escape takes the typing back.
function prepareField(input) {
  const form = input.form;
  const changed = () => {
    form.classList.toggle("changed", input.value !== input.defaultValue);
    if (CSS.supports("field-sizing", "content")) return;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 2}px`;
  };
  input.addEventListener("input", changed);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (input.value !== input.defaultValue) form.requestSubmit();
    }
    if (event.key !== "Escape") return;
    input.value = input.defaultValue;
    changed();
  });
  changed();
}

const YUAN = { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" };

// How many invoices of the folder are ticked, and what they come to.
function prepareSum(told) {
  const boxes = [...told.closest("form").querySelectorAll("input[name=documents]")];
  const tell = () => {
    const ticked = boxes.filter((box) => box.checked);
    const cents = ticked.reduce((sum, box) => sum + Math.round(Number(box.dataset.total ?? 0) * 100), 0);
    const total = (cents / 100).toLocaleString(document.documentElement.lang, YUAN);
    told.textContent = ticked.length
      ? told.dataset.chosen.replace("{count}", ticked.length).replace("{total}", total)
      : "";
  };
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}

// Once for each element, also of a page that arrives after it was read.
function prepareAll() {
  const prepared = { "[data-marks]": prepareMarks, ".field-form .field-value": prepareField, "[data-chosen]": prepareSum };
  for (const [selector, prepare] of Object.entries(prepared)) {
    for (const element of document.querySelectorAll(selector)) {
      if (element.dataset.prepared) continue;
      element.dataset.prepared = "yes";
      prepare(element);
    }
  }
}

document.documentElement.classList.add("js");
prepareAll();
document.addEventListener("htmx:load", prepareAll);
