// A written brief: its tasks have boxes, and it knows what was done after it was written.

import { get, own } from "./api.js";
import { el } from "./dom.js";
import { markdown } from "./markdown.js";
import { pendingTicks } from "./offline.js";
import { tickBox } from "./task-list.js";
import { plural, t } from "./text.js";

// Where a task has a line of its own; elsewhere it is only mentioned.
const OWN_LINE = new Set(["do_first", "today", "late", "coming_up"]);

export function briefText(brief) {
  const named = new Map();
  for (const task of brief.namedTasks || []) {
    if (OWN_LINE.has(task.place) && !named.has(task.line)) named.set(task.line, task);
  }
  const made = el("article", { class: "card brief" }, markdown(brief.summaryContent, 2, (item, line) => {
    if (named.has(line)) withBox(item, named.get(line));
  }));
  showPending(made);
  return made;
}

function withBox(item, { taskId, title, status }) {
  const words = el("div", { class: "grow" }, ...item.childNodes);
  const mark = (done) => words.classList.toggle("done", done);
  item.classList.add("task");
  item.append(tickBox({ id: taskId, title, status }, mark), words);
  item.firstChild.dataset.task = taskId;
  mark(status === "done");
}

// Ticks that wait for the box are shown as they were made.
async function showPending(made) {
  for (const [id, done] of await pendingTicks()) {
    const box = made.querySelector(`input[data-task="${CSS.escape(id)}"]`);
    if (!box) continue;
    box.checked = done;
    box.nextSibling.classList.toggle("done", done);
  }
}

export function sinceThen(changes) {
  if (!changes) return "";
  const { done, added, moved, blocked } = changes;
  const said = [
    done && plural(done, "{count} done", "{count} done"), added && plural(added, "{count} added", "{count} added"),
    moved && plural(moved, "{count} moved", "{count} moved"), blocked && plural(blocked, "{count} blocked", "{count} blocked"),
  ].filter(Boolean);
  return said.length ? t(". Since then: {changes}.", { changes: said.join(", ") }) : "";
}

// All that is known of the day, for whoever wants it.
export function everything(day) {
  const place = el("div", { class: "brief" });
  const made = el("details", { class: "everything" }, el("summary", {}, t("Everything")), place);
  made.addEventListener("toggle", async () => {
    if (!made.open || place.children.length) return;
    try {
      const { fullContent } = await get(own("briefs", day), { view: "full" });
      place.replaceChildren(...markdown(fullContent, 3));
    } catch (error) {
      place.replaceChildren(el("p", { class: "bad" }, error.message));
    }
  });
  return made;
}
