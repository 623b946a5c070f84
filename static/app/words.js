// Days and times as this person reads them, in the zone that the box knows of them.

import { person } from "./api.js";

const ISO_DAY = "sv-SE"; // writes days as YYYY-MM-DD

export const today = () => new Date().toLocaleDateString(ISO_DAY, { timeZone: person.zone });

export const dayOf = (instant) =>
  new Date(instant).toLocaleDateString(ISO_DAY, { timeZone: person.zone });

export function dayInWords(day) {
  return new Date(`${day}T12:00:00Z`).toLocaleDateString("en", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
  });
}

export function timeInWords(instant) {
  return new Date(instant).toLocaleString("en", {
    dateStyle: "medium", timeStyle: "short", timeZone: person.zone,
  });
}
