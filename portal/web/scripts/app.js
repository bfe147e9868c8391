// What every page can do with script. Without it every form still works.
(() => {
  "use strict";
  const words = document.getElementById("kabar-halaman");

  const forget = () => { try { sessionStorage.clear(); } catch { /* storage may be off */ } };
  addEventListener("pagehide", forget);

  // A slow line: say so at 0.3 and 8 seconds. A second tap on the same button does nothing.
  let waiting = null;
  const rest = () => {
    if (!waiting) return;
    const { form, button, label, timers } = waiting;
    timers.forEach(clearTimeout);
    form.removeAttribute("aria-busy");
    if (label) {
      button.disabled = false;
      button.textContent = label;
    }
    words.textContent = "";
    words.classList.remove("tampak");
    waiting = null;
  };
  const busy = (form, button) => {
    const sending = () => {
      if (!button) return;
      waiting.label = button.textContent;
      button.textContent = words.dataset.sending;
      button.disabled = true;
    };
    const slow = () => { words.textContent = words.dataset.slow; words.classList.add("tampak"); };
    waiting = { form, button, timers: [setTimeout(sending, 300), setTimeout(slow, 8000)] };
    form.setAttribute("aria-busy", "true");
  };
  document.addEventListener("submit", (event) => {
    if (event.target.id === "keluar-cepat" || event.defaultPrevented) return;
    if (waiting?.form === event.target) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    busy(event.target, event.submitter);
  }, true);
  addEventListener("pageshow", rest);
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.xhr.getResponseHeader("HX-Redirect")) rest(); // else the next page is on its way
    forget();
  });
  document.querySelector("[data-fokus]")?.focus();
})();
