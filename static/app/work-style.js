// What the box worked out from the answers of a person about how they work.

import { find, get, own, person, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { area, form } from "./forms.js";
import { listen } from "./live.js";
import { parts, t } from "./text.js";

// What may be recommended, and where it is on this page.
const FEATURES = () => ({
  daily_brief: [t("The daily brief"), "#today"],
  phases: [t("Phases of a project"), "#projects"],
  task_dependencies: [t("Tasks that wait for others"), "#tasks"],
  calendar_events: [t("The calendar"), "#calendar"],
  sms_reminders: [t("Reminders by text message"), "#settings"],
  notifications: [t("Notifications"), "#settings"],
  do_not_disturb: [t("Quiet hours"), "#settings"],
  notes: [t("Notes of a project"), "#projects"],
});

const LIVE = "pending,processing,queued_for_retry";

export async function workStyle(body, page) {
  const place = el("section", {});
  body.append(place, el("p", {}, el("a", { href: "#projects" }, t("Projects"))));
  const draw = () => drawAnalysis(place, page);
  page.until(listen((type, data) => {
    const ours = data?.jobType === "onboarding_analysis";
    if (["onboarding.completed", "opened"].includes(type) || (type === "job.updated" && ours)) {
      draw().catch((error) => say(error.message));
    }
  }));
  await draw();
}

async function drawAnalysis(place, page) {
  const [user, { jobs }] = await Promise.all([get(own()),
    get(own("jobs"), { type: "onboarding_analysis", status: LIVE, limit: 1 })]);
  const found = user.onboardingAnalyzedAt ? await find(own("onboarding")) : null;
  if (page.isOver() || place.querySelector("form")?.contains(document.activeElement)) return;
  if (jobs.length) place.replaceChildren(el("p", { role: "status" }, t("What you wrote is being read…")));
  else if (found) place.replaceChildren(...shown(found), again(place));
  else place.replaceChildren(questions());
}

function shown({ analysis, source }) {
  const optimizations = analysis.workflow_optimizations || analysis.workflowOptimizations;
  const recommended = analysis.recommended_features || analysis.recommendedFeatures;
  const practices = analysis.best_practices || analysis.bestPractices;
  const list = (title, items) => (items?.length
    ? [el("h2", {}, title), el("ul", {}, items.map((item) => el("li", {}, item)))] : []);
  const named = (name, why) => t("{name}: {why}", { name, why });
  return [
    ...list(t("What stands out"), analysis.insights),
    ...list(t("What could change"), optimizations?.map((one) => named(one.title, one.description))),
    ...list(t("What may help here"), recommended?.filter((one) => FEATURES()[one.feature]).map((one) => {
      const [words, href] = FEATURES()[one.feature];
      return parts(t("{name}: {why}"), { name: el("a", { href }, words), why: one.reason });
    })),
    ...list(t("Good habits"), practices),
    el("p", { class: "soft" }, source === "builtin"
      ? t("By fixed rules over what you wrote, no language model.") : t("By {source}.", { source })),
  ];
}

const again = (place) => action(t("Answer the questions again"), () => {
  const asked = questions();
  place.replaceChildren(asked);
  asked.querySelector("textarea").focus();
});

function questions() {
  const lines = (written) => written.split("\n").map((line) => line.trim()).filter(Boolean);
  const made = form(t("How you work"), [
    el("p", {}, t("Say a little of your work, and the box suggests how to go about it.")),
    area("description", t("What do you work on?")),
    area("goals", t("What do you want to reach?"), "", { hint: t("One a line.") }),
    area("challenges", t("What gets in the way?"), "", { hint: t("One a line.") }),
  ], t("Send"), async (read) => {
    await post(["queue", "onboarding"], { userId: person.id, options: { forceRegenerate: true },
      userContext: { name: person.name, description: read("description"),
        goals: lines(read("goals")), challenges: lines(read("challenges")) } });
    made.replaceWith(el("p", { role: "status" }, t("What you wrote is being read…")));
    document.querySelector("h1").focus();
    return t("Sent.");
  }, { keep: "work-style" });
  return made;
}
