// The unit's desk: a row at a glance, keys inside the list, and news that moves no row. All of it is extra.
(() => {
  "use strict";
  const MINUTE = 60_000;
  const wide = matchMedia("(min-width:70em) and (scripting:enabled)");
  const byId = (id) => document.getElementById(id);
  const rows = () => [...document.querySelectorAll("#daftar a.kd")];

  // At a glance, where there is room beside the list. It opens nothing; a second click does.
  let shown = "";
  let soon = 0;
  const beside = () => wide.matches && window.htmx && byId("pratinjau");
  const look = (link) => {
    clearTimeout(soon);
    if (!beside() || shown === link.href) return;
    soon = setTimeout(() => {
      shown = link.href;
      byId("pratinjau").inert = true; // until it shows this row, nothing in it can be pressed
      for (const row of document.querySelectorAll("#daftar tr[aria-current]")) row.removeAttribute("aria-current");
      link.closest("tr").setAttribute("aria-current", "true");
      htmx.ajax("GET", `/antrean/${link.textContent.trim()}/lihat`, { source: "#pratinjau", target: "#pratinjau", swap: "innerHTML" });
    }, 200);
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "pratinjau") return;
    if (event.detail.successful) byId("pratinjau").inert = false;
    else shown = "";
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("#daftar a.kd")) look(event.target);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#daftar a.kd");
    const plain = event.detail > 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || !beside() || shown === link.href) return;
    event.preventDefault();
    link.focus();
    look(link);
  });

  // Keys: only while the focus is in the list, and only for who has not switched them off.
  const take = (link) => {
    const form = byId("ambil");
    form.action = `/antrean/${link.textContent.trim()}/ambil`;
    form.elements.version.value = link.dataset.v;
    form.requestSubmit();
  };
  const acts = {
    j: (links, at) => links[Math.min(at + 1, links.length - 1)].focus(),
    k: (links, at) => links[Math.max(at - 1, 0)].focus(),
    a: (links, at) => links[at] && (links[at].dataset.v ? take(links[at]) : links[at].click()), // taken over from its sheet
    t: (links, at, help) => links[at] && help.querySelector("[data-t]") && location.assign(`${links[at].href}/tugaskan`),
    "/": () => byId("kode").focus(),
    "?": (_links, _at, help) => { help.open = true; help.querySelector("summary").focus(); },
  };
  const help = byId("tombol");
  if (help) help.hidden = false;
  document.addEventListener("keydown", (event) => {
    const act = Object.hasOwn(acts, event.key.toLowerCase()) && acts[event.key.toLowerCase()];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !event.target.closest("[data-tombol]")) return;
    const links = rows();
    event.preventDefault();
    act(links, links.indexOf(document.activeElement), help);
  });

  // The filters work while they are typed; how many were found is said, not only shown.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.elt.id !== "saring") return;
    shown = "";
    byId("belum-disaring").hidden = true;
    byId("jumlah").textContent = byId("daftar").dataset.jumlah;
  });

  // What stands half written in another form of the sheet outlives the sheet that an act brings anew.
  const begun = new WeakSet();
  let kept = [];
  document.addEventListener("input", ({ target }) => target.form && begun.add(target.form));
  document.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig } }) => {
    if (target.id !== "lembar") return;
    const sent = requestConfig.elt; // not `detail.elt`: that is the sheet
    kept = [...target.querySelectorAll("form[data-move]")].filter((form) => form !== sent && begun.has(form))
      .map((form) => [form.dataset.move, [...new FormData(form)]]);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const [move, answers] of kept.splice(0)) {
      const form = document.querySelector(`#lembar form[data-move=${move}]`);
      for (const [name, value] of form ? answers : []) {
        const field = form.elements[name];
        if (!field || field.type === "hidden") continue; // they belong to the sheet as it is now
        field.value = value;
        (field[0] || field).dispatchEvent(new Event("input", { bubbles: true })); // should the page lock, it is kept
        form.closest("details")?.setAttribute("open", ""); // that for names stands in none
      }
    }
  });

  // News: a line of text every minute, while somebody looks. Whatever goes wrong, the page stays as it is.
  const refresh = async (line) => {
    const form = byId(line.dataset.kirimDengan);
    try {
      const answer = await fetch(line.dataset.segar, form ? { method: "POST", body: new FormData(form) } : {});
      const type = answer.headers.get("content-type") || "";
      if (!answer.ok || !type.startsWith("text/plain")) return;
      const text = await answer.text();
      if (line.textContent !== text) line.textContent = text;
    } catch { /* no network: what is shown has its time beside it */ }
  };
  setInterval(() => {
    if (document.visibilityState === "visible") document.querySelectorAll("[data-segar]").forEach(refresh);
  }, MINUTE);
})();
