// Projects, and of one of them all: its tasks, notes, phases and fields.

import { all, find, get, own, patch, post } from "./api.js";
import { action, dialog, el, say } from "./dom.js";
import { area, choice, form, text } from "./forms.js";
import { listen } from "./live.js";
import { notes } from "./notes.js";
import { phases } from "./phases.js";
import { t } from "./text.js";
import { byDue, howMany, taskLine } from "./task-list.js";
import { added, isGoing, removeThing } from "./toggles.js";
import { shortDay } from "./dates.js";

const STATES = () => [["active", t("Active")], ["paused", t("Paused")], ["completed", t("Completed")],
  ["archived", t("Archived")]];

const fields = (project = {}) => [
  text("name", t("Name"), project.name, { autocomplete: "off", maxlength: 1000 }),
  area("description", t("What it is about"), project.description),
  el("div", { class: "pair" },
    text("startDate", t("Begins"), project.startDate, { type: "date" }),
    text("dueDate", t("Due on"), project.dueDate, { type: "date" }),
    project.id ? choice("status", t("State"), project.status, STATES()) : null),
];

const given = (read) => ({ name: read("name"), description: read("description"),
  startDate: read("startDate") || null, dueDate: read("dueDate") || null });
const FAULTS = () => ({ name: t("Give the project a name.") });

export async function projects(body, page) {
  const place = el("div");
  const draw = async () => {
    const [found, open] = await Promise.all([all(own("projects")), all(own("tasks"), { status: "open" })]);
    if (page.isOver()) return;
    const counts = new Map();
    for (const task of open) counts.set(task.projectId, (counts.get(task.projectId) || 0) + 1);
    const shown = found.filter((one) => !isGoing(one.id));
    const live = shown.filter((one) => one.status === "active");
    place.replaceChildren(
      live.length ? list(live, counts) : el("p", { class: "soft" }, t("You have no project yet.")),
      ...STATES().slice(1).map(([state, words]) => {
        const some = shown.filter((one) => one.status === state);
        return some.length ? el("details", {}, el("summary", {},
          t("{state} ({count})", { state: words, count: some.length })), list(some, counts)) : "";
      }));
  };
  body.append(el("div", { class: "row" }, action(t("New project"), () => create(draw), { class: "main" }),
    el("a", { href: "#work" }, t("How you work"))), place);
  await draw();
}

const list = (some, counts) => el("ul", { class: "plain" }, some.map((project) => el("li", {},
  el("a", { href: `#project-${project.id}`, class: "title" }, project.name),
  el("p", { class: "soft" }, [
    counts.get(project.id) ? t("{tasks} open", { tasks: howMany(counts.get(project.id)) }) : t("nothing open"),
    project.dueDate ? t("due {day}", { day: shortDay(project.dueDate) }) : null,
  ].filter(Boolean).join(" · ")))));

function create(draw) {
  const window = dialog(t("New project"));
  const made = form(t("New project"), fields(), t("Make it"), async (read) => {
    const project = await post(["projects"], given(read));
    window.close();
    await draw();
    return t("“{name}” is made.", { name: project.name });
  }, { keep: "new-project", faults: FAULTS() });
  window.append(made);
  made.elements.name.focus();
}

export async function projectPage(body, page) {
  const id = page.argument;
  let found = await find(["projects", id]);
  if (!found) {
    body.append(el("p", {}, t("This project is not there any more.")),
      el("p", {}, el("a", { href: "#projects" }, t("All projects"))));
    return;
  }
  const about = el("div");
  const tasks = el("section", {});
  const draw = () => {
    page.heading.textContent = found.name;
    about.replaceChildren(
      found.description ? el("p", {}, found.description) : "",
      el("p", { class: "soft" }, [STATES().find(([key]) => key === found.status)[1],
        found.dueDate ? t("due {day}", { day: shortDay(found.dueDate) }) : null].filter(Boolean).join(" · ")),
      el("div", { class: "row" },
        action(t("Edit"), () => edit(found, (changed) => { found = changed; draw(); })),
        action(found.status === "archived" ? t("Bring it back") : t("Archive"), () => archive())));
  };
  const archive = async () => {
    const before = found.status;
    const after = before === "archived" ? "active" : "archived";
    found = await patch(["projects", id], { status: after });
    draw();
    page.heading.focus();
    say(after === "archived" ? t("Archived: its tasks are in no brief any more.") : t("It is active again."),
      async () => { found = await patch(["projects", id], { status: before }); draw(); });
  };
  const drawTasks = async () => {
    const open = await all(own("tasks"), { status: "open", project: id });
    if (page.isOver()) return;
    const names = new Map();
    tasks.replaceChildren(el("h2", {}, t("Tasks")), open.length
      ? el("ul", { class: "plain" }, open.filter((task) => !isGoing(task.id)).toSorted(byDue)
        .map((task) => taskLine(task, { names, changed: drawTasks })))
      : el("p", { class: "soft" }, t("Nothing is open here.")), adder(id, drawTasks));
  };
  const written = el("section", {});
  const planned = el("section", {});
  draw();
  body.append(about, tasks, written, planned, el("p", {}, el("a", { href: "#projects" }, t("All projects"))));
  const drawPhases = async () => phases(planned, await get(["projects", id]), page);
  page.until(listen((type, data) => {
    const ours = data?.jobType === "generate_phases";
    if (type === "phases.ready" || (type === "job.updated" && ours)) drawPhases().catch((error) => say(error.message));
  }));
  await Promise.all([drawTasks(), notes(written, found, page), phases(planned, found, page)]);
}

const adder = (projectId, onAdded) => {
  const made = form(t("Add a task"), [text("title", t("New task"), "", { autocomplete: "off", maxlength: 1000 })],
    t("Add"), async (read) => {
      const task = await post(["tasks"], { projectId, title: read("title") });
      await onAdded();
      document.querySelector("form [name=title]").focus();
      return added(["tasks", task.id], onAdded);
    }, { faults: { title: t("Say in a few words what is to be done.") } });
  made.classList.add("line");
  return made;
};

function edit(one, changed) {
  const window = dialog(t("Project"));
  const made = form(t("Project"), fields(one), t("Save"), async (read) => {
    changed(await patch(["projects", one.id], { ...given(read), status: read("status") }));
    window.close();
    return t("Saved.");
  }, { keep: `project-${one.id}`, faults: FAULTS() });
  made.querySelector("p.row").append(action(t("Delete with its tasks and notes"), async () => {
    window.close();
    await removeThing(["projects", one.id], one.name, () => {
      location.hash = "#projects";
      document.dispatchEvent(new Event("show-again"));
    });
  }, { class: "quiet" }));
  window.append(made);
  made.elements.name.focus();
}
