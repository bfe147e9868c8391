// Where htmx sends a form: keep the answers when that fails, move focus after a swap.
(() => {
  "use strict";
  const box = () => document.getElementById("belum-terkirim");
  const notSent = (event) => {
    const failed = box(), form = event.detail.elt;
    if (!failed || !form.matches("form")) return;
    const cause = event.type === "htmx:responseError" ? "kami" : "jaringan";
    for (const said of failed.querySelectorAll("[data-sebab]")) said.hidden = said.dataset.sebab !== cause;
    form.prepend(failed);
    failed.hidden = false;
    failed.focus();
  };
  for (const on of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(on, (event) => {
      if (event.detail.xhr.status === 401) event.detail.elt.submit(); // sign in, answers carried
      else notSent(event);
    });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-lagi]")) return;
    box().hidden = true;
    box().closest("form").querySelector("[data-kirim]").click();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    (detail.target.isConnected ? detail.target : document).querySelector("[data-fokus]")?.focus();
  });
})();
