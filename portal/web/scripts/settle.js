// The first time has gone well: this phone keeps the key that it made for it.
(async () => {
  const { hp, key } = document.body.dataset;
  try { await import(key); } catch { return; } // as where there is no key
  const keys = window.phoneKeys;
  const entry = await keys?.get(hp);
  if (!entry) return;
  await keys.settle(entry);
  await navigator.storage?.persist?.();
})();
