// A file that is dropped or chosen is verified at once.

const form = document.querySelector("form[data-verify]");
const input = form?.querySelector("input[type=file]");
const zone = form?.querySelector("[data-drop]");

if (form && input && zone) {
  document.documentElement.classList.add("js"); // the label is the button; without scripts the field is
  const send = () => input.files.length && form.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  input.addEventListener("change", send);
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    send();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "verdict") return;
    input.value = "";
    document.getElementById("verdict").focus({ preventScroll: false });
  });
}
