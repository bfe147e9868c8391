// The settings: what this phone calls her, and whether it must show a passkey too.
(async () => {
  "use strict";
  const form = document.getElementById("nama-hp");
  if (!form) return;
  try { await (window.phoneKeys || import(document.body.dataset.key)); } catch { return; } // as where there is no key
  const keys = window.phoneKeys;
  const entry = await keys?.get(form.dataset.hp);
  if (!entry) return;
  const credential = form.dataset.credential || undefined;
  if (entry.credential !== credential) { entry.credential = credential; await keys.put(entry); }
  form.hidden = false;
  form.elements.name.value = entry.name;
  addEventListener("submit", async (event) => { // before anybody waits for an answer from the server
    if (event.target !== form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    entry.name = form.elements.name.value.trim().slice(0, 30) || entry.name;
    await keys.put(entry);
    form.querySelector("[role=status]").textContent = form.dataset.saved;
  }, true);
})();
