// The calendar: a week or a day with the events of every calendar; one's own are made, moved, deleted.

import { all, find, get, own } from "./api.js";
import { action, el } from "./dom.js";
import { feeds } from "./feeds.js";
import { editEvent, newEvent, showEvent } from "./event-editor.js";
import { dayColumn } from "./day-column.js";
import { t } from "./text.js";
import { isGoing } from "./toggles.js";
import { keepFresh } from "./tasks.js";
import {
  addDays, dateInWords, dayInWords, dayOf, dayOfMonth, hourInWords, isSameMonth, today, wallTime, weekOf,
} from "./dates.js";

export const calendar = (body, page) => days(body, page, 7);
export const calendarDay = (body, page) => days(body, page, 1);

// An event's own address leads to its week, and opens it.
export async function calendarEvent(body, page) {
  const event = await find(["calendar-events", page.argument]);
  if (!event) {
    body.append(el("p", {}, t("This event is not there any more.")));
    return;
  }
  const day = event.allDay ? event.startDate : dayOf(event.startAt);
  const draw = await days(body, { ...page, argument: day }, 7);
  setTimeout(() => { if (!page.isOver()) openEvent(event, new Map(), draw); }, 50);
}

const openEvent = (event, names, changed) => (event.feedId
  ? showEvent(event, names.get(event.feedId)) : editEvent(event, changed));

async function days(body, page, count) {
  const chosen = page.argument || today();
  const first = count === 7 ? weekOf(chosen) : chosen;
  const last = addDays(first, count - 1);
  const place = el("div");
  const sources = el("section", {});
  const draw = async () => {
    const [{ items }, found] = await Promise.all([
      get(own("calendar-events"), { from: first, to: last }), all(own("calendar-feeds")),
    ]);
    if (page.isOver()) return;
    const names = new Map(found.map((feed) => [feed.id, feed.name]));
    const events = items.filter((event) => !isGoing(event.id) && !event.declined);
    place.replaceChildren(grid(first, count, events, { names, draw }));
    feeds(sources, found, draw);
  };
  page.heading.textContent = count === 1 ? dayInWords(first) : range(first, last);
  const forNew = count === 1 ? chosen : firstFree(first, last);
  body.append(el("div", { class: "row" }, steps(first, count),
    action(t("New event"), () => newEvent(forNew, draw), { class: "main" })), place, sources);
  await draw();
  page.until(keepFresh(draw));
  return draw;
}

const firstFree = (first, last) => (today() >= first && today() <= last ? today() : first);

const range = (first, last) => t("{from} to {to}", {
  from: isSameMonth(first, last) ? dayOfMonth(first) : dateInWords(first), to: dateInWords(last),
});

function steps(first, count) {
  const to = (day) => (count === 7 ? `#calendar-${day}` : `#day-${day}`);
  const week = count === 7;
  return el("nav", { class: "row steps grow", "aria-label": t("Other days") },
    el("a", { href: to(addDays(first, -count)) }, week ? t("Week before") : t("Day before")),
    el("a", { href: week ? "#calendar" : `#day-${today()}` }, week ? t("This week") : t("Today")),
    el("a", { href: to(addDays(first, count)) }, week ? t("Week after") : t("Day after")),
    el("a", { href: week ? `#day-${firstFree(first, addDays(first, 6))}` : `#calendar-${weekOf(first)}` },
      week ? t("One day") : t("Whole week")));
}

function grid(first, count, events, { names, draw }) {
  const wanted = Array.from({ length: count }, (_, n) => addDays(first, n));
  const hours = hoursOf(events);
  const feedIds = [...names.keys()];
  const made = el("div", { class: count === 7 ? "week" : "week one-day" }, scale(hours), wanted.map((day) =>
    dayColumn(day, events, { hours, feedIds, names, draw, open: (event) => openEvent(event, names, draw) })));
  made.style.setProperty("--hours", hours[1] - hours[0]);
  return made;
}

// The hours beside the days; each event says its own time, so this is for the eyes alone.
const scale = ([from, to]) => el("div", { class: "scale", "aria-hidden": "true" }, el("span"), el("span"),
  el("ol", {}, Array.from({ length: to - from }, (_, n) => el("li", {}, hourInWords(from + n)))));

// The hours that are shown: a day's usual ones, and those of the events.
function hoursOf(events) {
  let [from, to] = [8, 18];
  for (const event of events.filter((one) => !one.allDay)) {
    const end = event.endAt || event.startAt;
    const over = dayOf(event.startAt) !== dayOf(end);
    from = over ? 0 : Math.min(from, Number(hourOf(event.startAt)));
    to = over ? 24 : Math.max(to, Number(hourOf(end)) + 1);
  }
  return [from, to];
}

const hourOf = (instant) => wallTime(instant).slice(0, 2);
