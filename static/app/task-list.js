// One task in a list: tick it, open it, put it on another day by its buttons, keys or by dragging.

import { action, el, newId, say } from "./dom.js";
import { icon } from "./icons.js";
import { plural, t } from "./text.js";
import { DAYS, dueDay, moveTo, removeTasks, tick } from "./toggles.js";
import { capital, clock, shortDay, today } from "./dates.js";

export function dueInWords(task) {
  if (task.dueAt) return t("{day} at {time}", { day: shortDay(dueDay(task)), time: clock(task.dueAt) });
  return task.dueDate ? shortDay(task.dueDate) : "";
}

const RANK = { urgent: 0, high: 1, medium: 2, low: 3 };
// A day without a time comes after the times of that day, and no day after all days.
const dueOrder = (task) => `${dueDay(task) || "9"} ${task.dueAt || "~"} ${RANK[task.priority]}`;

export const byDue = (a, b) => (dueOrder(a) < dueOrder(b) ? -1 : 1);

function about(task, names) {
  const late = dueDay(task) && dueDay(task) < today();
  const words = [
    names.get(task.projectId),
    { in_progress: t("in progress"), blocked: t("blocked") }[task.status],
    { urgent: t("urgent"), high: t("high priority"), low: t("low priority") }[task.priority],
  ].filter(Boolean);
  return [
    dueInWords(task) ? el("span", { class: late ? "bad" : "" }, capital(dueInWords(task))) : null,
    words.length ? (dueInWords(task) ? " · " : "") + words.join(" · ") : null,
  ];
}

export function tickBox(task, onTicked = () => {}) {
  const box = el("input", { type: "checkbox", checked: task.status === "done", "aria-label": task.title });
  box.addEventListener("change", async () => {
    try {
      const sent = await tick(task, box.checked);
      onTicked(box.checked);
      if (!sent) say(t("Kept here; the box is told when it can be reached."));
      else say(box.checked ? t("Done.") : t("Open again."), box.checked ? async () => {
        box.checked = false;
        await tick(task, false);
        onTicked(false);
      } : null);
    } catch (error) {
      box.checked = !box.checked;
      say(error.message);
    }
  });
  return box;
}

// `changed()` has the list drawn anew.
export function taskLine(task, { names, changed, marked }) {
  const id = newId("days");
  const title = el("a", { href: `#task-${task.id}`, class: "title",
    "aria-keyshortcuts": [...DAYS().map(([key]) => key), "Delete"].join(" ") }, task.title);
  const days = el("div", { id, class: "row days", hidden: true }, DAYS().map(([, words, day]) =>
    action(words, () => moveTo([task], day(), words, changed), { class: "small" })));
  const more = el("button", { type: "button", class: "quiet small", "aria-expanded": "false",
    "aria-controls": id, "aria-label": t("Move to another day: {title}", { title: task.title }) }, icon("calendar"));
  more.addEventListener("click", () => {
    days.hidden = !days.hidden;
    more.setAttribute("aria-expanded", String(!days.hidden));
  });
  const made = el("li", { id: `task-${task.id}`, class: marked ? "task marked" : "task", draggable: "true" },
    tickBox(task, (done) => title.classList.toggle("done", done)),
    el("div", { class: "grow" }, title, el("p", { class: "soft" }, about(task, names))), more, days);
  made.addEventListener("keydown", (event) => keys(event, task, changed));
  made.addEventListener("dragstart", (event) => startDrag(event, task, changed));
  return made;
}

// Keys work on the task that has the focus, and on nothing else.
function keys(event, task, changed) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") return;
  const found = DAYS().find(([key]) => key === event.key);
  const work = found ? () => moveTo([task], found[2](), found[1], changed)
    : event.key === "Delete" ? () => removeTasks([task], changed) : null;
  if (!work) return;
  event.preventDefault();
  work().catch((error) => say(error.message));
}

// While a task is dragged, days to drop it on lie at the foot of the window.
function startDrag(event, task, changed) {
  event.dataTransfer.setData("text/plain", task.title);
  event.dataTransfer.effectAllowed = "move";
  const bar = el("div", { class: "drop-bar", "aria-hidden": "true" }, DAYS().map(([, words, day]) => {
    const place = el("div", { class: "drop" }, words);
    place.addEventListener("dragover", (over) => { over.preventDefault(); place.classList.add("over"); });
    place.addEventListener("dragleave", () => place.classList.remove("over"));
    place.addEventListener("drop", (drop) => {
      drop.preventDefault();
      moveTo([task], day(), words, changed).catch((error) => say(error.message));
    });
    return place;
  }));
  // Chromium ends a drag whose start changes the page at once.
  setTimeout(() => document.body.append(bar), 0);
  event.target.addEventListener("dragend", () => bar.remove(), { once: true });
}

export const howMany = (count) => plural(count, "{count} task", "{count} tasks");
