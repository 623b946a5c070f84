// Today's brief, watched while it is written, and those of the past.

import { get, OFFLINE, own, person, post } from "./api.js";
import { briefOf } from "./briefs.js";
import { action, el, say } from "./dom.js";
import { listen } from "./live.js";
import { briefText, everything, sinceThen } from "./brief-text.js";
import { readsEnglish } from "./refusals.js";
import { t } from "./text.js";
import { dayInWords, timeInWords, today as todaysDay } from "./dates.js";

const TYPE = "generate_daily_brief";
const LIVE = ["pending", "processing", "queued_for_retry"];

export async function today(body, page) {
  const day = todaysDay();
  const place = el("div");
  const past = el("section", { "aria-labelledby": "past" });
  body.append(place, past);
  await briefAt(place, day, page, () => showPast(past));
  await showPast(past);
}

export async function briefPage(body, page) {
  const day = page.argument;
  page.heading.textContent = day === todaysDay() ? t("Today") : dayInWords(day);
  const place = el("div");
  body.append(place, el("p", {}, el("a", { href: "#today" }, t("All briefs"))));
  await briefAt(place, day, page, () => {});
}

async function showPast(past) {
  const { briefs, nextCursor } = await get(own("briefs"));
  const list = el("ul", { class: "plain" });
  const add = (found) => list.append(...found.map(line));
  add(briefs.filter((brief) => brief.briefDate !== todaysDay()));
  let cursor = nextCursor;
  const more = action(t("Show older briefs"), async () => {
    const next = await get(own("briefs"), { cursor });
    add(next.briefs);
    cursor = next.nextCursor;
    more.hidden = !cursor;
  });
  more.hidden = !cursor;
  past.replaceChildren(el("h2", { id: "past" }, t("Earlier briefs")),
    list.children.length ? list : el("p", { class: "soft" }, t("None yet.")), more);
}

const line = (brief) => el("li", {},
  el("a", { href: `#brief-${brief.briefDate}` }, dayInWords(brief.briefDate)),
  el("span", { class: "soft" }, brief.generationStatus === "completed"
    ? ` – ${brief.subject || ""}` : t(" – not written")));

async function briefAt(place, day, page, onDone) {
  let watched = null;
  let drawn = "";
  const draw = (...parts) => {
    const held = place.contains(document.activeElement);
    place.replaceChildren(...parts);
    if (held) page.heading.focus(); // what held the focus is gone
  };
  let turn = 0; // an answer that was asked for before something newer was told is too old
  const refresh = async () => {
    const mine = ++turn;
    const [brief, job] = await Promise.all([briefOf(day), liveJob(day)]);
    if (page.isOver() || mine !== turn) return;
    if (job) {
      if (watched?.id !== job.id) draw(watched = panel(job, refresh));
      watched.tell(job);
      drawn = "";
    } else {
      watched = null;
      const state = JSON.stringify([brief?.generationStatus, brief?.generationCompletedAt]);
      if (state !== drawn) draw(...written(brief, day, refresh));
      drawn = state;
    }
  };
  const off = listen(async (type, data) => {
    try {
      if (type === "job.progress" || type === "job.updated") {
        if (data.jobType !== TYPE) return;
        if (watched?.id === data.jobId && LIVE.includes(data.status)) {
          turn += 1;
          watched.tell(data);
        } else await refresh();
      } else if (type === "brief.completed" && data.briefDate === day) {
        await refresh();
        say(t("Your brief is ready."));
        await onDone();
      } else if (["opened", "reset", "brief.failed"].includes(type)) {
        await refresh();
      }
    } catch (error) {
      say(error.message);
    }
  });
  page.until(off);
  await refresh();
}

async function liveJob(day) {
  const query = { type: TYPE, status: LIVE.join(","), limit: 20 };
  const jobs = await get(own("jobs"), query).then((found) => found.jobs, (error) => {
    if (error.code === OFFLINE) return []; // what was kept of the brief is shown without
    throw error;
  });
  return jobs.find((job) => job.metadata?.briefDate === day && (job.status !== "pending"
    || new Date(job.scheduled_for) <= new Date(Date.now() + 5000)));
}

function panel(job, refresh) {
  const bar = el("progress", { max: "100", value: 0, "aria-label": t("How far the brief is") });
  const words = el("p", { role: "status" }, t("Waiting for its turn…"));
  const made = el("section", { class: "card", "aria-label": t("A brief is being written") },
    el("h2", {}, t("Your brief is being written")), bar, words,
    action(t("Stop"), async () => {
      await post(["jobs", job.id, "cancel"]);
      await refresh();
      say(t("Stopped."));
    }));
  made.id = job.id;
  made.tell = (news) => {
    const progress = news.progress;
    let message = progress?.message || t("Waiting for its turn…");
    if (news.status === "queued_for_retry") {
      const at = timeInWords(news.scheduledFor || news.scheduled_for);
      message = readsEnglish
        ? t("That went wrong: {error}. Next try: {at}.", { error: news.error || t("no reason was given"), at })
        : t("That went wrong. Next try: {at}.", { at });
    }
    bar.value = progress?.total ? (100 * progress.current) / progress.total : 0;
    if (words.textContent !== message) words.textContent = message;
  };
  return made;
}

function written(brief, day, refresh) {
  const ask = (label, force) => action(label, async () => {
    const body = { userId: person.id, briefDate: day };
    await post(["queue", "brief"], force ? { ...body, forceRegenerate: true } : body);
    await refresh();
  }, { class: force ? "" : "main" });
  const done = brief?.generationStatus === "completed" && brief.summaryContent;
  if (done) {
    return [
      el("p", { class: "soft" }, t("Written {when}", { when: timeInWords(brief.generationCompletedAt) }),
        sinceThen(brief.changes)),
      briefText(brief),
      el("div", { class: "row" }, ask(t("Write it again"), true), everything(day)),
    ];
  }
  const stopped = brief?.generationError?.startsWith("cancelled");
  const failed = brief?.generationStatus === "failed" && !stopped;
  return [el("section", { class: "card", "aria-label": t("No brief") },
    el("h2", {}, failed ? t("This brief could not be written") : t("No brief for this day yet")),
    failed ? el("p", { class: "bad" }, readsEnglish ? brief.generationError || ""
      : t("Whoever runs the box sees why in its log.")) : null,
    ask(failed ? t("Try again") : t("Write it now"), failed))];
}
