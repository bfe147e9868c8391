// The session log: the running total, and a date only where another day is chosen.
(() => {
  "use strict";
  const total = document.getElementById("jumlah");
  const heads = [...document.querySelectorAll(".hitung input")];
  const count = () => {
    total.querySelector("output").value = heads.reduce((sum, box) => sum + (/^\d+$/.test(box.value.trim()) ? Number(box.value) : 0), 0);
  };
  total.hidden = false;
  for (const box of heads) box.addEventListener("input", count);
  count();

  const other = document.querySelector("[name=when][value=other]");
  const fit = () => { document.getElementById("hari-lain").hidden = !other.checked; };
  for (const box of document.querySelectorAll("[name=when]")) box.addEventListener("change", fit);
  fit();

  const place = document.getElementById("place");
  if (place) place.addEventListener("change", () => { document.getElementById("tempat").textContent = place.selectedOptions[0].text; });
})();
