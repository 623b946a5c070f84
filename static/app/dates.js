// Days and times as this person reads them, in the zone that the box knows of them.

import { person } from "./api.js";
import { t } from "./text.js";

const ISO_DAY = "sv-SE"; // writes days as YYYY-MM-DD
const HOUR = 3600000;

export const today = () => dayOf(new Date());

export const dayOf = (instant) =>
  new Date(instant).toLocaleDateString(ISO_DAY, { timeZone: person.zone });

const noon = (day) => new Date(`${day}T12:00:00Z`);

export const addDays = (day, days) =>
  new Date(noon(day).getTime() + days * 24 * HOUR).toISOString().slice(0, 10);

export const daysBetween = (from, to) => Math.round((noon(to) - noon(from)) / (24 * HOUR));

// 0 is Sunday.
const weekday = (day) => noon(day).getUTCDay();

// The first day of the week that the day is in, as this person counts weeks.
export const weekOf = (day) => addDays(day, -((weekday(day) - person.weekStart + 7) % 7));

export const nextMonday = (day) => addDays(day, 7 - ((weekday(day) + 6) % 7));

const format = (day, options) => noon(day).toLocaleDateString(person.locale, { timeZone: "UTC", ...options });

export function dayInWords(day) {
  return format(day, { dateStyle: "full" });
}

export const dateInWords = (day) => format(day, { day: "numeric", month: "long" });
export const isSameMonth = (a, b) => a.slice(0, 7) === b.slice(0, 7);
export const dayOfMonth = (day) => format(day, { day: "numeric" });
export const weekdayShort = (day) => format(day, { weekday: "short" });

// "today", "tomorrow", "Tue", "Nov 23", "Nov 23, 2027"
export function shortDay(day) {
  const now = today();
  const away = daysBetween(now, day);
  if (away === 0) return t("today");
  if (away === 1) return t("tomorrow");
  if (away === -1) return t("yesterday");
  if (away > 1 && away < 7) return format(day, { weekday: "short" });
  const year = day.slice(0, 4) === now.slice(0, 4) ? {} : { year: "numeric" };
  return format(day, { day: "numeric", month: "short", ...year });
}

// "09:05" or "9:05 AM"
export function clock(instant) {
  return new Date(instant).toLocaleTimeString(person.locale, {
    ...(person.hourCycle === 12 ? { hour: "numeric", hourCycle: "h12" } : { hour: "2-digit", hourCycle: "h23" }),
    minute: "2-digit", timeZone: person.zone,
  });
}

// "09:05": the wall time for fields and sums, whatever clocks the person has.
export function wallTime(instant) {
  return new Date(instant).toLocaleTimeString(ISO_DAY, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: person.zone,
  });
}

// "9:00" or "9 AM"
export function hourInWords(hour) {
  if (person.hourCycle !== 12) return `${hour}:00`;
  return new Date(Date.UTC(2000, 0, 1, hour)).toLocaleTimeString(person.locale, {
    hour: "numeric", hourCycle: "h12", timeZone: "UTC",
  });
}

export function timeInWords(instant) {
  return t("{day} at {time}", { day: shortDay(dayOf(instant)), time: clock(instant) });
}

export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// The instant of a wall time in the person's zone: after a gap of the clocks, the first of two.
export function instantOf(day, wall) {
  const wanted = Date.parse(`${day}T${wall}:00Z`);
  const candidates = [-24, 24].map((hours) => wanted - offsetAt(wanted + hours * HOUR));
  const fitting = candidates.filter((at) => at + offsetAt(at) === wanted);
  const at = fitting.length ? Math.min(...fitting) : afterGap(Math.min(...candidates), Math.max(...candidates));
  return new Date(at).toISOString();
}

function afterGap(from, to) {
  let [before, after] = [from, to];
  const earlier = offsetAt(from);
  while (after - before > 60000) {
    const middle = before + Math.floor((after - before) / 120000) * 60000;
    if (offsetAt(middle) === earlier) before = middle;
    else after = middle;
  }
  return after;
}

// Milliseconds by which the person's clocks are ahead of UTC then.
function offsetAt(at) {
  const whole = Math.floor(at / 1000) * 1000;
  const shown = new Date(whole).toLocaleString(ISO_DAY, { timeZone: person.zone });
  return Date.parse(`${shown.replace(" ", "T")}Z`) - whole;
}
