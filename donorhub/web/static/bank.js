// Extras on the bank's pages; everything works without them.

// The wizard reads the table anew after each choice, and stays where the reader was.
const wizard = document.querySelector("form[data-refresh]");
if (wizard) {
  const place = "bank-wizard-place";
  wizard.addEventListener("change", (event) => {
    if (["name", "remember"].includes(event.target.name)) return;
    sessionStorage.setItem(place, JSON.stringify([event.target.id, window.scrollY]));
    wizard.requestSubmit(wizard.querySelector("button:not([formmethod])"));
  });
  const before = JSON.parse(sessionStorage.getItem(place) || "null");
  sessionStorage.removeItem(place);
  if (before) {
    window.scrollTo(0, before[1]);
    document.getElementById(before[0])?.focus({ preventScroll: true });
  }
}

// Deciding by keyboard: arrows move; A, N, S and X press the button of the entry one is at.
const list = document.querySelector("ol.entries[data-keys]");
if (list) {
  const rows = [...list.children];
  let at = rows.findIndex((row) => row.matches(":target"));
  const move = (to) => {
    if (to < 0 || to >= rows.length) return;
    rows[at]?.classList.remove("here");
    at = to;
    rows[at].classList.add("here");
    rows[at].focus();
    rows[at].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input:not([type=radio]), select, textarea")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.target.matches("input[type=radio]")) return;
      event.preventDefault();
      move(at < 0 ? 0 : at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (at >= 0) {
      const deed = rows[at].querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
      if (!deed) return;
      event.preventDefault();
      deed.click();
      if (deed.matches("summary")) deed.parentElement.querySelector("select")?.focus();
    }
  });
}
