// This phone's own keys: made here, kept here, and unable to leave. One for each person who uses the phone,
// under the name she chose; nothing else is kept.
(() => {
  "use strict";
  if (!window.indexedDB || !window.crypto?.subtle) return;
  const run = (method, value) => new Promise((yes, no) => {
    setTimeout(no, 5000); // a store that never answers holds up nobody: the form goes as it is
    const asked = indexedDB.open("k", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("k", { keyPath: "id" });
    asked.onerror = no;
    asked.onsuccess = () => {
      const base = asked.result;
      try {
        const deal = base.transaction("k", "readwrite");
        const done = deal.objectStore("k")[method](value);
        deal.oncomplete = () => yes(done.result);
        deal.onabort = no;
      } catch (error) { no(error); }
      base.close(); // once what was begun is done
    };
  });
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  // She is in with this key: the server knows it. The page after the first time may have been too slow to say so.
  const settle = (entry) => { delete entry.fresh; return run("put", entry); };
  window.phoneKeys = {
    text, settle,
    before: (form, prepare) => form.addEventListener("submit", async (event) => {
      if (event.submitter?.name) return; // a button for another way: it goes as it is
      event.preventDefault();
      try { await prepare(form.elements); } catch { /* it goes as it is, and the server says what is missing */ }
      HTMLFormElement.prototype.submit.call(form);
    }),
    all: () => run("getAll"),
    get: (id) => run("get", id),
    put: (entry) => run("put", entry),
    remove: (id) => run("delete", id),
    sign: async (entry, purpose, challenge) => {
      if (purpose === "here" && entry.fresh) await settle(entry);
      return text(await crypto.subtle.sign(
        { name: "ECDSA", hash: "SHA-256" }, entry.key, new TextEncoder().encode(`${purpose}|${challenge}`)));
    },
  };
})();
