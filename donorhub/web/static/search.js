// The search box while one types: answers under it, by the combobox pattern; without this, Enter shows them.
const box = document.getElementById("q");
const panel = document.getElementById("found");
const count = document.getElementById("found-count"); // for who hears the page
if (box && panel) {
  let turn = 0, timer, chosen = null, isOld = false; // isOld: the answers are those of what stood there before
  const options = () => [...panel.querySelectorAll("[role=option]")];
  const close = () => {
    turn += 1; // what is on its way comes too late
    clearTimeout(timer);
    panel.hidden = true;
    count.textContent = "";
    choose(null);
    box.setAttribute("aria-expanded", "false");
  };
  const choose = (option) => {
    chosen?.setAttribute("aria-selected", "false");
    chosen = option;
    if (!option) return box.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  };
  const show = async () => {
    const mine = ++turn;
    const address = `${box.form.action}?q=${encodeURIComponent(box.value.trim())}`;
    const answer = await fetch(address, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (mine !== turn || !answer?.ok || answer.redirected) return;
    const text = await answer.text();
    if (mine !== turn) return;
    choose(null);
    isOld = false;
    panel.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.children);
    panel.hidden = false;
    count.textContent = panel.firstElementChild?.dataset.count || "";
    box.setAttribute("aria-expanded", "true");
  };
  for (const [name, value] of Object.entries({ role: "combobox", autocomplete: "off", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-haspopup": "listbox", "aria-controls": "answers" })) box.setAttribute(name, value);
  box.addEventListener("input", () => {
    clearTimeout(timer);
    choose(null); // Enter must not open what was chosen for another text
    isOld = true;
    if (box.value.trim().length < 2) return close();
    timer = setTimeout(show, 150);
  });
  box.addEventListener("keydown", (event) => {
    const all = panel.hidden || isOld ? [] : options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault(); // else the text would go too
      close();
    } else if (step && all.length) {
      event.preventDefault();
      const place = all.indexOf(chosen) + step;
      choose(place === -1 && step < 0 ? null : all[place === -2 ? all.length - 1 : place] || null);
    } else if (step === 1 && box.value.trim().length > 1) {
      event.preventDefault();
      show();
    } else if (event.key === "Enter" && chosen && !event.isComposing) {
      event.preventDefault();
      location.assign(chosen.dataset.href);
    }
  });
  panel.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  panel.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.href);
  });
  box.addEventListener("blur", close);
  if ("keys" in box.dataset) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest("input, select, textarea, [contenteditable]")) return;
      event.preventDefault();
      box.focus();
      box.select();
    });
  }
}
