// The session log: total, date and place. Looked up anew each time: htmx may have swapped them.
(() => {
  const get = (id) => document.getElementById(id);
  const fit = () => {
    const total = get("jumlah"), date = get("held_on"), place = get("place");
    if (!total) return;
    let sum = 0;
    for (const box of document.querySelectorAll(".hitung input")) sum += +box.value.trim().match(/^\d{1,3}$/);
    const said = total.lastElementChild;
    if (said.textContent !== `${sum}`) said.textContent = sum;
    total.hidden = false;
    get("hari-lain").hidden = date.disabled = !document.querySelector("[name=when][value=other]").checked;
    if (place) get("tempat").textContent = place.selectedOptions[0].text;
  };
  for (const on of ["input", "htmx:afterSettle"]) addEventListener(on, fit);
  fit();
})();
