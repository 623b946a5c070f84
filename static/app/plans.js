// What the box worked out: phases of projects, and the first analysis of how someone works.

import { find, get, own, person, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { area, form } from "./forms.js";
import { listen } from "./live.js";
import { all } from "./tasks.js";
import { dayInWords } from "./words.js";

const LIVE = "pending,processing,queued_for_retry";

export async function plans(body, page) {
  const projects = el("section", {});
  const analysis = el("section", {});
  body.append(projects, analysis);
  const draw = () => Promise.all([drawProjects(projects, page), drawAnalysis(analysis, page)]);
  page.until(listen((type, data) => {
    const ours = ["generate_phases", "onboarding_analysis"].includes(data?.jobType);
    if (["phases.ready", "onboarding.completed", "opened"].includes(type)
      || (type === "job.updated" && ours)) draw().catch((error) => say(error.message));
  }));
  await draw();
}

async function drawProjects(place, page) {
  const found = (await all(own("projects"), { limit: 200 })).filter((p) => p.status !== "archived");
  const { jobs } = await get(own("jobs"), { type: "generate_phases", status: LIVE, limit: 100 });
  const busy = new Set(jobs.map((job) => job.metadata?.projectId));
  const titles = new Map((await all(own("tasks"), { limit: 200 })).map((t) => [t.id, t.title]));
  const cards = await Promise.all(found.map(async (project) =>
    card(project, await find(["projects", project.id, "phases"]), busy.has(project.id), titles)));
  if (page.isOver()) return;
  place.replaceChildren(el("h2", {}, "Projects"),
    ...(cards.length ? cards : [el("p", { class: "soft" }, "You have no project yet.")]));
  if (page.argument) {
    setTimeout(() => document.getElementById(`project-${page.argument}`)?.scrollIntoView(), 50);
  }
}

function card(project, answer, busy, titles) {
  const phases = answer?.phases || answer?.items || [];
  const plan = action(phases.length ? "Plan anew" : "Plan in phases", async () => {
    await post(["queue", "phases"], { userId: person.id, projectId: project.id });
    say(`${project.name} is being planned.`);
    plan.replaceWith(el("p", { role: "status" }, "Being planned…"));
  });
  return el("article", { class: "card", id: `project-${project.id}` }, el("h3", {}, project.name),
    project.description ? el("p", {}, project.description) : null,
    phases.length ? el("ol", {}, phases.map((phase) => el("li", {}, el("strong", {}, phase.name),
      phase.description ? ` – ${phase.description}` : "", dates(phase),
      el("ul", {}, (phase.taskIds || phase.tasks || []).map((task) =>
        el("li", {}, task.title || titles.get(task.id || task) || String(task.id || task))))))) : null,
    busy ? el("p", { role: "status" }, "Being planned…") : plan);
}

function dates(phase) {
  const named = [phase.startDate, phase.endDate || phase.dueDate].filter(Boolean).map(dayInWords);
  return named.length ? el("span", { class: "soft" }, ` (${named.join(" to ")})`) : "";
}

async function drawAnalysis(place, page) {
  const [found, { jobs }] = await Promise.all([find(own("onboarding")),
    get(own("jobs"), { type: "onboarding_analysis", status: LIVE, limit: 1 })]);
  if (page.isOver() || place.contains(document.activeElement) && place.querySelector("form")) return;
  const parts = [el("h2", {}, "How you work")];
  if (jobs.length) parts.push(el("p", { role: "status" }, "What you wrote is being read…"));
  else if (found) parts.push(...shown(found), again(place));
  else parts.push(questions());
  place.replaceChildren(...parts);
}

function shown({ analysis, source }) {
  const optimizations = analysis.workflow_optimizations || analysis.workflowOptimizations;
  const recommended = analysis.recommended_features || analysis.recommendedFeatures;
  const practices = analysis.best_practices || analysis.bestPractices;
  const list = (title, items) => items?.length
    ? [el("h3", {}, title), el("ul", {}, items.map((item) => el("li", {}, item)))] : [];
  return [
    ...list("What stands out", analysis.insights),
    ...list("What could change", optimizations?.map((o) => `${o.title}: ${o.description}`)),
    ...list("What may help here", recommended?.map((r) => `${r.feature.replaceAll("_", " ")}: ${r.reason}`)),
    ...list("Good habits", practices),
    el("p", { class: "soft" }, source === "builtin"
      ? "By fixed rules over what you wrote, no language model." : `By ${source}.`),
  ];
}

const again = (place) => action("Answer the questions again", () => {
  const asked = questions();
  place.replaceChildren(el("h2", {}, "How you work"), asked);
  asked.querySelector("textarea").focus();
});

function questions() {
  const lines = (written) => written.split("\n").map((line) => line.trim()).filter(Boolean);
  const made = form("How you work", [
    el("p", {}, "Say a little of your work, and the box suggests how to go about it."),
    area("description", "What do you work on?"),
    area("goals", "What do you want to reach?", "", { hint: "One a line." }),
    area("challenges", "What gets in the way?", "", { hint: "One a line." }),
  ], "Send", async (read) => {
    await post(["queue", "onboarding"], { userId: person.id, options: { forceRegenerate: true },
      userContext: { name: person.name, description: read("description"),
        goals: lines(read("goals")), challenges: lines(read("challenges")) } });
    made.replaceWith(el("p", { role: "status" }, "What you wrote is being read…"));
    document.querySelector("h1").focus();
    return "Sent.";
  });
  return made;
}
