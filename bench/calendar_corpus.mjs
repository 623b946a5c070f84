// Reads one request a line from standard input: {text, start, end} in seconds; answers each with
// {spans: [[start, end], …]} or {error}. Instants are seconds, days and floating times are text.
import { createInterface } from "node:readline";

const { default: ICAL } = await import(process.argv[2]);
const MOST = 20000;
const SECONDS = 5;

function spelled(time) {
  if (time === null || time === undefined) return null;
  if (time.isDate) return time.toString().slice(0, 10);
  const floating = time.zone === ICAL.Timezone.localTimezone;
  return floating ? time.toString().slice(0, 19) : time.toUnixTime();
}

function seconds(time) {
  return time.toUnixTime();
}

function read({ text, start, end }) {
  ICAL.TimezoneService.reset();
  const jcal = ICAL.parse(text);
  const calendars = typeof jcal[0] === "string" ? [jcal] : jcal;
  const spans = [];
  for (const one of calendars) {
    const calendar = new ICAL.Component(one);
    for (const zone of calendar.getAllSubcomponents("vtimezone")) {
      ICAL.TimezoneService.register(zone);
    }
    for (const component of calendar.getAllSubcomponents("vevent")) {
      const event = new ICAL.Event(component);
      if (event.isRecurrenceException()) {
        const hasMaster = calendar
          .getAllSubcomponents("vevent")
          .some((c) => c.getFirstPropertyValue("uid") === event.uid &&
            !c.hasProperty("recurrence-id"));
        if (!hasMaster) spans.push([spelled(event.startDate), spelled(event.endDate)]);
        continue;
      }
      if (!event.isRecurring()) {
        spans.push([spelled(event.startDate), spelled(event.endDate)]);
        continue;
      }
      const iterator = event.iterator();
      const last = Date.now() + SECONDS * 1000;
      for (let count = 0; count < MOST; count++) {
        if (Date.now() > last) throw new Error("took too long");
        const next = iterator.next();
        if (!next || seconds(next) > end + 86400 * 40) break;
        const details = event.getOccurrenceDetails(next);
        if (seconds(details.startDate) < start - 86400 * 40) { count--; continue; }
        spans.push([spelled(details.startDate), spelled(details.endDate)]);
      }
    }
  }
  return spans;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { spans: read(JSON.parse(line)) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  console.log(JSON.stringify(answer));
}
