// The first time on a phone: the code of an invitation, and a key that cannot leave this phone.
(() => {
  "use strict";
  const keys = window.phoneKeys;
  // The code travels behind the # of its link, where no server and no preview sees it.
  const asked = document.getElementById("undangan");
  const code = /^#([0-9A-Za-z-]{12,14})$/.exec(location.hash);
  if (asked) {
    history.replaceState(null, "", location.pathname);
    if (code && !asked.elements.code.value) { asked.elements.code.value = code[1]; asked.submit(); }
  }
  const first = document.getElementById("pertama");
  if (!first) return;
  // Only the script knows whether this phone can keep a key. Tapped before the script is here, the form brings
  // neither a key nor this, and the server asks once more.
  const withCard = () => {
    first.append(Object.assign(document.createElement("input"), { type: "hidden", name: "card", value: "1" }));
  };
  if (!keys) return withCard();
  const makeKey = async () => { // `fresh`, its open half, stays with it until the phone was in with it once
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const open = await crypto.subtle.exportKey("raw", pair.publicKey);
    const id = [...new Uint8Array(await crypto.subtle.digest("SHA-256", open))].slice(0, 16)
      .map((b) => b.toString(16).padStart(2, "0")).join("");
    const entry = { id, name: first.dataset.name, key: pair.privateKey, fresh: keys.text(open) };
    await keys.put(entry);
    return entry;
  };
  const show = async (fields) => {
    // A key of hers that was refused, or whose answer was lost on the way, is shown again: the server may know it.
    const left = (await keys.all()).find((one) => one.fresh?.length && one.name === first.dataset.name);
    const entry = "anew" in first.dataset ? await makeKey() : left || await makeKey();
    fields.proof.value = await keys.sign(entry, "enrol", fields.challenge.value);
    fields.key.value = entry.fresh;
  };
  keys.before(first, (fields) => show(fields).catch(withCard));
})();
