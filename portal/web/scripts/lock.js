// A page of a signed-in person leaves nothing behind. One that lies untouched locks itself; while somebody types,
// the server hears that she is still there. A phone with a key proves it each time, so that a copied cookie is
// soon worth nothing.
(() => {
  "use strict";
  const { signedIn, hp, key, prove } = document.body.dataset;
  const token = document.querySelector("[name=csrf_token]");
  if (!signedIn) return;

  // The Back button finds nothing.
  addEventListener("pagehide", () => document.body.replaceChildren());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Quick exit: hidden at once, signed out by a beacon, no way back.
  const exit = document.getElementById("keluar-cepat");
  const leave = () => {
    document.documentElement.hidden = true;
    navigator.sendBeacon(exit.action, new URLSearchParams({ script: 1 })); // the answer need not lead anywhere
    location.replace(exit.dataset.exit);
  };
  if (exit) {
    exit.addEventListener("submit", (event) => { event.preventDefault(); leave(); });
    let shifts = [];
    addEventListener("keydown", (event) => {
      if (event.key !== "Shift" || event.repeat) return;
      shifts = [...shifts.filter((at) => event.timeStamp - at < 5000), event.timeStamp];
      if (shifts.length >= 3) leave();
    });
  }

  if (!token) return;
  const MINUTE = 60000;
  let used = Date.now(), told = used, typed = null, locking = false;
  // Her key's script, fetched once and kept. A failed try can be made again.
  const fetchKeys = () => window.phoneKeys || import(key);
  const tell = async () => {
    told = Date.now();
    const csrf_token = token.value; // as the server calls it
    let proof = "";
    try {
      if (hp) {
        await fetchKeys();
        const entry = await phoneKeys.get(hp);
        if (entry) proof = await phoneKeys.sign(entry, "here", csrf_token);
      }
      await fetch("/di-sini", { method: "POST", body: new URLSearchParams({ csrf_token, proof }), keepalive: true });
    } catch { /* no network, or no key: then the sign-in rests soon, and no answer is lost */ }
  };
  const lock = () => {
    if (locking) return;
    locking = true;
    document.documentElement.hidden = true;
    if (!typed?.isConnected) return location.reload();
    const value = typed.getAttribute("action") || location.pathname;
    typed.append(Object.assign(document.createElement("input"), { type: "hidden", name: "rest_for", value }));
    Object.assign(typed, { action: "/istirahat", method: "post", target: "" });
    return HTMLFormElement.prototype.submit.call(typed);
  };
  const check = () => { if (Date.now() - used > signedIn * MINUTE) lock(); };
  const touched = (event) => {
    check();
    if (locking) return;
    used = Date.now();
    if (event.type === "input" && event.target.form?.querySelector("[name=once]")) typed = event.target.form;
    if (used - told > MINUTE) tell();
  };
  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, touched, { capture: true, passive: true });
  addEventListener("visibilitychange", check, true);
  setInterval(check, 5000);
  if (prove) tell();
})();
