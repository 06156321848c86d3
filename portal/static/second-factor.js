// Passkeys: asked for what is about to be signed, and made under Me. Pages work with codes without it.

const able = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function send(address, data) {
  const answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

function complain(form, error) {
  const place = form.querySelector("[data-factor-problem]") ?? document.getElementById("alerts");
  // Whoever closes the browser's own window has changed their mind and needs no message.
  place.textContent = error.name === "NotAllowedError" ? form.dataset.factorClosed ?? "" : error.message;
  place.hidden = !place.textContent;
}

function digestsOf(form, button) {
  const ticked = [...form.querySelectorAll("input[name=item]:checked")].map((item) => item.value.split(":")[1]);
  return ticked.length ? ticked : button.dataset.digests.split(" ");
}

async function show(form, button) {
  const data = new FormData();
  data.set("csrf_token", form.elements.csrf_token.value);
  for (const digest of digestsOf(form, button)) data.append("digest", digest);
  const question = await send("/second-factor/question", data);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(question.options);
  const credential = await navigator.credentials.get({ publicKey });
  form.elements.factor_question.value = question.id;
  form.elements.factor_answer.value = JSON.stringify(credential.toJSON());
  button.textContent = button.dataset.done;
  form.elements.code.removeAttribute("aria-invalid");
  for (const problem of form.querySelectorAll(".factor-field .field-error")) problem.hidden = true;
}

async function add(form) {
  const question = await send("/me/second-factors/passkey", new FormData(form));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(question.options);
  const credential = await navigator.credentials.create({ publicKey });
  const made = document.getElementById("passkey-form");
  made.action = `/me/second-factors/passkey/${question.id}`;
  made.elements.answer.value = JSON.stringify(credential.toJSON());
  made.elements.name.value = form.elements.name.value;
  made.submit();
}

if (able) {
  for (const button of document.querySelectorAll("[data-show-passkey], [data-add-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const form = button.form;
      button.disabled = true; // the browser answers one question at a time
      try {
        if (button.hasAttribute("data-add-passkey")) {
          if (form.reportValidity()) await add(form);
          else button.disabled = false;
        } else await show(form, button);
      } catch (error) {
        button.disabled = false;
        complain(form, error);
      }
    });
  }
}
