// The flag form, one step at a time, with a review at the end. Without this script it is one long page.
// Nothing is kept: answers stand in the form alone, and the browser's history knows no more than the step.
(() => {
  "use strict";
  const LAST = "8";
  const LONE = ["unknown", "nobody"]; // ticks that go with no other
  let form = null; // the form on the page now; a refused one is replaced
  let at = "0"; // the step that shows
  let depth = 0; // how many steps the Back button can undo
  let returning = false; // whether the review has been reached, so that a step leads back to it

  const all = (what, where = form) => [...where.querySelectorAll(what)];
  const step = (name) => form.querySelector(`[data-s="${name}"]`);
  const chosen = (name, codes) => codes.some((code) => form.querySelector(`[name="${name}"][value="${code}"]:checked`));
  const chosenAny = (name) => form.querySelector(`[name="${name}"]:checked`);

  // Which steps there are follows from the answers: an emergency takes the short way.
  const order = () => {
    const lane = chosen("danger", ["now"]) ? "now" : "calm";
    return all(".lk").filter((s) => (s.dataset.lane || lane) === lane).map((s) => s.dataset.s);
  };
  const aboutChild = () => chosen("who", ["girl", "boy"])
    || (!chosen("who", ["woman"]) && chosen("age", ["0_5", "6_12", "13_17"]));
  const missing = (name) => {
    const need = step(name).dataset.need;
    const asked = need === "aware" && aboutChild() ? "child_aware" : need;
    return asked && !chosenAny(asked) ? asked : "";
  };
  const firstMissing = () => order().find(missing) || LAST;

  const applies = (condition) => {
    if (condition === "child") return aboutChild();
    if (condition === "adult") return !aboutChild();
    if (condition === "noplace") return !all("input:not([type=hidden])", step("5")).some((box) => box.value.trim());
    const [name, codes] = condition.split("=");
    return chosen(name, codes.split(","));
  };
  const fit = () => {
    for (const part of all("[data-if]")) {
      part.hidden = !applies(part.dataset.if);
      for (const box of all("input", part)) box.disabled = part.hidden; // what is not asked is not sent
    }
  };

  const show = (name, focus = true) => {
    at = name;
    for (const s of all(".lk")) s.hidden = s.dataset.s !== name;
    fit();
    const number = Math.min(7, parseInt(name, 10));
    form.querySelector("#maju").hidden = !number;
    form.querySelector("progress").value = number;
    form.querySelector("#lgk").textContent = form.dataset.of.replace("#", number);
    const on = form.querySelector("#lanjut");
    on.hidden = on.nextElementSibling.hidden = name === "0" || name === LAST;
    if (name === LAST) review();
    if (!focus) return;
    scrollTo(0, 0);
    reach(all("h1,h2", step(name)).find((h) => !h.closest("[hidden]")));
  };
  const reach = (what) => {
    if (what.tabIndex < 0) what.tabIndex = -1; // says that it may be given focus, though not by Tab
    what.focus({ preventScroll: what.tagName.startsWith("H") });
  };
  const go = (name) => {
    document.querySelector("main > .galat:not([hidden])")?.remove();
    depth += 1;
    history.pushState({ s: name, d: depth, r: returning }, "");
    show(name);
  };
  const next = () => {
    const need = missing(at);
    if (need) return complain(need);
    const names = order();
    const urgent = at === "1" && names.includes("1a");
    returning = returning && !urgent;
    return go(returning ? firstMissing() : names[names.indexOf(at) + 1]);
  };
  const back = () => {
    if (depth) return history.back();
    const names = order();
    return show(names[Math.max(0, names.indexOf(at) - 1)]);
  };

  const complain = (name) => {
    const asked = form.querySelector(`#${name}`);
    const text = document.createElement("p");
    text.className = "salah";
    text.id = `${name}-salah`;
    text.tabIndex = -1;
    text.append(document.createElement("b"));
    text.firstChild.textContent = name === "signs" ? form.dataset.many : form.dataset.one;
    asked.querySelector(".salah")?.remove();
    asked.querySelector("legend").after(text);
    asked.setAttribute("aria-describedby", text.id);
    text.focus();
  };

  // The review says every question with its answer in words, and leads back to each.
  const review = () => {
    returning = true;
    const list = form.querySelector("#ringkasan");
    list.replaceChildren();
    for (const name of order()) {
      for (const part of all("fieldset,.bidang", step(name))) {
        if (!part.closest("[data-if][hidden]")) add(list, name, part);
      }
    }
  };
  const add = (list, name, part) => {
    const box = part.querySelector("input[type=text],input:not([type]),textarea,select");
    const label = box && box.tagName === "SELECT" ? step(name).querySelector("h2") : part.querySelector("legend,label");
    let said = all(":checked ~ span", part)
      .map((span) => (span.querySelector("b") || span).textContent.replace(/^\d\. /, "")).join("\n");
    if (box) said = box.tagName === "SELECT" ? box.selectedOptions[0].text : box.value.trim();
    if (!said && box && box.tagName === "INPUT") return;
    const row = document.createElement("div");
    const [dt, dd, answer, change, which] = ["dt", "dd", "span", "button", "span"].map((tag) => document.createElement(tag));
    dt.textContent = label.textContent;
    answer.textContent = said || part.dataset.empty || form.dataset.empty;
    change.type = "button";
    change.className = "teks polos-tbl";
    change.textContent = form.dataset.change;
    which.className = "sr";
    which.textContent = ` ${label.textContent}`;
    change.append(which);
    change.addEventListener("click", () => go(name));
    dd.append(answer, change);
    row.append(dt, dd);
    list.append(row);
  };

  const changed = (event) => {
    const box = event.target;
    if (box.type === "checkbox" && box.checked) {
      for (const other of all(`[name="${box.name}"]`)) {
        if (other !== box && (LONE.includes(box.value) || LONE.includes(other.value))) other.checked = false;
      }
    }
    if (box.name === "place") form.querySelector("#tempat").textContent = box.selectedOptions[0].text;
    const asked = box.closest("fieldset");
    if (asked) {
      asked.querySelector(".salah")?.remove();
      asked.removeAttribute("aria-describedby");
    }
    fit();
  };
  const count = (event) => {
    const box = event.target;
    if (box.tagName !== "TEXTAREA") return;
    const left = box.maxLength - box.value.length;
    const said = box.parentNode.querySelector("[role=status]");
    if (left > 100) said.textContent = "";
    else if (left % 10 === 0 || left < 10 || !said.textContent) said.textContent = form.dataset.left.replace("#", left);
  };

  const start = () => {
    const before = form;
    form = document.getElementById("kabar");
    if (!form || form === before) return;
    form.classList.add("satu");
    for (const part of all(".nojs")) part.hidden = true;
    for (const h of all("h2")) h.setAttribute("aria-level", "1"); // each step is a page to its reader
    for (const box of all("textarea")) {
      const said = document.createElement("p");
      said.className = "kecil redup";
      said.setAttribute("role", "status");
      box.after(said);
    }
    form.addEventListener("change", changed);
    form.addEventListener("input", count);
    form.querySelector("#lanjut").addEventListener("click", next);
    form.querySelector("#mundur").addEventListener("click", back);
    form.querySelector("#mulai").addEventListener("click", (event) => { event.preventDefault(); next(); });
    begin(before);
  };
  // A step that can be shown: no further than the first question that is still open.
  const within = (name) => {
    const names = order();
    const furthest = names.indexOf(firstMissing());
    const wanted = names.indexOf(name);
    return wanted < 0 || wanted > furthest ? names[furthest] : name;
  };
  const begin = (before) => {
    const fault = form.querySelector(".salah");
    const linked = location.hash ? form.querySelector(location.hash) : null;
    const named = (fault || linked)?.closest(".lk").dataset.s;
    if ("filled" in form.dataset) { // refused, or brought back: to the fault, else to the review
      const name = named || firstMissing();
      if (!before) history.replaceState({ s: name, d: 0, r: true }, "", location.pathname);
      returning = true;
      return show(name, !document.querySelector("[data-fokus]"));
    }
    if (history.state?.d) { // came back to an emptied form: to its first step
      show("0", false);
      return history.go(-history.state.d);
    }
    // on a slow line she may have begun on the long page before this script arrived
    const name = within(named || (chosenAny("danger") ? LAST : "0"));
    depth = linked ? 1 : 0;
    history.replaceState({ s: name, d: depth }, "", location.pathname + location.search);
    return show(name, name !== "0");
  };

  addEventListener("popstate", (event) => {
    if (!form) return location.reload();
    if (!event.state && location.hash) return; // a link within the page
    depth = event.state?.d || 0;
    returning = Boolean(event.state?.r);
    return show(within(event.state?.s || "0"));
  });
  // Enter in a field goes on; only the review sends. Before anybody else hears of it.
  addEventListener("submit", (event) => {
    if (event.target !== form || at === LAST) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    next();
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".galat a[href^='#']");
    const target = form && link && form.querySelector(link.hash);
    const where = target && target.closest(".lk");
    if (!where) return;
    event.preventDefault();
    show(where.dataset.s, false);
    reach(target);
  });
  document.addEventListener("htmx:afterSettle", start);
  start();
})();
