// Keeps a draft on the server while one types, and writes amounts with thousands.

const YUAN = { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" };
const form = document.querySelector("form[data-draft]");

if (form) {
  const state = form.querySelector("[data-draft-state]");
  let timer = 0;
  let last = "";

  const values = () => {
    const data = new FormData(form);
    for (const name of [...data.keys()]) {
      if (data.get(name) instanceof File) data.delete(name);
    }
    return data;
  };
  const fingerprint = () => JSON.stringify([...values().entries()]);

  const save = async () => {
    const now = fingerprint();
    if (now === last || form.dataset.sent) return;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body: values(),
        headers: { Accept: "application/json" },
      });
      const told = await answer.json();
      if (answer.ok) last = now;
      state.textContent = told.message ?? "";
    } catch {
      state.textContent = document.body.dataset.connectionLost;
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(save, 900);
  };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  document.addEventListener("visibilitychange", () => document.hidden && save());
  last = fingerprint();

  for (const input of form.querySelectorAll("[data-money]")) {
    const grouped = (text) => {
      const plain = text.replace(/[,，\s¥￥]/g, "");
      const parts = /^(-?\d+)(\.\d{0,2})?$/.exec(plain);
      if (!parts) return text;
      const cents = (parts[2] ?? ".").padEnd(3, "0");
      return parts[1].replace(/\B(?=(\d{3})+$)/g, ",") + cents;
    };
    input.addEventListener("blur", () => {
      if (input.value.trim()) input.value = grouped(input.value);
    });
  }

  for (const button of form.querySelectorAll("[data-show-more]")) {
    button.addEventListener("click", () => {
      for (const hidden of form.querySelectorAll(`[data-more="${button.dataset.showMore}"]`)) hidden.hidden = false;
      button.remove();
    });
  }

  // What the ticked invoices come to, as far as the page can know: the server adds up what counts.
  for (const told of form.querySelectorAll("[data-sum-of]")) {
    const list = document.getElementById(told.dataset.sumOf);
    const tell = () => {
      let [count, cents] = [0, 0];
      for (const row of list.querySelectorAll("[data-choice]")) {
        if (!row.querySelector("input[type=checkbox]").checked) continue;
        const typed = row.querySelector('input[name$=".amount"]')?.value.replace(/[,，\s¥￥]/g, "");
        count += 1;
        cents += Math.round(Number(typed || row.dataset.total || 0) * 100) || 0;
      }
      const total = (cents / 100).toLocaleString(document.documentElement.lang, YUAN);
      told.textContent = told.dataset.words.replace("{count}", count).replace("{total}", total);
      told.hidden = !count;
    };
    form.addEventListener("input", tell);
    form.addEventListener("change", tell);
    list.addEventListener("htmx:afterSettle", tell);
    tell();
  }
}
