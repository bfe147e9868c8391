// Where htmx sends a form: keep the answers when that fails, move focus after a swap.
(() => {
  "use strict";
  const ID = "belum-terkirim";
  const notSent = (form, status) => {
    const failed = document.getElementById(form.dataset.gagal || ID), again = failed?.querySelector("[data-lagi]");
    if (!failed || !form.matches("form")) return;
    // The sentence for this status, 0 where none came; else that the trouble is ours. Some end it: no try helps then.
    const all = [...failed.querySelectorAll("[data-sebab]")];
    const cause = all.find((said) => said.matches(`[data-sebab~="${status}"]`)) || all[1];
    for (const said of all) said.hidden = said !== cause;
    failed.hidden = false;
    if (!again) return; // a list that was not filtered: the focus stays where she types
    again.hidden = "akhir" in cause.dataset;
    form.prepend(failed);
    failed.focus();
  };
  for (const on of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    addEventListener(on, ({ detail: { elt, xhr: { status } } }) => {
      if (status === 401) elt.submit(); // sign in, answers carried
      else notSent(elt, status);
    });
  }
  addEventListener("click", ({ target }) => {
    if (!target.closest("[data-lagi]")) return;
    document.getElementById(ID).hidden = true;
    target.closest("form").querySelector("[data-kirim]").click();
  });
  addEventListener("htmx:afterSettle", ({ detail }) => {
    (detail.target.isConnected ? detail.target : document).querySelector("[data-fokus]")?.focus();
  });
})();
