// The place where a field was read is marked on the page's picture while one looks at the field.

for (const section of document.querySelectorAll("[data-marks]")) {
  const figure = document.getElementById(section.dataset.marks);
  const mark = figure?.querySelector(".mark");
  const picture = figure?.querySelector("img");
  if (!mark) continue;
  const address = new URL(picture.src);

  const show = (field) => {
    const [page, left, top, right, bottom] = field.dataset.place.split(" ").map(Number);
    const wanted = address.pathname.replace(/pages\/\d+\.png$/, `pages/${page}.png`);
    if (new URL(picture.src).pathname !== wanted) picture.src = wanted + address.search;
    mark.style.left = `${left * 100}%`;
    mark.style.top = `${top * 100}%`;
    mark.style.width = `${(right - left) * 100}%`;
    mark.style.height = `${(bottom - top) * 100}%`;
    mark.hidden = false;
  };

  for (const field of section.querySelectorAll("[data-place]")) {
    for (const name of ["mouseenter", "focusin"]) field.addEventListener(name, () => show(field));
    field.addEventListener("mouseleave", () => {
      if (!field.contains(document.activeElement)) mark.hidden = true;
    });
  }
}

// A corrected field is sent by Enter; Escape takes the typing back.
for (const input of document.querySelectorAll(".field-form .field-value")) {
  const form = input.form;
  const changed = () => form.classList.toggle("changed", input.value !== input.defaultValue);
  input.addEventListener("input", changed);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = input.defaultValue;
    changed();
  });
}

document.documentElement.classList.add("js");
