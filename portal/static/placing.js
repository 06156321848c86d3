// Puts a seal on the page's picture. The numbers in the form are the truth; this only moves them.
// Units are millimetres from the top left of the page as shown, to the centre of the seal.

const STEP = 1;
const FINE_STEP = 0.2;
const SNAP_MM = 6;
const WAIT_MS = 350;

const rounded = (value) => Math.round(value * 10) / 10;
const clampTo = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

// The groups of pages that share one whole seal: as signing.straddle has them.
function groupsOf(pages, most) {
  const count = Math.ceil(pages / most);
  const even = pages >= 2 * count;
  const least = even ? Math.floor(pages / count) : 1;
  const larger = even ? pages % count : pages - count;
  const groups = [];
  for (let index = 0, first = 1; index < count; index += 1) {
    const size = least + (index < larger ? 1 : 0);
    groups.push({ first, size });
    first += size;
  }
  return groups;
}

class Placing {
  constructor(root) {
    const data = root.dataset;
    this.root = root;
    this.form = root.closest("form");
    this.sizes = JSON.parse(data.sizes);
    [this.width, this.height] = JSON.parse(data.sealSize);
    this.ready = JSON.parse(data.ready).map(([page, x, y]) => ({ page, x, y, exact: true }));
    this.surface = root.querySelector("[data-surface]");
    this.picture = this.surface.querySelector("img");
    this.rows = root.querySelector("[data-rows]");
    this.straddle = root.querySelector("[data-straddle]");
    this.trouble = root.querySelector("[data-trouble]");
    this.finished = root.querySelector("[data-finished]");
    this.hits = [];
    this.isMoved = Boolean(data.kept);
    const first = this.rows.firstElementChild;
    this.page = first ? Number(this.fields(first).page.value) || 1 : 1;
    for (const thumb of root.querySelectorAll("[data-page]")) {
      thumb.addEventListener("click", () => this.turnTo(Number(thumb.dataset.page), true));
    }
    this.rows.addEventListener("input", (event) => this.typed(event));
    this.rows.addEventListener("click", (event) => this.removed(event));
    this.straddle?.addEventListener("input", () => this.changed());
    root.querySelector("[data-add]").addEventListener("click", () => this.add());
    this.finished.addEventListener("click", () => this.showFinished(this.finished.getAttribute("aria-pressed") !== "true"));
    this.setUpWords();
    new ResizeObserver(() => this.draw()).observe(this.surface);
    root.querySelector("[data-canvas]").hidden = false;
    this.turnTo(this.page);
    this.findWords(true);
  }

  fields(row) {
    return Object.fromEntries(["page", "x", "y", "scope"].map((name) => [name, row.querySelector(`[data-part=${name}]`)]));
  }

  size(page = this.page) {
    return this.sizes[page - 1] ?? this.sizes[0];
  }

  turnTo(page, moveSeal = false) {
    this.page = clampTo(page, 1, this.sizes.length);
    const only = this.rows.children.length === 1 ? this.rows.firstElementChild : null;
    // With a single seal, turning the page takes the seal along, unless other places are chosen too.
    if (moveSeal && only && !this.isFinished() && !this.fields(only).scope.value && !this.edge()) {
      this.fields(only).page.value = this.page;
      this.clamp(only);
    }
    const [width, height] = this.size();
    this.picture.width = 1200;
    this.picture.height = Math.round((1200 * height) / width);
    this.picture.alt = this.root.dataset.pageLabel.replace("{page}", this.page).replace("{pages}", this.sizes.length);
    this.draw();
    if (this.isFinished()) this.loadFinished();
    else this.picture.src = this.root.dataset.picture.replace("PAGE", this.page);
  }

  clamp(row) {
    const { page, x, y } = this.fields(row);
    const [width, height] = this.size(Number(page.value) || 1);
    const placed = this.ready.find((one) => one.page === Number(page.value) && one.x === Number(x.value) && one.y === Number(y.value));
    if (placed) return; // exactly where a place was made ready
    x.value = rounded(clampTo(Number(x.value) || 0, this.width / 2, width - this.width / 2));
    y.value = rounded(clampTo(Number(y.value) || 0, this.height / 2, height - this.height / 2));
  }

  typed(event) {
    const row = event.target.closest("[data-row]");
    const { page } = this.fields(row);
    const wanted = Number(page.value);
    if (event.target === page && wanted >= 1 && wanted <= this.sizes.length) this.turnTo(wanted);
    this.changed();
  }

  removed(event) {
    const row = event.target.closest("[data-remove]")?.closest("[data-row]");
    if (!row) return;
    row.remove();
    this.changed();
    this.root.querySelector("[data-add]").focus();
  }

  changed() {
    this.isMoved = true;
    this.showFinished(false);
    this.draw();
  }

  add(place) {
    const fresh = this.root.querySelector("[data-row-template]").content.firstElementChild.cloneNode(true);
    this.count = (this.count ?? this.rows.children.length) + 1;
    for (const input of fresh.querySelectorAll("input, select")) {
      const id = input.id.replace(/-new$/, `-${this.count}-more`);
      fresh.querySelector(`label[for="${input.id}"]`).htmlFor = id;
      input.id = id;
    }
    const { page, x, y } = this.fields(fresh);
    const [width, height] = this.size(place?.page);
    page.value = place?.page ?? this.page;
    x.value = place?.x ?? rounded(width * 0.7);
    y.value = place?.y ?? rounded(height * 0.75 - this.height * 1.1 * (this.rows.children.length % 3));
    this.rows.append(fresh);
    this.clamp(fresh);
    this.changed();
    return fresh;
  }

  edge() {
    return this.straddle?.querySelector("[data-part=edge]").value ?? "";
  }

  // What of the straddle seal stands on a page: slice, and its area in millimetres.
  slice(page) {
    const edge = this.edge();
    if (!edge || this.sizes.length < 2) return null;
    const most = Math.max(Number(this.straddle.querySelector("[data-part=most]").value) || 2, 2);
    const group = groupsOf(this.sizes.length, most).find(({ first, size }) => page >= first && page < first + size);
    const index = page - group.first;
    const place = edge === "right" ? index : group.size - 1 - index;
    const [pageWidth, pageHeight] = this.size(page);
    const typed = this.straddle.querySelector("[data-part=straddle-y]").value;
    const middle = typed === "" ? pageHeight / 2 : Number(typed);
    const width = this.width / group.size;
    return { part: index + 1, parts: group.size, shift: place * width, width, top: middle - this.height / 2, left: edge === "right" ? pageWidth - width : 0 };
  }

  isOn(row, page) {
    const fields = this.fields(row);
    return fields.scope.value === "every" || Number(fields.page.value) === page;
  }

  draw() {
    // Whoever moves a seal with the keyboard keeps hold of it, whatever makes the page be drawn again.
    const held = this.surface.querySelector(":focus");
    const again = held && (held.dataset.index ? `[data-index="${held.dataset.index}"]` : ".placing-slice");
    for (const old of this.surface.querySelectorAll(".placing-seal, .placing-slice, .placing-hit")) old.remove();
    const pages = new Set();
    let places = 0;
    for (let page = 1; page <= this.sizes.length; page += 1) {
      const here = [...this.rows.children].filter((row) => this.isOn(row, page)).length + (this.edge() ? 1 : 0);
      if (here) pages.add(page);
      places += here;
    }
    this.say(places, pages);
    if (this.isFinished()) return;
    const scale = this.surface.clientWidth / this.size()[0];
    for (const hit of this.hits.filter(({ page }) => page === this.page)) this.surface.append(this.markOf(hit, scale));
    [...this.rows.children].forEach((row, index) => {
      if (this.isOn(row, this.page)) this.surface.append(this.sealOf(row, index, scale));
    });
    const slice = this.slice(this.page);
    if (slice) this.surface.append(this.sliceOf(slice, scale));
    if (again) this.surface.querySelector(again)?.focus({ preventScroll: true });
  }

  say(places, pages) {
    for (const thumb of this.root.querySelectorAll("[data-page]")) {
      thumb.setAttribute("aria-pressed", String(Number(thumb.dataset.page) === this.page));
      thumb.classList.toggle("has-seal", pages.has(Number(thumb.dataset.page)));
    }
    this.root.querySelector("[data-sum-text]").textContent = this.root.dataset.sum.replace("{places}", places).replace("{pages}", pages.size);
    const all = [...pages].sort((a, b) => a - b);
    const runs = [];
    for (const page of all) {
      const last = runs[runs.length - 1];
      if (last && last[1] === page - 1) last[1] = page;
      else runs.push([page, page]);
    }
    const named = runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
    for (const spot of document.querySelectorAll(`[data-pages-of="${this.root.dataset.document}"]`)) spot.textContent = named;
  }

  put(element, left, top, width, height, scale) {
    Object.assign(element.style, { left: `${left * scale}px`, top: `${top * scale}px`, width: `${width * scale}px`, height: `${height * scale}px` });
  }

  pictureOfSeal() {
    const picture = document.createElement("img");
    picture.src = this.root.dataset.seal;
    picture.alt = "";
    return picture;
  }

  sealOf(row, index, scale) {
    const { x, y } = this.fields(row);
    const seal = document.createElement("button");
    seal.type = "button";
    seal.className = "placing-seal";
    seal.dataset.index = index;
    this.put(seal, Number(x.value) - this.width / 2, Number(y.value) - this.height / 2, this.width, this.height, scale);
    seal.setAttribute(
      "aria-label",
      this.root.dataset.sealLabel.replace("{x}", x.value).replace("{y}", y.value).replace("{page}", this.page),
    );
    seal.append(this.pictureOfSeal());
    seal.addEventListener("keydown", (event) => this.key(event, row));
    seal.addEventListener("pointerdown", (event) => this.drag(event, seal, row, scale));
    return seal;
  }

  sliceOf(slice, scale) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "placing-slice";
    this.put(element, slice.left, slice.top, slice.width, this.height, scale);
    element.setAttribute(
      "aria-label",
      this.root.dataset.sliceLabel.replace("{part}", slice.part).replace("{parts}", slice.parts).replace("{page}", this.page),
    );
    const picture = this.pictureOfSeal();
    Object.assign(picture.style, { width: `${this.width * scale}px`, height: `${this.height * scale}px`, left: `${-slice.shift * scale}px` });
    element.append(picture);
    const move = (middle) => {
      const lowest = Math.min(...this.sizes.map(([, height]) => height)) - this.height / 2;
      this.straddle.querySelector("[data-part=straddle-y]").value = rounded(clampTo(middle, this.height / 2, lowest));
      this.changed();
    };
    const middle = slice.top + this.height / 2;
    element.addEventListener("keydown", (event) => {
      const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      move(middle + way * (event.shiftKey ? FINE_STEP : STEP));
    });
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      const from = event.clientY;
      let now = middle;
      element.addEventListener("pointermove", (moved) => {
        now = middle + (moved.clientY - from) / scale;
        element.style.top = `${(now - this.height / 2) * scale}px`;
      });
      for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => move(now), { once: true });
    });
    return element;
  }

  markOf(hit, scale) {
    const mark = document.createElement("span");
    mark.className = "placing-hit";
    mark.style.left = `${hit.x * scale}px`;
    mark.style.top = `${hit.y * scale}px`;
    return mark;
  }

  key(event, row) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const step = event.shiftKey ? FINE_STEP : STEP;
    const { x, y } = this.fields(row);
    x.value = rounded(Number(x.value) + move[0] * step);
    y.value = rounded(Number(y.value) + move[1] * step);
    this.clamp(row);
    this.changed();
  }

  drag(event, seal, row, scale) {
    event.preventDefault();
    seal.setPointerCapture(event.pointerId);
    const { x, y } = this.fields(row);
    const from = { x: event.clientX, y: event.clientY, left: Number(x.value), top: Number(y.value) };
    const move = (moved) => {
      x.value = from.left + (moved.clientX - from.x) / scale;
      y.value = from.top + (moved.clientY - from.y) / scale;
      if (!moved.altKey) this.snap(x, y);
      this.clamp(row);
      this.put(seal, Number(x.value) - this.width / 2, Number(y.value) - this.height / 2, this.width, this.height, scale);
    };
    const stop = () => {
      seal.removeEventListener("pointermove", move);
      this.changed();
    };
    seal.addEventListener("pointermove", move);
    seal.addEventListener("pointerup", stop, { once: true });
    seal.addEventListener("pointercancel", stop, { once: true });
  }

  snap(x, y) {
    for (const anchor of [...this.ready, ...this.hits]) {
      if (anchor.page !== this.page) continue;
      if (Math.hypot(anchor.x - Number(x.value), anchor.y - Number(y.value)) < SNAP_MM) {
        x.value = anchor.exact ? anchor.x : rounded(anchor.x);
        y.value = anchor.exact ? anchor.y : rounded(anchor.y);
        return;
      }
    }
  }

  // Words of the document: the server reads them; a hit is a place for the seal.

  setUpWords() {
    const box = this.root.querySelector("[data-keyword]");
    box.hidden = false;
    this.words = {
      text: box.querySelector("[data-keyword-text]"),
      result: box.querySelector("[data-keyword-result]"),
      hits: box.querySelector("[data-keyword-hits]"),
      all: box.querySelector("[data-keyword-all]"),
    };
    box.querySelector("[data-keyword-find]").addEventListener("click", () => this.findWords());
    box.querySelector("[data-keyword-every]").addEventListener("click", () => this.sealAllHits());
    this.words.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.findWords();
    });
  }

  async findWords(isOffer = false) {
    const keyword = this.words.text.value.trim();
    if (!keyword) return;
    let answer;
    try {
      const response = await fetch(`${this.root.dataset.words}?${new URLSearchParams({ keyword })}`);
      answer = await response.json();
    } catch {
      return; // the page works without
    }
    this.hits = (answer.hits ?? []).map(({ page, x, y }) => {
      const [width, height] = this.size(page);
      return { page, x: x * width, y: y * height };
    });
    this.words.result.textContent = answer.message;
    this.words.all.hidden = this.hits.length < 2;
    this.words.hits.replaceChildren(...this.hits.slice(0, 20).map((hit, index) => this.hitButton(hit, index)));
    if (isOffer && this.hits.length && !this.isMoved && this.rows.children.length === 1) {
      this.moveTo(this.rows.firstElementChild, this.hits[this.hits.length - 1]);
      this.isMoved = false;
    } else {
      this.draw();
    }
  }

  hitButton(hit, index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = this.root.dataset.hitLabel.replace("{number}", index + 1).replace("{page}", hit.page);
    button.addEventListener("click", () => {
      const row = this.rows.children.length === 1 ? this.rows.firstElementChild : this.add(hit);
      this.moveTo(row, hit);
    });
    return button;
  }

  moveTo(row, hit) {
    const { page, x, y, scope } = this.fields(row);
    page.value = hit.page;
    x.value = rounded(hit.x);
    y.value = rounded(hit.y);
    scope.value = "";
    this.clamp(row);
    this.turnTo(hit.page);
    this.changed();
  }

  sealAllHits() {
    for (const row of [...this.rows.children]) row.remove();
    for (const hit of this.hits.slice(0, 20)) this.add({ page: hit.page, x: rounded(hit.x), y: rounded(hit.y) });
    this.turnTo(this.hits[0].page);
  }

  // The page as it will look: drawn by the server as sealing draws it.

  isFinished() {
    return this.finished.getAttribute("aria-pressed") === "true";
  }

  showFinished(isWanted) {
    if (this.isFinished() === isWanted) return;
    this.finished.setAttribute("aria-pressed", String(isWanted));
    this.trouble.hidden = true;
    this.turnTo(this.page);
  }

  async loadFinished() {
    const wanted = new URLSearchParams({ show: this.page });
    for (const [name, value] of new FormData(this.form)) {
      if (name.endsWith(this.root.dataset.document)) wanted.append(name, value);
    }
    const page = this.page;
    const waiting = setTimeout(() => this.surface.setAttribute("aria-busy", "true"), WAIT_MS);
    try {
      const response = await fetch(`${this.root.dataset.preview}?${wanted}`);
      if (!this.isFinished() || page !== this.page) return;
      if (response.ok) {
        const picture = URL.createObjectURL(await response.blob());
        this.picture.addEventListener("load", () => URL.revokeObjectURL(picture), { once: true });
        this.picture.src = picture;
        return;
      }
      const { message } = await response.json();
      this.showFinished(false);
      this.trouble.textContent = message;
      this.trouble.hidden = false;
    } catch {
      this.showFinished(false);
    } finally {
      clearTimeout(waiting);
      this.surface.removeAttribute("aria-busy");
    }
  }
}

for (const root of document.querySelectorAll("[data-placing]")) new Placing(root);
