// This phone's own keys: made here, kept here, and unable to leave. One for each person who uses the phone,
// under the name she chose; nothing else is kept.
(() => {
  "use strict";
  if (!window.indexedDB || !window.crypto?.subtle) return;
  const open = () => new Promise((yes, no) => {
    const asked = indexedDB.open("k", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("k", { keyPath: "id" });
    asked.onsuccess = () => yes(asked.result);
    asked.onerror = () => no(asked.error);
  });
  const run = async (method, value) => {
    const base = await open();
    try {
      return await new Promise((yes, no) => {
        const deal = base.transaction("k", "readwrite");
        const asked = deal.objectStore("k")[method](value);
        deal.oncomplete = () => yes(asked.result);
        deal.onerror = deal.onabort = () => no(deal.error);
      });
    } finally { base.close(); }
  };
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  window.phoneKeys = {
    text,
    before: (form, prepare) => form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try { await prepare(form.elements); } catch { /* it goes as it is, and the server says what is missing */ }
      HTMLFormElement.prototype.submit.call(form);
    }),
    all: () => run("getAll"),
    get: (id) => run("get", id),
    put: (entry) => run("put", entry),
    remove: (id) => run("delete", id),
    sign: async (entry, purpose, challenge) => text(await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" }, entry.key, new TextEncoder().encode(`${purpose}|${challenge}`))),
  };
})();
