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

// Deciding: a decision is sent in the background and its row folds to one line, so that the list keeps its place.
// Keys act on the entry that has the focus: arrows, J and K move; A, N, S and X press its buttons; U undoes.
const list = document.querySelector("ol.entries[data-keys]");
if (list) {
  const told = document.getElementById("told");
  const rowAt = (element) => element?.closest("ol.entries > li");
  const openRows = () => [...list.children].filter((row) => !row.matches(".folded, [aria-busy]"));
  const isAfter = (row) => (other) => row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  const enter = (row) => {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const keepPlace = (change) => {
    const kept = rowAt(document.activeElement);
    const before = kept?.getBoundingClientRect().top;
    change();
    if (kept) window.scrollBy(0, kept.getBoundingClientRect().top - before);
  };
  const fold = (row, text) => {
    row.querySelector(".outcome")?.remove();
    const outcome = document.createElement("p");
    outcome.className = "outcome";
    outcome.textContent = text;
    row.append(outcome);
    row.classList.add("folded");
  };
  const show = (answer) => {
    const part = new DOMParser().parseFromString(answer, "text/html").querySelector("[data-waiting]");
    const chip = document.querySelector(".tabs [aria-current] .chip");
    if (chip) chip.textContent = part.dataset.waiting;
    told.replaceChildren(part);
    return part.firstElementChild.textContent.trim().replace(/\s+/g, " ");
  };
  let newest = 0;
  const send = async (form, button, settle) => {
    const turn = ++newest;
    const fields = new FormData(form, button);
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: fields, headers: { "X-Fragment": "1" }, keepalive: true,
      });
      if (!answer.headers.has("X-Fragment")) throw new Error(answer.statusText);
      const text = await answer.text();
      keepPlace(() => {
        const before = [...told.childNodes];
        settle(show(text));
        if (turn < newest) told.replaceChildren(...before); // a later act has been confirmed, or will be
      });
    } catch {
      form.submit(); // the whole page says why
    }
  };
  list.addEventListener("submit", (event) => {
    const form = event.target;
    const row = rowAt(form);
    if (form.closest(".part")) return;
    const next = openRows().find(isAfter(row));
    if (!next) return; // the last one: the page comes anew, with those that follow
    event.preventDefault();
    if (row.matches("[aria-busy]")) return;
    row.setAttribute("aria-busy", "true");
    enter(next);
    send(form, event.submitter, (text) => {
      row.removeAttribute("aria-busy");
      fold(row, text);
    });
  });
  told.addEventListener("submit", (event) => {
    const row = document.getElementById(`e${event.target.dataset.entry}`);
    if (!row || !list.contains(row)) return;
    event.preventDefault();
    send(event.target, event.submitter, () => {
      row.classList.remove("folded");
      row.querySelector(".outcome")?.remove();
      enter(row);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input:not([type=radio]), select, textarea")) return;
    const key = event.key.toLowerCase();
    const here = rowAt(document.activeElement);
    const steps = { arrowdown: 1, j: 1, arrowup: -1, k: -1 };
    if (key in steps) {
      if (event.target.matches("input[type=radio]") && key.startsWith("arrow")) return;
      const rows = openRows();
      const to = here ? rows.indexOf(here) + steps[key] : 0;
      event.preventDefault();
      if (rows[to]) enter(rows[to]);
      return;
    }
    const deed = (key === "u" ? told : here)?.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!deed) return;
    event.preventDefault();
    deed.click();
    if (deed.matches("summary")) deed.parentElement.querySelector("select")?.focus();
  });
  const target = list.querySelector("li:target") || (location.hash && openRows()[0]);
  if (target) enter(target);
}

// Unknown payers: the button says the numbers of what is ticked, as the page without script does when it is sent.
const payers = document.getElementById("payers");
if (payers) {
  const read = (text) => (text ? text.split(",").map((one) => one.split(":")) : []);
  const count = () => {
    let [donors, gifts, sums] = payers.dataset.others.split("/");
    [donors, gifts] = [Number(donors), Number(gifts)];
    const minor = new Map(read(sums).map(([currency, text]) => [currency, Number(text)]));
    for (const row of payers.querySelectorAll("li[data-gifts]")) {
      if (!row.querySelector("[name=take]").checked) continue;
      if (!row.querySelector("[name^=who-]")?.value) donors += 1;
      gifts += Number(row.dataset.gifts);
      for (const [currency, text] of read(row.dataset.sums)) minor.set(currency, (minor.get(currency) || 0) + Number(text));
    }
    const told = [...minor].sort();
    payers.elements.numbers.value = `${donors}/${gifts}/${told.map((one) => one.join(":")).join(",")}`;
    const words = told.map(([currency, sum]) => {
      const format = new Intl.NumberFormat(payers.dataset.lang, { style: "currency", currency });
      return format.format(sum / 10 ** format.resolvedOptions().maximumFractionDigits);
    });
    const label = payers.dataset.label.replace("{d}", donors).replace("{g}", gifts);
    payers.querySelector(".label").textContent = [label, ...words].join(", ");
  };
  payers.addEventListener("change", count);
}
