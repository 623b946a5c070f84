// Everything of one task, in a window above the list.

import { all, find, get, own, patch, put } from "./api.js";
import { action, dialog, el } from "./dom.js";
import { area, check, choice, folded, form, text } from "./forms.js";
import { t } from "./text.js";
import { removeTasks } from "./toggles.js";
import { dayOf, instantOf, shortDay, wallTime } from "./dates.js";

export const PRIORITIES = () => [["urgent", t("Urgent")], ["high", t("High")],
  ["medium", t("Medium")], ["low", t("Low")]];
export const STATES = () => [["todo", t("To do")], ["in_progress", t("In progress")],
  ["blocked", t("Blocked")], ["done", t("Done")]];

// `changed(task)` is called with what was saved, and with null when it is to be gone.
export async function editTask(id, changed) {
  const task = await find(["tasks", id]);
  if (!task) throw new Error(t("This task is not there any more."));
  const [{ dependsOn }, projects, open] = await Promise.all([
    get(["tasks", id, "dependencies"]), all(own("projects")), all(own("tasks"), { status: "open" }),
  ]);
  const window = dialog(t("Task"));
  const made = form(t("Task"), fields(task, projects, open, dependsOn), t("Save"), async (read) => {
    const saved = await patch(["tasks", id], {
      title: read("title"), description: read("description"), projectId: read("projectId"),
      priority: read("priority"), status: read("status"), ...due(read),
    });
    const wanted = read.all("dependsOn");
    if (wanted.join() !== dependsOn.toSorted().join()) {
      await put(["tasks", id, "dependencies"], { dependsOn: wanted });
    }
    window.close();
    await changed(saved);
    return t("Saved.");
  }, { keep: `task-${id}`, faults: { title: t("Say in a few words what is to be done.") } });
  made.querySelector("p.row").append(action(t("Delete"), async () => {
    window.close();
    await removeTasks([task], () => changed(null));
  }, { class: "quiet" }));
  window.append(made);
  made.elements.title.focus();
  made.elements.title.scrollLeft = 0; // its beginning is seen, wherever the caret is
  return window;
}

function fields(task, projects, open, dependsOn) {
  const shown = projects.filter((one) => one.status !== "archived" || one.id === task.projectId);
  const others = open.filter((one) => one.id !== task.id);
  const known = new Set(others.map((one) => one.id));
  const gone = dependsOn.filter((id) => !known.has(id));
  return [
    text("title", t("What is to be done"), task.title, { autocomplete: "off", maxlength: 1000 }),
    el("div", { class: "pair" },
      text("dueDay", t("Due on"), task.dueDate || (task.dueAt ? dayOf(task.dueAt) : ""), { type: "date" }),
      text("dueTime", t("At (optional)"), task.dueAt ? wallTime(task.dueAt) : "", { type: "time" })),
    choice("projectId", t("Project"), task.projectId, shown.map((one) => [one.id, one.name])),
    el("div", { class: "pair" },
      choice("priority", t("Priority"), task.priority, PRIORITIES()),
      choice("status", t("State"), task.status, STATES())),
    area("description", t("Description"), task.description),
    folded(t("Waits for other tasks ({count})", { count: dependsOn.length }), false,
      others.length || gone.length ? el("div", { class: "scroll", tabindex: 0, role: "group",
        "aria-label": t("Tasks that it waits for") },
      others.map((one) => check("dependsOn", label(one), dependsOn.includes(one.id), one.id)),
      gone.map((id) => check("dependsOn", t("A task that is done"), true, id)))
        : el("p", { class: "soft" }, t("There is no other open task."))),
  ];
}

function label(task) {
  const day = task.dueDate || (task.dueAt ? dayOf(task.dueAt) : null);
  return day ? t("{title} ({day})", { title: task.title, day: shortDay(day) }) : task.title;
}

// A day with a time is an instant; a time without a day is of no use.
function due(read) {
  const [day, wall] = [read("dueDay"), read("dueTime")];
  if (!day && wall) {
    const fault = new Error();
    fault.details = [{ field: "dueDay", whole: t("Choose a day for this time.") }];
    throw fault;
  }
  return day && wall ? { dueAt: instantOf(day, wall) } : { dueDate: day || null, dueAt: null };
}
