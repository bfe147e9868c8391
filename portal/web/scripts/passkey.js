// A passkey: at the office in place of the code from the app, on a phone its own lock.
(() => {
  "use strict";
  const keys = window.phoneKeys;
  if (!keys || !window.PublicKeyCredential) return;
  const get = (id) => document.getElementById(id);
  const bytes = (said) => Uint8Array.from(atob(said.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const said = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = keys.text(credential.response[part]);
    }
    return JSON.stringify({ id: credential.id, rawId: keys.text(credential.rawId), type: credential.type, response });
  };
  keys.askPasskey = async (challenge, credential) => said(await navigator.credentials.get({ publicKey: {
    challenge: new TextEncoder().encode(challenge), userVerification: "required",
    allowCredentials: credential ? [{ type: "public-key", id: bytes(credential) }] : [] } }));

  const office = get("kantor");
  if (office) {
    const button = get("passkey-tombol");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try { office.elements.passkey.value = await keys.askPasskey(office.elements.challenge.value); } catch { return; }
      HTMLFormElement.prototype.submit.call(office);
    });
  }
  const fresh = get("passkey-baru");
  // What the phone must show is stored before the server asks for it, since the next page may be slow to come. A phone
  // that shows more than is asked for gets in; and this page, which a refusal leads back to, puts it right first.
  const mine = async (change) => {
    const entry = await keys.get(document.body.dataset.hp || "");
    const credential = entry && change(entry.credential);
    if (entry && credential !== entry.credential) await keys.put({ ...entry, credential });
  };
  if (fresh) mine(() => fresh.dataset.credential || undefined).catch(() => {});
  if (fresh) keys.before(fresh, async (fields) => {
    const wanted = JSON.parse(fresh.dataset.options);
    wanted.challenge = bytes(wanted.challenge);
    wanted.user.id = bytes(wanted.user.id);
    wanted.excludeCredentials = (wanted.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
    const made = await navigator.credentials.create({ publicKey: wanted });
    await mine((known) => known || keys.text(made.rawId)).catch(() => {});
    fields.answer.value = said(made);
  });
})();
