// Printing needs script: without it the button is not shown, and the browser's own menu prints the same page.
for (const button of document.querySelectorAll("[data-cetak]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
