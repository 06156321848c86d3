// Each file goes by itself: its own progress, its own answer. Several at a time, the others wait.

const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

const AT_ONCE = 3;

class Uploader {
  constructor(root) {
    this.root = root;
    this.zone = root.querySelector("[data-drop]");
    this.list = document.getElementById(root.dataset.list);
    this.told = document.querySelector("[data-upload-progress]");
    this.waiting = [];
    this.active = 0;
    if (this.told) this.list.addEventListener("htmx:afterSettle", () => this.tell());
    this.submitter = null;
    // A form that is sent while files are still on their way waits for them.
    root.closest("form")?.addEventListener("submit", (event) => this.hold(event), { capture: true });
    for (const input of root.querySelectorAll("[data-files]")) {
      input.addEventListener("change", () => {
        this.add(input.files);
        input.value = "";
      });
    }
    for (const name of ["dragenter", "dragover"]) {
      this.zone.addEventListener(name, (event) => {
        event.preventDefault();
        this.zone.classList.add("over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      this.zone.addEventListener(name, () => this.zone.classList.remove("over"));
    }
    this.zone.addEventListener("drop", (event) => {
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
  }

  hold(event) {
    if (!this.active) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.submitter = event.submitter;
  }

  release() {
    const submitter = this.submitter;
    if (!submitter || this.active || this.waiting.length) return;
    this.submitter = null;
    if (!this.list.querySelector(".refused")) submitter.form.requestSubmit(submitter);
  }

  kind() {
    const form = this.root.closest("form") ?? this.root;
    return this.root.dataset.kind || form.querySelector("input[name=kind]:checked")?.value || "";
  }

  add(files) {
    for (const element of document.querySelectorAll("[data-upload-result]")) element.hidden = false;
    // What was just chosen stands before what lay there.
    const rest = this.root.dataset.field ? this.list.firstElementChild : null;
    for (const file of files) {
      const row = this.row(file);
      this.list.insertBefore(row, rest);
      this.waiting.push({ file, row, kind: this.kind() });
    }
    this.tell();
    this.list.scrollTop = 0;
    this.next();
  }

  row(file) {
    const row = document.createElement("li");
    row.className = "upload-row";
    row.dataset.state = "waiting";
    const name = document.createElement("span");
    name.className = "upload-name";
    name.textContent = file.name;
    const state = document.createElement("span");
    state.className = "text-secondary small upload-state";
    state.textContent = this.zone.dataset.waiting;
    const bar = document.createElement("progress");
    bar.className = "progress";
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    row.append(name, state, bar);
    return row;
  }

  next() {
    while (this.active < AT_ONCE && this.waiting.length) {
      this.active += 1;
      this.send(this.waiting.shift()).finally(() => {
        this.active -= 1;
        this.next();
        this.tell();
        this.release();
      });
    }
  }

  send({ file, row, kind }) {
    return new Promise((done) => {
      const body = new FormData();
      body.append("file", file);
      body.append("kind", kind);
      for (const name of ["field", "flow"]) if (this.root.dataset[name]) body.append(name, this.root.dataset[name]);
      const request = new XMLHttpRequest();
      request.open("POST", "/uploads/one");
      request.setRequestHeader("X-CSRF-Token", csrfToken());
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const share = Math.round((event.loaded / event.total) * 100);
        row.querySelector("progress").value = share;
        // All of it is there: now it is looked at.
        row.querySelector(".upload-state").textContent = share < 100 ? `${share}%` : this.zone.dataset.reading;
      });
      request.addEventListener("load", () => {
        let answer = {};
        try {
          answer = JSON.parse(request.responseText);
        } catch {
          answer = { message: this.zone.dataset.lost };
        }
        if (request.status === 401 && answer.sign_in) location.assign(answer.sign_in);
        else if (request.status < 300) this.show(row, answer.row);
        else if (answer.row) this.show(row, answer.row);
        else this.refuse(row, answer.message);
        done();
      });
      for (const name of ["error", "abort", "timeout"]) {
        request.addEventListener(name, () => {
          this.refuse(row, this.zone.dataset.lost);
          done();
        });
      }
      request.send(body);
    });
  }

  show(row, markup) {
    const holder = document.createElement("template");
    holder.innerHTML = markup.trim(); // our own template, escaped on the server
    const fresh = holder.content.firstElementChild;
    if (fresh.id) document.getElementById(fresh.id)?.remove();
    row.replaceWith(fresh);
    window.htmx?.process(fresh);
    this.list.dispatchEvent(new CustomEvent("change", { bubbles: true }));
  }

  // How far the whole lot has come: read or refused, of all.
  tell() {
    if (!this.told) return;
    const count = (state) => this.list.querySelectorAll(`:scope > [data-state="${state}"]`).length;
    const refused = count("refused");
    const done = count("ready") + refused;
    const words = [this.zone.dataset.progress.replace("{done}", done).replace("{total}", this.list.children.length)];
    if (refused) words.push(this.zone.dataset.someRefused.replace("{count}", refused));
    this.told.textContent = words.join(" · ");
  }

  refuse(row, message) {
    row.classList.add("refused");
    row.dataset.state = "refused";
    row.querySelector("progress").remove();
    row.querySelector(".upload-state").textContent = this.zone.dataset.refused;
    const reason = document.createElement("p");
    reason.className = "field-error";
    reason.textContent = message;
    row.append(reason);
  }
}

document.documentElement.classList.add("js");
for (const root of document.querySelectorAll("[data-upload]")) new Uploader(root);
// What comes next depends on what was uploaded.
for (const choice of document.querySelectorAll("[data-upload] input[name=kind]")) {
  choice.addEventListener("change", () => {
    for (const next of document.querySelectorAll("[data-for-kind]")) {
      next.hidden = !next.dataset.forKind.split(" ").includes(choice.value);
    }
  });
}
