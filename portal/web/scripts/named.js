// The settings: what this phone calls her, and whether it must show a passkey too.
(async () => {
  "use strict";
  const keys = window.phoneKeys;
  const form = document.getElementById("nama-hp");
  const entry = await keys?.get(form.dataset.hp);
  if (!entry) return;
  const credential = form.dataset.credential || undefined;
  if (entry.credential !== credential) { entry.credential = credential; await keys.put(entry); }
  form.hidden = false;
  form.elements.name.value = entry.name;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    entry.name = form.elements.name.value.trim().slice(0, 30) || entry.name;
    await keys.put(entry);
    form.querySelector("[role=status]").textContent = form.dataset.saved;
  });
})();
