// The first time has gone well: this phone keeps the key that it made for it.
(async () => {
  const keys = window.phoneKeys;
  const entry = await keys?.get(document.body.dataset.hp);
  if (!entry) return;
  delete entry.fresh;
  await keys.put(entry);
  await navigator.storage?.persist?.();
})();
