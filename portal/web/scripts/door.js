// Fields for a PIN or passphrase: show what was typed, and offer the letters too.
for (const button of document.querySelectorAll("[data-show],[data-letters]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const { show, letters } = button.dataset;
    const box = document.getElementById(show || letters);
    if (show) {
      const shown = box.type === "text";
      box.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    } else {
      box.inputMode = "text";
      box.focus();
      button.hidden = true;
    }
  });
}
