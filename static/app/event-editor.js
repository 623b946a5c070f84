// Making and changing an event of one's own; looking at one of another calendar.

import { patch, person, post } from "./api.js";
import { action, dialog, el } from "./dom.js";
import { check, form, text } from "./forms.js";
import { t } from "./text.js";
import { added, removeThing } from "./toggles.js";
import { addDays, capital, clock, dayOf, instantOf, shortDay, wallTime } from "./dates.js";

export function newEvent(day, changed) {
  editEvent({ title: "", allDay: false, startAt: instantOf(day, "09:00"), endAt: instantOf(day, "10:00") }, changed);
}

export function editEvent(event, changed) {
  const title = event.id ? t("Event") : t("New event");
  const window = dialog(title);
  const made = form(title, fields(event), t("Save"), async (read) => {
    const given = { title: read("title"), location: read("location") || null, ...times(read),
      status: read.is("tentative") ? "tentative" : "confirmed" };
    const saved = event.id ? await patch(["calendar-events", event.id], given)
      : await post(["calendar-events"], { userId: person.id, ...given });
    window.close();
    await changed();
    return event.id ? t("Saved.") : added(["calendar-events", saved.id], changed);
  }, { keep: `event-${event.id || "new"}` });
  const fit = () => {
    for (const name of ["startTime", "endTime"]) {
      made.querySelector(`[data-field="${name}"]`).hidden = made.elements.allDay.checked;
    }
  };
  made.addEventListener("change", fit);
  if (event.id) {
    made.querySelector("p.row").append(action(t("Delete"), async () => {
      window.close();
      await removeThing(["calendar-events", event.id], event.title, changed);
    }, { class: "quiet" }));
  }
  window.append(made);
  fit();
  made.elements.title.focus();
}

function fields(event) {
  const end = event.allDay ? addDays(event.endDate || addDays(event.startDate, 1), -1) : null;
  return [
    text("title", t("What it is"), event.title, { autocomplete: "off", maxlength: 1000 }),
    check("allDay", t("All day"), event.allDay),
    el("div", { class: "pair" },
      text("startDay", t("From"), event.allDay ? event.startDate : dayOf(event.startAt), { type: "date" }),
      text("startTime", t("From (time)"), event.allDay ? "09:00" : wallTime(event.startAt), { type: "time" })),
    el("div", { class: "pair" },
      text("endDay", t("Until"), event.allDay ? end : dayOf(event.endAt || event.startAt), { type: "date" }),
      text("endTime", t("Until (time)"), event.allDay ? "10:00" : wallTime(event.endAt || event.startAt), { type: "time" })),
    text("location", t("Where (optional)"), event.location, { maxlength: 1000 }),
    check("tentative", t("Not sure yet"), event.status === "tentative"),
  ];
}

function fault(field, words) {
  const error = new Error(words);
  error.details = [{ field, whole: words }];
  return error;
}

function times(read) {
  const [startDay, startTime] = [read("startDay"), read("startTime")];
  const [endDay, endTime] = [read("endDay") || startDay, read("endTime") || startTime];
  if (!startDay) throw fault("startDay", t("Choose the day on which it begins."));
  if (read.is("allDay")) {
    if (endDay < startDay) throw fault("endDay", t("It cannot end before it begins."));
    return { allDay: true, startDate: startDay, endDate: addDays(endDay, 1) };
  }
  if (!startTime) throw fault("startTime", t("Choose the time at which it begins."));
  const [startAt, endAt] = [instantOf(startDay, startTime), instantOf(endDay, endTime)];
  if (endAt < startAt) throw fault("endTime", t("It cannot end before it begins."));
  return { allDay: false, startAt, endAt };
}

export function showEvent(event, calendar) {
  const when = event.allDay ? t("{day}, all day", { day: capital(shortDay(event.startDate)) })
    : t("{day} at {time}", { day: capital(shortDay(dayOf(event.startAt))), time: clock(event.startAt) });
  dialog(event.title, el("p", {}, when, event.endAt ? t(" to {time}", { time: clock(event.endAt) }) : ""),
    event.location ? el("p", {}, event.location) : null,
    el("p", { class: "soft" }, t("From the calendar {name}. Change it there: this box only reads it.",
      { name: calendar || t("that you subscribe to") })));
}
