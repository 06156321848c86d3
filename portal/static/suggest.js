// How the query in the header's box may go on: a combobox with a listbox (WAI-ARIA practices).
// The form works without it.

const box = document.getElementById("header-search");
const PAUSE = 200;

function suggest(input) {
  const form = input.form;
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.suggestions);
  form.append(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let timer, asking;
  let here = -1;
  const options = () => [...list.children];

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    here = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function show(found) {
    here = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...found.map((one, place) => {
        const option = document.createElement("li");
        option.id = `suggestion-${place}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.query = one.query;
        const label = document.createElement("span");
        label.textContent = one.label;
        const field = document.createElement("span");
        field.className = "suggestion-field";
        field.textContent = one.field;
        option.append(label, field);
        return option;
      }),
    );
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const typed = input.value;
    if (!typed.trim()) return close();
    try {
      const answer = await fetch(`/search/suggest?q=${encodeURIComponent(typed)}`, {
        headers: { Accept: "application/json" },
        signal: asking.signal,
      });
      if (answer.ok && input.value === typed && document.activeElement === input) show(await answer.json());
    } catch {
      // Suggestions are a help, no more: the form is sent without them.
    }
  }

  function walk(step) {
    const all = options();
    all[here]?.setAttribute("aria-selected", "false");
    here = (here + step + all.length + 1) % (all.length + 1);
    if (here === all.length) here = -1; // back in the box
    if (here < 0) return input.removeAttribute("aria-activedescendant");
    all[here].setAttribute("aria-selected", "true");
    all[here].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[here].id);
  }

  function choose(option) {
    input.value = option.dataset.query;
    close();
    form.requestSubmit();
  }

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  // In the capture phase: an open list has the keys before the page does.
  input.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || list.hidden) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (event.key === "ArrowUp" && here < 0) here = options().length;
        walk(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Escape") close();
      else if (event.key === "Enter" && here >= 0) choose(options()[here]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
}

if (box) suggest(box);
