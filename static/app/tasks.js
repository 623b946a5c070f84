// Tasks to tick off, and a line to add one.

import { get, own, patch, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { choice, form, text } from "./forms.js";
import { dayInWords, dayOf, timeInWords, today } from "./words.js";

const GROUPS = ["Overdue", "Today", "Coming up", "Without a day"];
const NEW = "";

async function all(parts, query) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(parts, cursor ? { ...query, cursor } : query);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && items.length < 2000);
  return items;
}

export async function tasks(body, page) {
  const [projects, open] = await Promise.all([
    all(own("projects"), { limit: 200 }), all(own("tasks"), { status: "open", limit: 200 }),
  ]);
  const names = new Map(projects.map((project) => [project.id, project.name]));
  const lists = el("div");
  const draw = () => lists.replaceChildren(...groups(open, names, page.argument));
  body.append(adder(projects.filter((p) => p.status !== "archived"), async (task, project) => {
    names.set(project.id, project.name);
    open.unshift(task);
    draw();
  }), lists);
  draw();
  if (page.argument) {
    setTimeout(() => document.getElementById(`task-${page.argument}`)?.scrollIntoView({ block: "center" }), 50);
  }
}

const dueDay = (task) => task.dueDate || (task.dueAt ? dayOf(task.dueAt) : null);

function groups(open, names, marked) {
  const now = today();
  const sorted = Map.groupBy ? Map.groupBy(open, (t) => groupOf(t, now)) : byHand(open, now);
  const made = GROUPS.filter((name) => sorted.get(name)?.length).map((name) => {
    const found = sorted.get(name).sort((a, b) => (dueDay(a) || "").localeCompare(dueDay(b) || ""));
    return el("section", {}, el("h2", {}, `${name} (${found.length})`),
      el("ul", { class: "plain" }, found.map((task) => line(task, names, marked))));
  });
  return made.length ? made : [el("p", { class: "soft" }, "Nothing is open.")];
}

function byHand(open, now) {
  const sorted = new Map();
  for (const task of open) {
    const name = groupOf(task, now);
    sorted.set(name, [...(sorted.get(name) || []), task]);
  }
  return sorted;
}

function groupOf(task, now) {
  const day = dueDay(task);
  if (!day) return GROUPS[3];
  if (day < now) return GROUPS[0];
  return day === now ? GROUPS[1] : GROUPS[2];
}

function line(task, names, marked) {
  const due = task.dueAt ? timeInWords(task.dueAt) : task.dueDate ? dayInWords(task.dueDate) : "";
  const about = [names.get(task.projectId), due, task.status === "blocked" ? "blocked" : ""];
  const title = el("span", {}, task.title);
  const box = el("input", {
    type: "checkbox", checked: false,
    onchange: async () => {
      try {
        if (box.checked) await post(["tasks", task.id, "done"]);
        else await patch(["tasks", task.id], { status: task.status });
        title.className = box.checked ? "done" : "";
        say(box.checked ? "Done. Untick it to take that back." : "Open again.");
      } catch (error) {
        box.checked = !box.checked;
        say(error.message);
      }
    },
  });
  return el("li", { id: `task-${task.id}`, class: marked === task.id ? "marked" : "" },
    el("label", { class: "check" }, box, el("span", {}, title, el("br"),
      el("span", { class: "soft" }, about.filter(Boolean).join(" · ")))));
}

function adder(projects, onAdded) {
  const options = projects.map((project) => [project.id, project.name]);
  const where = projects.length
    ? choice("projectId", "Project", options[0][0], options)
    : text("project", "Project", "Personal", { hint: "You have none yet; this makes it." });
  return form("Add a task", [
    text("title", "New task", "", { autocomplete: "off", required: true }),
    el("div", { class: "pair" }, where, text("dueDate", "Due (optional)", NEW, { type: "date" })),
  ], "Add", async (read) => {
    let project = projects.find((known) => projects.length && known.id === read("projectId"));
    if (!project) {
      project = await post(["projects"], { name: read("project") });
      projects.push(project);
    }
    const task = { projectId: project.id, title: read("title") };
    if (read("dueDate")) task.dueDate = read("dueDate");
    await onAdded(await post(["tasks"], task), project);
    const title = document.querySelector("form [name=title]");
    title.value = "";
    title.focus();
    return "Added.";
  });
}

export { all, action };
