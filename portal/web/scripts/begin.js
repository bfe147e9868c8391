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
  if (!keys) return;
  const first = document.getElementById("pertama");
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
  const start = async () => {
    for (const left of await keys.all()) if (left.fresh) await keys.remove(left.id); // refused a moment ago
    keys.before(first, make);
  };
  if (first) start();
})();
