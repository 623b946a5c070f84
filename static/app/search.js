// One search over tasks, projects, notes and events.

import { get, own } from "./api.js";
import { el } from "./dom.js";
import { text } from "./forms.js";
import { plural, t } from "./text.js";
import { capital, dayOf, shortDay } from "./dates.js";

const PAUSE = 200;
const KINDS = () => ({ task: t("Task"), project: t("Project"), note: t("Note"), event: t("Event") });

export async function search(body, page) {
  const field = text("q", t("Words"), page.argument || "", { type: "search", autocomplete: "off",
    hint: t("Tasks, projects, notes and events that have all of them.") });
  const input = field.querySelector("input");
  const told = el("p", { role: "status", class: "soft" });
  const list = el("ul", { class: "plain" });
  let asked = 0;
  const look = async () => {
    const mine = (asked += 1);
    const words = input.value.trim();
    page.setAddress(words ? `search-${words}` : "search");
    const { items } = words ? await get(own("search"), { q: words }) : { items: [] };
    if (mine !== asked || page.isOver()) return;
    list.replaceChildren(...items.map(line));
    told.textContent = words ? plural(items.length, "{count} found.", "{count} found.") : "";
  };
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch((error) => { told.textContent = error.message; }), PAUSE);
  });
  const made = el("form", { role: "search", "aria-label": t("Search everything") }, field);
  made.addEventListener("submit", (event) => { event.preventDefault(); look().catch(() => {}); });
  body.append(made, told, list);
  if (page.argument) await look();
  setTimeout(() => { if (!page.isOver()) input.focus(); }, 0);
}

function line(item) {
  const href = { task: `#task-${item.id}`, project: `#project-${item.id}`, event: `#event-${item.id}`,
    note: `#project-${item.projectId}` }[item.kind];
  const day = item.day || (item.at ? dayOf(item.at) : null);
  const about = [KINDS()[item.kind], day ? capital(shortDay(day)) : null,
    item.status === "done" ? t("done") : null].filter(Boolean).join(" · ");
  return el("li", {}, el("a", { href, class: "title" }, item.title || item.excerpt || t("Note")),
    el("p", { class: "soft" }, about, item.title && item.excerpt ? ` · ${item.excerpt}` : ""));
}
