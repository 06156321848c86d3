// A file that is dropped or chosen is verified at once. It stays in the browser, so that its earlier
// states can be looked at and a report can be asked for; the server keeps nothing of it.

const form = document.querySelector("form[data-verify]");
const input = form?.querySelector("input[type=file]");
const zone = form?.querySelector("[data-drop]");
let checked = null;

function offer() {
  const verdict = document.getElementById("verdict");
  if (!checked || !verdict) return;
  for (const part of verdict.querySelectorAll(".as-signed, [data-report]")) part.hidden = false;
}

function openState(link) {
  const state = new Blob([checked.slice(0, Number(link.dataset.state))], { type: "application/pdf" });
  const address = URL.createObjectURL(state);
  const opener = document.createElement("a");
  opener.href = address;
  opener.download = checked.name.replace(/(\.[^.]*)?$/, `-${link.dataset.name}$1`);
  opener.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

async function report(button) {
  const body = new FormData(form);
  body.set("file", checked, checked.name);
  button.disabled = true;
  try {
    const answer = await fetch("/verify/report", { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
    const address = URL.createObjectURL(await answer.blob());
    const opener = document.createElement("a");
    opener.href = address;
    opener.download = checked.name.replace(/(\.[^.]*)?$/, "-verification.pdf");
    opener.click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  } finally {
    button.disabled = false;
  }
}

if (form && input && zone) {
  document.documentElement.classList.add("js"); // the label is the button; without scripts the field is
  const send = () => {
    if (!input.files.length) return;
    checked = input.files[0];
    form.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  };
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
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-state]");
    const button = event.target.closest("[data-report]");
    if (link) {
      event.preventDefault();
      openState(link);
    } else if (button) report(button);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "verdict") return;
    input.value = "";
    offer();
    document.getElementById("verdict").focus({ preventScroll: false });
  });
}
