// Getting in with this phone's key: the first time, each time, and after a pause. Without this script, or
// where a phone can keep no key, the forms ask for a code from a printed card instead.
(() => {
  "use strict";
  const keys = window.phoneKeys;
  const get = (id) => document.getElementById(id);
  for (const button of document.querySelectorAll("[data-show]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const box = get(button.dataset.show);
      const shown = box.type === "text";
      box.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    });
  }
  for (const button of document.querySelectorAll("[data-letters]")) {
    button.hidden = false;
    button.addEventListener("click", () => { const box = get(button.dataset.letters); box.inputMode = "text"; box.focus(); button.hidden = true; });
  }
  if (!keys) return;
  const bytes = (said) => Uint8Array.from(atob(said.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const said = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = keys.text(credential.response[part]);
    }
    return JSON.stringify({ id: credential.id, rawId: keys.text(credential.rawId), type: credential.type, response });
  };
  const askPasskey = async (challenge, credential) => said(await navigator.credentials.get({ publicKey: {
    challenge: new TextEncoder().encode(challenge), userVerification: "required",
    allowCredentials: credential ? [{ type: "public-key", id: bytes(credential) }] : [] } }));
  const send = (form) => HTMLFormElement.prototype.submit.call(form);
  const onSubmit = (form, prepare) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try { await prepare(form.elements); } catch { /* it goes as it is, and the server says what is missing */ }
    send(form);
  });

  // The code of an invitation travels behind the # of its link, where no server and no preview sees it.
  const asked = get("undangan");
  const code = /^#([0-9A-Za-z-]{12,14})$/.exec(location.hash);
  if (asked) {
    history.replaceState(null, "", location.pathname);
    if (code && !asked.elements.code.value) { asked.elements.code.value = code[1]; send(asked); }
  }
  // The first time: a key that cannot leave this phone, and the proof that it is here.
  const first = get("pertama");
  const make = async (fields) => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const open = await crypto.subtle.exportKey("raw", pair.publicKey);
    const id = [...new Uint8Array(await crypto.subtle.digest("SHA-256", open))].slice(0, 16)
      .map((b) => b.toString(16).padStart(2, "0")).join("");
    const entry = { id, name: first.dataset.name, key: pair.privateKey, fresh: true };
    await keys.put(entry);
    fields.proof.value = await keys.sign(entry, "enrol", fields.challenge.value);
    fields.key.value = keys.text(open);
  };
  const startFirst = async () => {
    for (const left of await keys.all()) if (left.fresh) await keys.remove(left.id); // refused a moment ago
    onSubmit(first, make);
  };
  const settle = async (id) => {
    const entry = await keys.get(id);
    if (entry?.fresh) { delete entry.fresh; await keys.put(entry); }
    await navigator.storage?.persist?.();
  };

  // Each time: who of this phone's people it is, and her PIN.
  const mine = get("hp");
  const answer = async (entry, fields) => {
    if (!entry) return;
    fields.device.value = entry.id;
    fields.proof.value = await keys.sign(entry, "sign-in", fields.challenge.value);
    if (entry.credential) fields.passkey.value = await askPasskey(fields.challenge.value, entry.credential);
  };
  const choose = (entries, before) => {
    const list = get("siapa"), shape = get("seorang").content;
    for (const entry of entries) {
      const one = shape.cloneNode(true);
      const box = one.querySelector("input");
      box.value = entry.id;
      box.checked = entries.length === 1 || entry.id === before;
      one.querySelector("span").textContent = entry.name;
      list.append(one);
    }
    list.closest("fieldset").hidden = entries.length === 1;
  };
  const startMine = async () => {
    const before = mine.elements.device.value;
    if ("gone" in mine.dataset) await keys.remove(before);
    const entries = (await keys.all()).sort((one, other) => one.name.localeCompare(other.name));
    if (!entries.length) return;
    choose(entries, before);
    get("dengan-kartu").hidden = "card" in mine.dataset ? false : !(get("dengan-hp").hidden = false);
    get("dengan-hp").hidden = "card" in mine.dataset;
    get("pakai-kartu").addEventListener("click", () => { get("dengan-kartu").hidden = false; get("dengan-hp").hidden = true; get("who").focus(); });
    onSubmit(mine, (fields) => {
      const chosen = mine.querySelector("[name=siapa]:checked");
      return answer(entries.find((entry) => entry.id === chosen?.value), fields);
    });
  };
  // After a pause.
  const again = get("lagi");
  const startAgain = async () => {
    const entry = await keys.get(again.dataset.hp);
    get("hilang").hidden = Boolean(entry);
    onSubmit(again, (fields) => answer(entry, fields));
  };

  // At the office, and in the settings: a passkey.
  const office = get("kantor");
  if (office && window.PublicKeyCredential) {
    const button = get("passkey-tombol");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try { office.elements.passkey.value = await askPasskey(office.elements.challenge.value); } catch { return; }
      send(office);
    });
  }
  const fresh = get("passkey-baru");
  if (fresh && window.PublicKeyCredential) onSubmit(fresh, async (fields) => {
    const wanted = JSON.parse(fresh.dataset.options);
    wanted.challenge = bytes(wanted.challenge);
    wanted.user.id = bytes(wanted.user.id);
    wanted.excludeCredentials = (wanted.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
    fields.answer.value = said(await navigator.credentials.create({ publicKey: wanted }));
  });
  // The settings: what this phone calls her, and whether it must show a passkey too.
  const named = get("nama-hp");
  const startNamed = async () => {
    const entry = await keys.get(named.dataset.hp);
    if (!entry) return;
    const credential = named.dataset.credential || undefined;
    if (entry.credential !== credential) { entry.credential = credential; await keys.put(entry); }
    named.hidden = false;
    named.elements.name.value = entry.name;
    named.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      entry.name = named.elements.name.value.trim().slice(0, 30) || entry.name;
      await keys.put(entry);
      named.querySelector("[role=status]").textContent = named.dataset.saved;
    });
  };

  if (first) startFirst();
  if (mine) startMine();
  if (again?.dataset.hp) startAgain();
  if (named) startNamed();
  if (document.querySelector("[data-enrolled]")) settle(document.body.dataset.hp);
})();
