// Getting in with this phone's key, each time and after a pause. Without this script, or where a phone can keep
// no key, the form asks for a code from a printed card instead.
(() => {
  "use strict";
  const keys = window.phoneKeys;
  const get = (id) => document.getElementById(id);
  const unknown = () => { const wait = get("tunggu"); if (wait) wait.textContent = wait.dataset.unknown; };
  if (!keys) return unknown();
  const answer = async (entry, fields) => { // without an entry this throws, and the form goes as it is
    fields.device.value = entry.id;
    fields.proof.value = await keys.sign(entry, "sign-in", fields.challenge.value);
    if (!entry.credential) return; // else the phone was told to ask for its own lock as well: one script more
    await import(fields.passkey.form.dataset.passkey);
    fields.passkey.value = await keys.askPasskey(fields.challenge.value, entry.credential);
  };

  // Each time: who of this phone's people it is, and her PIN.
  const mine = get("hp");
  const choose = (entries, before) => {
    const list = get("siapa"), shape = get("seorang").content;
    for (const entry of entries) {
      const one = shape.cloneNode(true);
      const box = one.querySelector("input");
      box.value = entry.id;
      box.checked = entries.length === 1 || entry.id === before;
      one.querySelector("span").textContent = entry.name;
      list.append(one);
    }
    list.closest("fieldset").hidden = entries.length === 1;
  };
  const withCard = (card) => { get("dengan-kartu").hidden = !card; get("dengan-hp").hidden = card; };
  // She was quicker than this script, and is at the card's fields: they stay where they are.
  const isAtCard = () => get("dengan-kartu").contains(document.activeElement) ||
    !![...get("dengan-kartu").querySelectorAll("input:not([type=hidden])")].find((box) => box.value !== box.defaultValue);
  const startMine = async () => {
    const before = mine.elements.device.value;
    if ("gone" in mine.dataset) await keys.remove(before);
    const entries = (await keys.all()).sort((one, other) => (one.name < other.name ? -1 : 1));
    if (!entries.length) return unknown();
    choose(entries, before);
    get("tunggu").hidden = true;
    if (isAtCard()) get("dengan-hp").hidden = false;
    else withCard("card" in mine.dataset);
    get("pakai-kartu").addEventListener("click", () => { withCard(true); get("who").focus(); });
    keys.before(mine, (fields) => {
      const chosen = mine.querySelector("[name=siapa]:checked");
      return answer(entries.find((entry) => entry.id === chosen?.value), fields);
    });
  };
  // After a pause.
  const again = get("lagi");
  const startAgain = async () => {
    const held = keys.get(again.dataset.hp);
    keys.before(again, async (fields) => answer(await held, fields)); // at once: a tap may be quicker than the store
    get("hilang").hidden = !!(await held);
  };
  if (mine) startMine().catch(unknown);
  if (again) startAgain();
})();
