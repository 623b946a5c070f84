// Tasks: open ones by day, late ones to be sorted out at once, done ones.

import { all, get, own } from "./api.js";
import { action, el, say } from "./dom.js";
import { check, choice, text } from "./forms.js";
import { pendingTicks } from "./offline.js";
import { quickAdd } from "./quick-add.js";
import { t } from "./text.js";
import { editTask, PRIORITIES } from "./task-editor.js";
import { byDue, howMany, taskLine, tickBox } from "./task-list.js";
import { DAYS, dueDay, isGoing, moveTo, removeTasks } from "./toggles.js";
import { addDays, capital, shortDay, timeInWords, today, weekOf } from "./dates.js";

const SHOWN = 50;
const wanted = { words: "", project: "", priority: "" };

async function read() {
  const [projects, open, ticked] = await Promise.all([
    all(own("projects")), all(own("tasks"), { status: "open" }), pendingTicks(),
  ]);
  for (const task of open) if (ticked.get(task.id)) task.status = "done";
  return { projects, names: new Map(projects.map((one) => [one.id, one.name])), open };
}

export async function tasks(body, page) {
  let { projects, names, open } = await read();
  const lists = el("div");
  const draw = () => lists.replaceChildren(...groups(open.filter((task) => !isGoing(task.id) && fits(task)),
    { names, marked: page.argument, changed: draw }));
  let search = filters(projects, draw);
  const again = async () => {
    const known = names;
    ({ projects, names, open } = await read());
    if (page.isOver()) return;
    if (projects.some((one) => known.get(one.id) !== one.name)) {
      const made = filters(projects, draw);
      search.replaceWith(made);
      search = made;
    }
    draw();
  };
  body.append(quickAdd(again), search, lists,
    el("p", {}, el("a", { href: "#tasks-done" }, t("Done tasks"))), keysInWords());
  draw();
  page.until(keepFresh(again));
  if (page.argument) setTimeout(() => openNamed(page, again), 50);
}

// The address names a task: it is shown in the list, and opened.
async function openNamed(page, again) {
  document.getElementById(`task-${page.argument}`)?.scrollIntoView({ block: "center" });
  try {
    const window = await editTask(page.argument, again);
    if (page.isOver()) { window.close(); return; }
    window.addEventListener("close", () => {
      page.setAddress("tasks");
      document.querySelector(`#task-${CSS.escape(page.argument)} a`)?.focus();
    });
  } catch (error) {
    say(error.message);
  }
}

// Drawn anew when the window comes back to the front, and when what was kept has been sent.
export function keepFresh(again) {
  const look = () => {
    if (document.visibilityState === "visible") again().catch(() => {});
  };
  document.addEventListener("visibilitychange", look);
  document.addEventListener("ticks-sent", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    document.removeEventListener("ticks-sent", look);
  };
}

const fits = (task) => (!wanted.project || task.projectId === wanted.project)
  && (!wanted.priority || task.priority === wanted.priority)
  && wanted.words.split(/\s+/).every((word) =>
    `${task.title} ${task.description}`.toLowerCase().includes(word));

function filters(projects, draw) {
  const words = text("words", t("Find"), wanted.words, { type: "search" });
  const project = choice("project", t("Project"), wanted.project,
    [["", t("All projects")], ...projects.filter((one) => one.status !== "archived").map((one) => [one.id, one.name])]);
  const priority = choice("priority", t("Priority"), wanted.priority, [["", t("All priorities")], ...PRIORITIES()]);
  const made = el("div", { class: "pair filters", role: "search", "aria-label": t("Filter the tasks") },
    words, project, priority);
  made.addEventListener("input", () => {
    wanted.words = words.querySelector("input").value.toLowerCase().trim();
    wanted.project = project.querySelector("select").value;
    wanted.priority = priority.querySelector("select").value;
    draw();
  });
  return made;
}

function groups(found, options) {
  const sorted = new Map();
  for (const task of found.toSorted(byDue)) {
    const name = groupOf(task);
    sorted.set(name, [...(sorted.get(name) || []), task]);
  }
  const made = [...sorted].map(([name, list]) => el("section", {},
    el("h2", {}, t("{group} ({count})", { group: name, count: list.length })),
    name === t("Late") ? el("p", {}, el("a", { href: "#late" }, t("Sort out what is late"))) : null,
    shortened(list, options)));
  return made.length ? made : [el("p", { class: "soft" }, isFiltered()
    ? t("No open task fits.") : t("Nothing is open. A fine moment."))];
}

const isFiltered = () => Boolean(wanted.words || wanted.project || wanted.priority);

function groupOf(task) {
  const [day, now] = [dueDay(task), today()];
  if (!day) return t("Without a day");
  if (day < now) return t("Late");
  if (day < addDays(now, 7)) return capital(shortDay(day));
  return day < addDays(weekOf(now), 14) ? t("Next week") : t("Later");
}

function shortened(list, options) {
  const lines = el("ul", { class: "plain" });
  const add = (some) => lines.append(...some.map((task) =>
    taskLine(task, { ...options, marked: options.marked === task.id })));
  add(list.slice(0, SHOWN));
  if (list.length <= SHOWN) return lines;
  const more = action(t("Show all {count}", { count: list.length }), () => {
    add(list.slice(SHOWN));
    lines.children[SHOWN].querySelector("a").focus();
    more.remove();
  });
  return [lines, more];
}

const keysInWords = () => el("p", { class: "soft keys" }, t("On a task that has the focus: "
  + "t today, m tomorrow, w next week, n no day, Delete, Enter to open."));

export async function lateTasks(body, page) {
  let { names, open } = await read();
  const place = el("div");
  const late = () => open.filter((task) => dueDay(task) && dueDay(task) < today()
    && task.status !== "done" && !isGoing(task.id)).toSorted((a, b) => byDue(b, a));
  const draw = () => {
    if (page.isOver()) return;
    place.replaceChildren(...sortOut(late(), names, draw));
  };
  body.append(place, el("p", {}, el("a", { href: "#tasks" }, t("All tasks"))));
  draw();
  page.until(keepFresh(async () => {
    ({ names, open } = await read());
    draw();
  }));
}

function sortOut(late, names, draw) {
  if (!late.length) return [el("p", {}, t("Nothing is late."))];
  const chosen = () => {
    const ids = new Set([...list.querySelectorAll("input:checked")].map((input) => input.value));
    return late.filter((task) => ids.has(task.id));
  };
  const list = el("ul", { class: "plain" }, late.map((task) => el("li", {},
    check("late", el("span", {}, task.title, " ", el("span", { class: "soft" }, t("({project}, due {day})",
      { project: names.get(task.projectId), day: shortDay(dueDay(task)) }))), true, task.id))));
  const every = check("every", t("All {tasks}", { tasks: howMany(late.length) }), true);
  every.addEventListener("change", () => {
    for (const box of list.querySelectorAll("input")) box.checked = every.querySelector("input").checked;
  });
  const withChosen = (work) => async () => {
    const some = chosen();
    if (!some.length) throw new Error(t("Choose at least one task."));
    await work(some);
    document.querySelector("h1").focus();
  };
  return [
    el("p", {}, t("Choose the tasks, then when you will do them.")),
    every, list,
    el("div", { class: "row sticky", role: "group", "aria-label": t("What to do with the chosen tasks") },
      DAYS().map(([, words, day], n) => action(words,
        withChosen((some) => moveTo(some, day(), words, draw)), { class: n === 1 ? "main" : "" })),
      action(t("Drop"), withChosen((some) => removeTasks(some, draw)))),
  ];
}

export async function doneTasks(body, page) {
  const list = el("ul", { class: "plain" });
  const names = new Map((await all(own("projects"))).map((one) => [one.id, one.name]));
  let cursor = null;
  const add = async () => {
    const query = { status: "done", limit: 50 };
    const found = await get(own("tasks"), cursor ? { ...query, cursor } : query);
    if (page.isOver()) return;
    list.append(...found.items.map((task) => el("li", { class: "task" }, tickBox(task), el("div", { class: "grow" },
      el("a", { href: `#task-${task.id}`, class: "title" }, task.title),
      el("p", { class: "soft" }, t("{project} · done {when}",
        { project: names.get(task.projectId), when: timeInWords(task.completedAt) }))))));
    cursor = found.nextCursor;
    more.hidden = !cursor;
  };
  const more = action(t("Show more"), add);
  await add();
  body.append(list.children.length ? list : el("p", { class: "soft" }, t("Nothing was done yet.")), more,
    el("p", {}, el("a", { href: "#tasks" }, t("Open tasks"))));
}

