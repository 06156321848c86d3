// Reads a PDF with pdf.js where there is room; elsewhere, and where that fails, the page pictures stay.

const WIDE = window.matchMedia("(min-width: 62rem)");
const STEPS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];

class Viewer {
  constructor(root) {
    this.root = root;
    this.bar = root.querySelector(".viewer-bar");
    this.box = root.querySelector("[data-part=canvas]");
    this.zoom = 1;
    this.sheets = [];
    this.tasks = new Map();
  }

  async open() {
    const data = this.root.dataset;
    const pdfjs = await import(data.pdf);
    pdfjs.GlobalWorkerOptions.workerSrc = data.worker;
    const absolute = (path) => new URL(path, location.href).href;
    this.pdf = await pdfjs.getDocument({
      url: absolute(data.src),
      cMapUrl: absolute(data.cmaps),
      cMapPacked: true,
      standardFontDataUrl: absolute(data.fonts),
      wasmUrl: absolute(data.wasm),
      iccUrl: absolute(data.iccs),
      isEvalSupported: false,
      enableXfa: false,
      useWorkerFetch: true,
    }).promise;
    this.bar.hidden = false;
    this.box.hidden = false;
    this.root.classList.add("ready");
    this.root.querySelector("[data-part=pages]").textContent = this.pdf.numPages;
    this.near = new IntersectionObserver((seen) => this.onSeen(seen), { root: this.box, rootMargin: "400px" });
    await this.layOut();
    this.bar.addEventListener("click", (event) => this.act(event.target.closest("[data-act]")?.dataset.act));
    this.box.addEventListener("scroll", () => this.showPosition(), { passive: true });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.onResize()).observe(this.box);
    this.root.dataset.opened = "yes";
  }

  async layOut() {
    const first = await this.pdf.getPage(1);
    this.plain = first.getViewport({ scale: 1 });
    for (let number = 1; number <= this.pdf.numPages; number += 1) {
      const sheet = document.createElement("div");
      sheet.className = "viewer-page";
      sheet.dataset.number = number;
      sheet.setAttribute("role", "img");
      sheet.setAttribute(
        "aria-label",
        this.root.dataset.pageLabel.replace("{page}", number).replace("{pages}", this.pdf.numPages),
      );
      this.box.append(sheet);
      this.sheets.push(sheet);
    }
    this.resize();
    for (const sheet of this.sheets) this.near.observe(sheet);
  }

  width() {
    return Math.max(this.box.clientWidth - 26, 200) * this.zoom;
  }

  resize() {
    this.lastWidth = this.box.clientWidth;
    for (const sheet of this.sheets) {
      const ratio = Number(sheet.dataset.ratio) || this.plain.height / this.plain.width;
      sheet.style.width = `${this.width()}px`;
      sheet.style.height = `${this.width() * ratio}px`;
      delete sheet.dataset.drawn;
    }
  }

  onResize() {
    if (Math.abs(this.box.clientWidth - this.lastWidth) < 2) return;
    this.redraw();
  }

  redraw() {
    const kept = this.current();
    this.resize();
    this.sheets[kept - 1]?.scrollIntoView({ block: "start" });
    for (const sheet of this.sheets) {
      this.near.unobserve(sheet);
      this.near.observe(sheet);
    }
  }

  onSeen(seen) {
    for (const entry of seen) {
      if (entry.isIntersecting) this.draw(entry.target);
    }
  }

  async draw(sheet) {
    const wanted = String(Math.round(this.width()));
    if (sheet.dataset.drawn === wanted) return;
    sheet.dataset.drawn = wanted;
    const number = Number(sheet.dataset.number);
    const page = await this.pdf.getPage(number);
    const plain = page.getViewport({ scale: 1 });
    sheet.dataset.ratio = plain.height / plain.width;
    sheet.style.height = `${this.width() * (plain.height / plain.width)}px`;
    const density = Math.min(window.devicePixelRatio || 1, 2);
    const viewport = page.getViewport({ scale: (this.width() / plain.width) * density });
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    this.tasks.get(number)?.cancel();
    const task = page.render({ canvas, canvasContext: canvas.getContext("2d"), viewport });
    this.tasks.set(number, task);
    try {
      await task.promise;
      sheet.querySelector("canvas")?.remove();
      sheet.prepend(canvas);
    } catch (error) {
      if (error?.name !== "RenderingCancelledException") throw error;
    }
  }

  current() {
    const top = this.box.scrollTop + this.box.clientHeight / 3;
    let number = 1;
    for (const sheet of this.sheets) {
      if (sheet.offsetTop - this.box.offsetTop <= top) number = Number(sheet.dataset.number);
    }
    return number;
  }

  showPosition() {
    const number = String(this.current());
    const shown = this.root.querySelector("[data-part=page]");
    if (shown.textContent !== number) shown.textContent = number;
  }

  act(name) {
    if (name === "previous" || name === "next") {
      const number = this.current() + (name === "next" ? 1 : -1);
      this.sheets[Math.min(Math.max(number, 1), this.sheets.length) - 1].scrollIntoView({ block: "start" });
    } else if (name === "fit") {
      this.zoom = 1;
      this.redraw();
    } else if (name === "in" || name === "out") {
      const at = STEPS.findIndex((step) => step >= this.zoom - 0.001);
      this.zoom = STEPS[Math.min(Math.max(at + (name === "in" ? 1 : -1), 0), STEPS.length - 1)];
      this.redraw();
    }
  }

  onKey(event) {
    const acts = { PageDown: "next", PageUp: "previous", "+": "in", "=": "in", "-": "out", 0: "fit" };
    const name = acts[event.key];
    if (!name || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.act(name);
  }
}

async function start(root) {
  if (root.dataset.started || !WIDE.matches) return;
  root.dataset.started = "yes";
  try {
    await new Viewer(root).open();
  } catch (error) {
    root.classList.remove("ready");
    root.querySelector(".viewer-bar").hidden = true;
    root.querySelector("[data-part=canvas]").hidden = true;
    const note = document.createElement("p");
    note.className = "alert alert-warning";
    note.textContent = root.dataset.failed;
    root.prepend(note);
    console.warn("viewer", error);
  }
}

function startAll() {
  for (const root of document.querySelectorAll("[data-viewer]")) {
    // A folded viewer starts when it is opened.
    const folded = root.closest("details:not([open])");
    if (folded) folded.addEventListener("toggle", () => start(root), { once: true });
    else start(root);
  }
}
startAll();
// A page that was being processed arrives later, by itself.
document.addEventListener("htmx:load", startAll);
WIDE.addEventListener("change", startAll);
