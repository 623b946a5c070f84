// What happens in the box, as it happens. Each stream is opened by a ticket of its own, since an
// EventSource can send no header of ours; a new one goes on where the last broke off.

import { own, path, post } from "./api.js";

const TYPES = ["job.updated", "job.progress", "brief.completed", "brief.failed",
  "notification.created", "phases.ready", "onboarding.completed", "sms.updated", "reset"];
const heard = new Set();
let source = null;
let lastId = "";
let wait = 1000;
let timer = 0;
let wanted = false;

// Calls `tell(type, data)` until the returned function is called; `opened` comes each time that a
// stream opens: what has no id may have been missed, so the present state is to be read afresh.
export function listen(tell) {
  heard.add(tell);
  return () => heard.delete(tell);
}

function tellAll(type, data) {
  for (const tell of [...heard]) tell(type, data);
}

export function connect() {
  if (wanted) return;
  wanted = true;
  open();
}

export function disconnect() {
  wanted = false;
  lastId = "";
  clearTimeout(timer);
  source?.close();
  source = null;
}

async function open() {
  clearTimeout(timer);
  try {
    const { ticket } = await post(own("events", "ticket"));
    if (!wanted) return;
    const query = lastId ? { ticket, lastEventId: lastId } : { ticket };
    source = new EventSource(path(own("events"), query));
  } catch {
    again();
    return;
  }
  const mine = source;
  mine.onopen = () => { wait = 1000; tellAll("opened", {}); };
  mine.onerror = () => {
    // The browser would come back with the same ticket, which is used up.
    mine.close();
    if (source === mine) again();
  };
  mine.onmessage = (event) => { lastId = event.lastEventId || lastId; };
  for (const type of TYPES) {
    mine.addEventListener(type, (event) => {
      lastId = event.lastEventId || lastId;
      tellAll(type, JSON.parse(event.data).data);
    });
  }
}

function again() {
  if (!wanted) return;
  clearTimeout(timer);
  timer = setTimeout(open, wait);
  wait = Math.min(wait * 2, 30000);
}
