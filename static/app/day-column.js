// One day of the calendar. On wide windows its events lie beside a scale of hours, on narrow ones in a list.

import { patch } from "./api.js";
import { el, say } from "./dom.js";
import { t } from "./text.js";
import { addDays, clock, dayInWords, dayOf, dayOfMonth, instantOf, today, wallTime, weekdayShort } from "./dates.js";

const STEP = 15;
const SHORTEST = 30;
const LINE = 30; // minutes of the scale that are as high as a line of text
const COLOURS = 5;
const DAY = 1440;

export function dayColumn(day, events, { hours, feedIds, names, draw, open }) {
  const allDay = events.filter((event) => event.allDay && isOn(event, day));
  const timed = placed(events.filter((event) => !event.allDay).map((event) => spanOn(event, day)).filter(Boolean));
  const options = { day, hours, feedIds, names, draw, open };
  const lines = el("ol", { class: "hours" }, timed.map((span) => timedLine(span, options)));
  lines.addEventListener("dragover", (event) => event.preventDefault());
  lines.addEventListener("drop", (event) => drop(event, lines, options, events));
  return el("section", { class: day === today() ? "day is-today" : "day", "aria-label": dayInWords(day) },
    el("h2", {}, el("a", { href: `#day-${day}` },
      weekdayShort(day), " ", el("span", { class: "number" }, dayOfMonth(day)))),
    el("ul", { class: "all-day" }, allDay.map((event) => el("li", {}, button(event, t("all day"), options)))),
    lines, allDay.length + timed.length ? null : el("p", { class: "soft nothing" }, t("Nothing.")));
}

const isOn = (event, day) => event.startDate <= day && day < (event.endDate || addDays(event.startDate, 1));

const minutes = (instant) => {
  const [hour, minute] = wallTime(instant).split(":").map(Number);
  return hour * 60 + minute;
};

// The part of an event on that day in minutes since midnight; null if it is on another.
function spanOn(event, day) {
  const end = event.endAt || event.startAt;
  const [first, last] = [dayOf(event.startAt), dayOf(end)];
  if (day < first || day > last) return null;
  const from = day === first ? minutes(event.startAt) : 0;
  const to = day === last ? minutes(end) : DAY;
  return day > first && to === 0 ? null : { event, from, to: Math.max(to, from) };
}

// Events that overlap lie side by side: each gets a lane of so many.
function placed(spans) {
  spans.sort((a, b) => a.from - b.from || b.to - a.to);
  let bunch = [];
  let ends = 0;
  const close = () => { for (const span of bunch) span.lanes = Math.max(...bunch.map((one) => one.lane)) + 1; };
  for (const span of spans) {
    const end = Math.max(span.to, span.from + SHORTEST);
    if (span.from >= ends) { close(); bunch = []; ends = 0; }
    const taken = new Set(bunch.filter((one) => Math.max(one.to, one.from + SHORTEST) > span.from).map((one) => one.lane));
    span.lane = 0;
    while (taken.has(span.lane)) span.lane += 1;
    bunch.push(span);
    ends = Math.max(ends, end);
  }
  close();
  return spans;
}

// When it is, as that day tells it: on the days after the first, only until when.
function whenOn(event, day) {
  const end = event.endAt || event.startAt;
  if (day > dayOf(event.startAt)) return day < dayOf(end) ? t("all day") : t("until {time}", { time: clock(end) });
  const until = end === event.startAt ? null : el("span", { class: "until" }, t(" to {time}", { time: clock(end) }));
  return [clock(event.startAt), until];
}

function timedLine(span, options) {
  const { event, from, to } = span;
  const made = el("li", { class: to - from < 45 ? "short" : "" }, button(event, whenOn(event, options.day), options));
  const start = options.hours[0] * 60;
  const length = Math.max(to - from, SHORTEST);
  for (const [name, value] of Object.entries({ from: from - start, length, lane: span.lane, lanes: span.lanes,
    lines: Math.floor(length / LINE) })) made.style.setProperty(`--${name}`, value);
  return made;
}

function button(event, when, { feedIds, names, draw, open }) {
  const feed = feedIds.indexOf(event.feedId);
  const own = !event.feedId;
  const made = el("button", { type: "button", draggable: own && !event.allDay ? "true" : null,
    class: own ? "event" : `event of-feed-${(feed % COLOURS) + 1}`,
    "aria-keyshortcuts": own ? "Alt+ArrowUp Alt+ArrowDown Alt+ArrowLeft Alt+ArrowRight Delete" : null },
  el("span", { class: "said" }, el("span", { class: "when" }, when), " ", el("span", { class: "title" }, event.title)),
  event.status === "tentative" ? el("span", { class: "soft" }, t("not sure")) : null,
  own ? null : el("span", { class: "skip" }, names.get(event.feedId) || ""));
  made.addEventListener("click", () => open(event));
  if (!own) return made;
  made.addEventListener("dragstart", (drag) => drag.dataTransfer.setData("text/x-box-event", event.id));
  made.addEventListener("keydown", (key) => {
    const ahead = document.documentElement.dir === "rtl" ? -1 : 1;
    const by = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-ahead, 0], ArrowRight: [ahead, 0] }[key.key];
    if (!key.altKey || !by) return;
    key.preventDefault();
    move(event, by, draw).catch((error) => say(error.message));
  });
  return made;
}

const shifted = (instant, [days, more]) => (more ? new Date(Date.parse(instant) + more * 60000).toISOString()
  : instantOf(addDays(dayOf(instant), days), wallTime(instant)));

// Moves an event by days or minutes; its length stays.
async function move(event, by, draw) {
  const before = { startAt: event.startAt, endAt: event.endAt, startDate: event.startDate, endDate: event.endDate };
  const after = event.allDay
    ? { startDate: addDays(event.startDate, by[0]), endDate: event.endDate && addDays(event.endDate, by[0]) }
    : { startAt: shifted(event.startAt, by), endAt: event.endAt && shifted(event.endAt, by) };
  if (event.allDay && !by[0]) return;
  await put(event, after, before, draw);
}

async function put(event, after, before, draw) {
  await patch(["calendar-events", event.id], after);
  await draw();
  say(t("“{title}” moved.", { title: event.title }), async () => {
    await patch(["calendar-events", event.id], before);
    await draw();
  });
}

function drop(event, lines, { day, hours, draw }, events) {
  const dragged = events.find((one) => one.id === event.dataTransfer.getData("text/x-box-event"));
  if (!dragged) return;
  event.preventDefault();
  const box = lines.getBoundingClientRect();
  const share = (event.clientY - box.top) / box.height;
  const minute = Math.round((hours[0] * 60 + share * (hours[1] - hours[0]) * 60) / STEP) * STEP;
  const wall = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const startAt = instantOf(day, wall);
  const length = dragged.endAt ? Date.parse(dragged.endAt) - Date.parse(dragged.startAt) : null;
  const after = { startAt, endAt: length === null ? null : new Date(Date.parse(startAt) + length).toISOString() };
  put(dragged, after, { startAt: dragged.startAt, endAt: dragged.endAt }, draw).catch((error) => say(error.message));
}

