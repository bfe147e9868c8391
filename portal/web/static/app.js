// What every page can do with script. Without it every form still works.
(() => {
  "use strict";
  const root = document.documentElement;
  const words = document.getElementById("kabar-halaman");

  // A page of a signed-in person leaves nothing behind for the Back button.
  if (document.body.dataset.signedIn) {
    addEventListener("pagehide", () => document.body.replaceChildren());
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
  const forget = () => { try { sessionStorage.clear(); } catch { /* storage may be off */ } };
  addEventListener("pagehide", forget);

  // Quick exit: hidden at once, signed out by a beacon, no way back.
  const exit = document.getElementById("keluar-cepat");
  const leave = () => {
    root.hidden = true;
    forget();
    navigator.sendBeacon(exit.action, new FormData(exit));
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

  // A slow line: say so at 0.3 and 8 seconds. A second tap on the same button does nothing.
  let waiting = null;
  const rest = () => {
    if (!waiting) return;
    clearTimeout(waiting.soon);
    clearTimeout(waiting.late);
    waiting.form.removeAttribute("aria-busy");
    if (waiting.button) {
      waiting.button.disabled = false;
      if (waiting.label) waiting.button.textContent = waiting.label;
    }
    words.textContent = "";
    words.classList.remove("tampak");
    waiting = null;
  };
  const busy = (form, button) => {
    waiting = { form, button };
    form.setAttribute("aria-busy", "true");
    waiting.soon = setTimeout(() => {
      if (button) {
        waiting.label = button.textContent;
        button.textContent = words.dataset.sending;
        button.disabled = true;
      }
    }, 300);
    waiting.late = setTimeout(() => { words.textContent = words.dataset.slow; words.classList.add("tampak"); }, 8000);
  };
  document.addEventListener("submit", (event) => {
    if (event.target === exit || event.defaultPrevented) return;
    if (waiting && waiting.form === event.target) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    busy(event.target, event.submitter);
  }, true);
  addEventListener("pageshow", rest);

  // htmx, where a page uses it: keep the answers when sending fails, move focus after a swap.
  const notSent = (event, ours) => {
    rest();
    const failed = document.getElementById("belum-terkirim");
    const form = event.detail.elt;
    if (!failed || !form.matches("form")) return;
    for (const cause of failed.querySelectorAll("[data-sebab]")) cause.hidden = (cause.dataset.sebab === "kami") !== ours;
    form.prepend(failed);
    failed.hidden = false;
    failed.focus();
  };
  document.addEventListener("htmx:sendError", (event) => notSent(event, false));
  document.addEventListener("htmx:timeout", (event) => notSent(event, false));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) event.detail.elt.submit(); // sign in, answers carried
    else notSent(event, true);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-lagi]")) return;
    const failed = document.getElementById("belum-terkirim");
    failed.hidden = true;
    failed.closest("form").querySelector("[data-kirim]").click();
  });
  document.addEventListener("htmx:afterRequest", () => { rest(); forget(); });
  const focusFirst = (where) => {
    const target = where.querySelector("[data-fokus]");
    if (target) target.focus();
  };
  document.addEventListener("htmx:afterSettle", (event) => focusFirst(event.detail.target.isConnected ? event.detail.target : document));
  focusFirst(document);
})();
