// What every page needs: menus, the search key, copying, forms that are sent once, the PIN pad.
// Everything here adds to pages that work without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const csrfToken = () => $('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrfToken();
});
document.addEventListener("htmx:sendError", () => showAlert(document.body.dataset.connectionLost, "danger"));

function showAlert(message, tone) {
  const box = $("#alerts");
  if (!box || !message) return;
  const alert = document.createElement("div");
  alert.className = `alert alert-${tone}`;
  alert.textContent = message;
  box.replaceChildren(alert);
}

// A page that renews itself waits for whoever is on the way to another one, which would be called off,
// and for whoever has begun to write. A download looks like leaving, so that counts for some seconds only.
const LEAVING = 15000;
let left = -LEAVING;
window.addEventListener("beforeunload", () => (left = performance.now()));
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Refresh")) return;
  const isLeaving = performance.now() - left < LEAVING;
  if (!isLeaving && !hasWritten()) return;
  event.preventDefault();
  if (!isLeaving && !document.body.dataset.waits) {
    document.body.dataset.waits = "yes";
    showAlert(document.body.dataset.pageChanged, "info");
  }
});

function hasWritten() {
  return $$("main :is(textarea, input):not([type=hidden])").some((field) =>
    /^(checkbox|radio)$/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue,
  );
}

// Menus are <details>: one open at a time, closed by Escape and by a press elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of $$("details.menu[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
    return;
  }
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const box = $("#header-search");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
});

function prepare(root) {
  for (const button of $$(".js-copy", root)) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const label = button.getAttribute("aria-label");
      button.classList.add("copied");
      button.setAttribute("aria-label", button.dataset.done);
      setTimeout(() => {
        button.classList.remove("copied");
        button.setAttribute("aria-label", label);
      }, 1600);
    });
  }
  for (const button of $$(".js-back", root)) {
    button.hidden = history.length < 2;
    button.addEventListener("click", () => history.back());
  }
  for (const button of $$(".js-print", root)) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  for (const pad of $$("[data-pin-pad]", root)) preparePad(pad);
  for (const form of $$("form[data-once]", root)) sendOnce(form);
  for (const form of $$("form[data-needs-comment]", root)) requireComment(form);
  for (const select of $$("[data-submit]", root)) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
}

function preparePad(pad) {
  const input = document.getElementById(pad.dataset.pinPad);
  if (!input) return;
  // Thumbs get the pad; who has a keyboard types.
  pad.hidden = !window.matchMedia("(pointer: coarse)").matches;
  if (!pad.hidden) input.setAttribute("inputmode", "none");
  pad.addEventListener("click", (event) => {
    const digit = event.target.closest("[data-digit]")?.dataset.digit;
    if (digit === undefined) return;
    if (digit === "clear") input.value = "";
    else if (digit === "back") input.value = input.value.slice(0, -1);
    else input.value += digit;
  });
}

function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // A disabled button would not be sent along; wait until the form data is taken.
    setTimeout(() => {
      for (const button of $$("button:not([type=button])", form)) {
        button.setAttribute("aria-disabled", "true");
        button.classList.add("busy");
      }
    });
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    delete form.dataset.sent;
    for (const button of $$(".busy", form)) {
      button.classList.remove("busy");
      button.removeAttribute("aria-disabled");
    }
  });
}

// Returning and rejecting need a reason; approving does not.
function requireComment(form) {
  const comment = $("textarea[name=comment]", form);
  for (const button of $$("button[name=outcome]", form)) {
    button.addEventListener("click", () => {
      comment.required = button.value !== "approved";
    });
  }
}

// The counts of the navigation renew themselves while the page is looked at.
async function renewBadges() {
  if (document.hidden || !$("[data-live-badge]")) return;
  try {
    const answer = await fetch("/badges", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const counts = await answer.json();
    for (const badge of $$("[data-live-badge]")) {
      const count = counts[badge.dataset.liveBadge];
      if (!count) {
        badge.hidden = true;
        continue;
      }
      badge.hidden = false;
      badge.firstElementChild.textContent = count.shown;
      badge.lastElementChild.textContent = count.words;
    }
  } catch {
    // The next round tries again.
  }
}
setInterval(renewBadges, 20000);
document.addEventListener("visibilitychange", renewBadges);

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
if (!window.htmx) document.addEventListener("DOMContentLoaded", () => prepare(document));

// Without a Chinese font of the system, Chromium keeps the boxes that it shaped before ours had come.
// A change of features that changes nothing makes it shape the text again.
if (document.fonts) {
  const shapeAgain = () => (document.documentElement.dataset.fonts = "ready");
  document.fonts.addEventListener("loadingdone", shapeAgain);
  document.fonts.ready.then(() => document.fonts.size && shapeAgain());
}
