// A page of a signed-in person leaves nothing behind. One that lies untouched locks itself; while somebody types,
// the server hears that she is still there. A phone with a key proves it each time, so that a copied cookie is
// soon worth nothing.
(() => {
  "use strict";
  const { signedIn, hp, key, prove, left, lockTo } = document.body.dataset;
  const token = document.querySelector("[name=csrf_token]");
  if (!signedIn) return;

  // The Back button finds nothing.
  addEventListener("pagehide", () => document.body.replaceChildren());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Quick exit: hidden at once, signed out by a beacon, no way back. Should the beacon be lost, a mark in the browser
  // tells the server at the next request that she has left. This browser's other tabs hide and go too; when she signs
  // out, only once that had time to arrive: else they would find themselves signed in.
  const exit = document.getElementById("keluar-cepat");
  const tabs = window.BroadcastChannel ? new BroadcastChannel("s") : {};
  const go = (wait) => {
    document.documentElement.hidden = true;
    setTimeout(() => location.replace(wait || !exit ? "/masuk" : exit.dataset.exit), wait);
  };
  tabs.onmessage = ({ data }) => go(data);
  const leave = () => {
    go(0);
    document.cookie = left;
    tabs.postMessage?.(0);
    navigator.sendBeacon(exit.action, new URLSearchParams({ script: 1 })); // the answer need not lead anywhere
  };
  addEventListener("submit", (event) => {
    const [, way] = /\/keluar(.*)/.exec(event.target.getAttribute("action")) || [];
    if (way === "-cepat") {
      event.preventDefault();
      leave();
    } else if (way !== undefined) {
      tabs.postMessage?.(3000);
      if (!way) document.cookie = left; // the other one ends more than this browser's sign-in
    }
  });
  if (exit) {
    const shifts = [];
    addEventListener("keydown", ({ key: pressed, repeat, timeStamp }) => { // three times within 5 seconds
      if (pressed === "Shift" && !repeat && timeStamp - shifts[shifts.push(timeStamp) - 3] < 5000) leave();
    });
  }

  if (!token) return;
  const MINUTE = 60000;
  let used = Date.now(), told = used, typed, locking;
  const tell = async () => {
    told = Date.now();
    const csrf_token = token.value; // as the server calls it
    let proof = "";
    try {
      if (hp) {
        await (window.phoneKeys || import(key)); // fetched once and kept; a failed try can be made again
        const entry = await phoneKeys.get(hp);
        if (entry) proof = await phoneKeys.sign(entry, "here", csrf_token);
      }
      await fetch("/di-sini", { method: "POST", body: new URLSearchParams({ csrf_token, proof }), keepalive: true });
    } catch { /* no network, or no key: then the sign-in rests soon, and no answer is lost */ }
  };
  // What stands in no other place than this page: a form being typed in, refused, brought back or still carried.
  const leaveLocked = () => {
    if (lockTo) return location.replace(lockTo); // a page that is shown once cannot be asked for again
    const form = typed?.isConnected ? typed : document.querySelector("input[data-filled]")?.form;
    if (!form) return location.reload();
    const value = form.getAttribute("action") || location.pathname;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "rest_for", value }));
    Object.assign(form, { action: "/istirahat", method: "post", target: "", enctype: "" }); // of a photo only the name
    form.submit();
  };
  // Everything is hidden at once. Gone to is the lock only when the server answers: else the browser's own error page
  // would take the place of this one, and of what stands in it.
  const lock = () => {
    locking = true;
    const words = document.getElementById("kabar-halaman");
    for (const part of document.body.children) part.hidden = part !== words;
    words.textContent = words.dataset.locked;
    words.classList.add("tampak");
    const later = () => setTimeout(knock, 5000);
    const knock = () => fetch("/healthz").then(({ ok }) => (ok ? leaveLocked() : later()), later); // no network
    knock();
  };
  const check = () => { if (!locking && Date.now() - used > signedIn * MINUTE) lock(); };
  const touched = (event) => {
    check();
    if (locking) return;
    used = Date.now();
    if (event.type === "input" && event.target.form?.querySelector("[name=once]")) typed = event.target.form;
    if (used - told > MINUTE) tell();
  };
  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, touched, true);
  addEventListener("visibilitychange", check, true);
  setInterval(check, 5000);
  if (prove) tell();
})();
