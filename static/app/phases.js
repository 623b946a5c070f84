// The phases of a project, as the box has planned them.

import { all, find, get, own, person, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { folded } from "./forms.js";
import { t } from "./text.js";
import { shortDay } from "./dates.js";

const LIVE = "pending,processing,queued_for_retry";

export async function phases(place, project, page) {
  const [answer, { jobs }, tasks] = await Promise.all([
    project.phasesGenerated ? find(["projects", project.id, "phases"]) : null,
    get(own("jobs"), { type: "generate_phases", status: LIVE, limit: 100 }),
    all(own("tasks"), { project: project.id }),
  ]);
  if (page.isOver()) return;
  const titles = new Map(tasks.map((task) => [task.id, task]));
  const found = answer?.phases || [];
  const busy = jobs.some((job) => job.metadata?.projectId === project.id);
  const plan = action(found.length ? t("Plan anew") : t("Plan in phases"), async () => {
    await post(["queue", "phases"], { userId: person.id, projectId: project.id });
    say(t("{name} is being planned.", { name: project.name }));
    plan.replaceWith(el("p", { role: "status" }, t("Being planned…")));
  });
  const isOver = (phase) => idsOf(phase).every((id) => titles.get(id)?.status === "done");
  const [over, ahead] = [found.filter(isOver), found.filter((phase) => !isOver(phase))];
  place.replaceChildren(el("h2", {}, t("Phases")),
    ahead.length ? el("ol", { class: "phases" }, ahead.map((phase) => one(phase, titles))) : "",
    over.length ? folded(t("Finished"), false, el("ul", {}, over.map((phase) => one(phase, titles)))) : "",
    busy ? el("p", { role: "status" }, t("Being planned…")) : plan);
}

const idsOf = (phase) => (phase.taskIds || phase.tasks || []).map((task) => task.id || task);

const one = (phase, titles) => el("li", {}, el("strong", {}, phase.name), dates(phase),
  phase.description ? el("p", {}, phase.description) : null,
  el("ul", {}, idsOf(phase).map((id) => titles.get(id)).filter(Boolean)
    .map((task) => el("li", {}, el("a", { href: `#task-${task.id}`, class: task.status === "done" ? "done" : "" },
      task.title)))));

function dates(phase) {
  const [from, to] = [phase.startDate, phase.endDate || phase.dueDate].map((day) => day && shortDay(day));
  if (!from && !to) return "";
  const words = from && to && from !== to ? t(" {from} to {to}", { from, to }) : ` ${from || to}`;
  return el("span", { class: "soft" }, words);
}
