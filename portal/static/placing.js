// Puts a seal on the page's picture. The numbers in the form are the truth; this only moves them.
// Units are millimetres from the top left of the page as shown, to the centre of the seal.

const STEP = 1;
const FINE_STEP = 0.2;
const SNAP_MM = 6;
const SEAL_WORDS = /盖章|公章|签章|（章）|\(章\)|Seal here|Company seal/i;

const rounded = (value) => Math.round(value * 10) / 10;

class Placing {
  constructor(root) {
    const data = root.dataset;
    this.root = root;
    this.sizes = JSON.parse(data.sizes);
    this.diameter = Number(data.diameter);
    this.picture = root.querySelector(".placing-page > img");
    this.surface = root.querySelector(".placing-page");
    this.rows = root.querySelector("[data-rows]");
    this.anchors = new Map();
    this.isMoved = false;
    this.page = Number(this.fields(this.rows.firstElementChild).page.value) || 1;
    for (const thumb of root.querySelectorAll("[data-page]")) {
      thumb.addEventListener("click", () => this.turnTo(Number(thumb.dataset.page), true));
    }
    this.rows.addEventListener("input", (event) => this.typed(event));
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-remove]")?.closest("[data-row]");
      if (row && this.rows.children.length > 1) {
        row.remove();
        this.draw();
      }
    });
    root.querySelector("[data-add]")?.addEventListener("click", () => this.add());
    new ResizeObserver(() => this.draw()).observe(this.surface);
    root.querySelector("[data-canvas]").hidden = false;
    this.turnTo(this.page);
    this.findWords();
  }

  fields(row) {
    return Object.fromEntries(["page", "x", "y"].map((name) => [name, row.querySelector(`[data-part=${name}]`)]));
  }

  size(page = this.page) {
    return this.sizes[page - 1] ?? this.sizes[0];
  }

  turnTo(page, moveSeal = false) {
    this.page = Math.min(Math.max(page, 1), this.sizes.length);
    // With a single seal, turning the page takes the seal along.
    if (moveSeal && this.rows.children.length === 1) {
      this.fields(this.rows.firstElementChild).page.value = this.page;
      this.clamp(this.rows.firstElementChild);
    }
    this.picture.src = this.root.dataset.picture.replace("PAGE", this.page);
    const [width, height] = this.size();
    this.picture.width = 1100;
    this.picture.height = Math.round((1100 * height) / width);
    this.picture.alt = this.root.dataset.pageLabel.replace("{page}", this.page).replace("{pages}", this.sizes.length);
    this.draw();
  }

  clamp(row) {
    const { page, x, y } = this.fields(row);
    const [width, height] = this.size(Number(page.value) || 1);
    const radius = this.diameter / 2;
    x.value = rounded(Math.min(Math.max(Number(x.value) || 0, radius), width - radius));
    y.value = rounded(Math.min(Math.max(Number(y.value) || 0, radius), height - radius));
  }

  typed(event) {
    this.isMoved = true;
    const row = event.target.closest("[data-row]");
    const { page } = this.fields(row);
    const wanted = Number(page.value);
    if (event.target === page && wanted >= 1 && wanted <= this.sizes.length) this.turnTo(wanted);
    else this.draw();
  }

  add() {
    const fresh = this.rows.lastElementChild.cloneNode(true);
    const { page, x, y } = this.fields(fresh);
    page.value = this.page;
    y.value = rounded(Number(y.value) - this.diameter);
    for (const [index, input] of [page, x, y].entries()) {
      const id = `${input.id.replace(/-\d+$/, "")}-${this.rows.children.length}`;
      fresh.querySelectorAll("label")[index].htmlFor = id;
      input.id = id;
    }
    fresh.querySelector("[data-remove]").hidden = false;
    this.rows.append(fresh);
    this.clamp(fresh);
    this.draw();
  }

  draw() {
    for (const seal of this.surface.querySelectorAll(".placing-seal")) seal.remove();
    const [width] = this.size();
    const scale = this.surface.clientWidth / width;
    const pages = new Set();
    [...this.rows.children].forEach((row, index) => {
      const { page, x, y } = this.fields(row);
      pages.add(Number(page.value));
      if (Number(page.value) !== this.page) return;
      this.surface.append(this.sealAt(row, index, Number(x.value), Number(y.value), scale));
    });
    for (const thumb of this.root.querySelectorAll("[data-page]")) {
      thumb.setAttribute("aria-pressed", String(Number(thumb.dataset.page) === this.page));
      thumb.classList.toggle("has-seal", pages.has(Number(thumb.dataset.page)));
    }
    const named = [...pages].sort((a, b) => a - b).join(", ");
    for (const spot of document.querySelectorAll(`[data-pages-of="${this.root.dataset.document}"]`)) {
      spot.textContent = named;
    }
    if (this.focusIndex !== undefined) {
      this.surface.querySelector(`[data-index="${this.focusIndex}"]`)?.focus({ preventScroll: true });
    }
  }

  sealAt(row, index, x, y, scale) {
    const seal = document.createElement("button");
    seal.type = "button";
    seal.className = "placing-seal";
    seal.dataset.index = index;
    const side = this.diameter * scale;
    seal.style.width = `${side}px`;
    seal.style.height = `${side}px`;
    seal.style.left = `${x * scale - side / 2}px`;
    seal.style.top = `${y * scale - side / 2}px`;
    seal.setAttribute(
      "aria-label",
      this.root.dataset.sealLabel.replace("{x}", x).replace("{y}", y).replace("{page}", this.page),
    );
    const picture = document.createElement("img");
    picture.src = this.root.dataset.seal;
    picture.alt = "";
    seal.append(picture);
    seal.addEventListener("keydown", (event) => this.key(event, row, index));
    seal.addEventListener("pointerdown", (event) => this.drag(event, seal, row, scale));
    return seal;
  }

  key(event, row, index) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.isMoved = true;
    const step = event.shiftKey ? FINE_STEP : STEP;
    const { x, y } = this.fields(row);
    x.value = rounded(Number(x.value) + move[0] * step);
    y.value = rounded(Number(y.value) + move[1] * step);
    this.clamp(row);
    this.focusIndex = index;
    this.draw();
    this.focusIndex = undefined;
  }

  drag(event, seal, row, scale) {
    event.preventDefault();
    this.isMoved = true;
    seal.setPointerCapture(event.pointerId);
    const { x, y } = this.fields(row);
    const from = { x: event.clientX, y: event.clientY, left: Number(x.value), top: Number(y.value) };
    const side = this.diameter * scale;
    const move = (moved) => {
      x.value = from.left + (moved.clientX - from.x) / scale;
      y.value = from.top + (moved.clientY - from.y) / scale;
      if (!moved.altKey) this.snap(x, y);
      this.clamp(row);
      seal.style.left = `${Number(x.value) * scale - side / 2}px`;
      seal.style.top = `${Number(y.value) * scale - side / 2}px`;
    };
    const stop = () => {
      seal.removeEventListener("pointermove", move);
      this.draw();
    };
    seal.addEventListener("pointermove", move);
    seal.addEventListener("pointerup", stop, { once: true });
    seal.addEventListener("pointercancel", stop, { once: true });
  }

  snap(x, y) {
    for (const anchor of this.anchors.get(this.page) ?? []) {
      if (Math.hypot(anchor.x - Number(x.value), anchor.y - Number(y.value)) < SNAP_MM) {
        x.value = anchor.x;
        y.value = anchor.y;
        return;
      }
    }
  }

  // Where the page says "seal here": pdf.js reads the words; without it nothing snaps.
  async findWords() {
    try {
      const data = this.root.dataset;
      const pdfjs = await import(data.pdf);
      pdfjs.GlobalWorkerOptions.workerSrc = data.worker;
      const absolute = (path) => new URL(path, location.href).href;
      const pdf = await pdfjs.getDocument({
        url: absolute(data.src),
        cMapUrl: absolute(data.cmaps),
        cMapPacked: true,
        isEvalSupported: false,
      }).promise;
      for (let number = 1; number <= Math.min(pdf.numPages, 50); number += 1) {
        const page = await pdf.getPage(number);
        const plain = page.getViewport({ scale: 1 });
        const [width] = this.size(number);
        const scale = width / plain.width;
        const found = [];
        for (const item of (await page.getTextContent()).items) {
          if (!SEAL_WORDS.test(item.str ?? "")) continue;
          const [left, top] = plain.convertToViewportPoint(item.transform[4], item.transform[5]);
          found.push({ x: rounded((left + item.width / 2) * scale), y: rounded((top - item.height / 2) * scale) });
        }
        this.anchors.set(number, found);
      }
      this.offer();
    } catch (error) {
      console.warn("no words to snap to", error);
    }
  }

  // The first place that asks for a seal is offered, as long as nobody has moved it.
  offer() {
    const place = [...this.anchors].reverse().find(([, found]) => found.length);
    const row = this.rows.firstElementChild;
    if (!place || this.isMoved || this.rows.children.length > 1 || this.root.dataset.kept) return;
    const { page, x, y } = this.fields(row);
    if (document.activeElement?.closest("[data-row]")) return;
    const last = place[1][place[1].length - 1];
    page.value = place[0];
    x.value = last.x;
    y.value = last.y;
    this.clamp(row);
    this.turnTo(place[0]);
  }
}

for (const root of document.querySelectorAll("[data-placing]")) new Placing(root);
