// What is there without the box: today's brief and the tasks, kept by the service worker; and ticks
// that are sent when the box is back. All of it ends with being signed in.

import { all, get, own } from "./api.js";
import { briefOf } from "./briefs.js";
import { el, say } from "./dom.js";
import * as outbox from "./outbox.js";
import { plural, t } from "./text.js";
import { today } from "./dates.js";
import { startWorker } from "./worker.js";

const able = "caches" in window && "serviceWorker" in navigator;
const KEPT = "box-kept";
const SOON = 11000;

export function serveOffline() {
  const send = () => sendWaiting().catch(() => {});
  send();
  setTimeout(send, SOON); // what another window deleted last can no longer be taken back then
  if (!able) return;
  startWorker().then(keepForLater)
    .catch(() => { /* without it the page needs the box, that is all */ });
}

// Reads once what is to be there without the box, whatever pages were opened before the worker.
async function keepForLater() {
  const { serviceWorker } = navigator;
  await serviceWorker.ready;
  if (!serviceWorker.controller) {
    await new Promise((go) => serviceWorker.addEventListener("controllerchange", go, { once: true }));
  }
  await Promise.all([get(["app", "session"]), briefOf(today()), get(own("briefs")),
    all(own("tasks"), { status: "open" }), all(own("projects"))]);
}

export async function forgetKept() {
  await outbox.forget();
  if (able) await caches.delete(KEPT);
}

// Ticks that wait to be sent: whether each task is done, by its id.
export async function pendingTicks() {
  const waiting = [...(await outbox.entries()).values()].filter((entry) => "done" in entry);
  return new Map(waiting.map((entry) => [entry.ids[0], entry.done]));
}

export const keepTick = (id, done, openStatus) => outbox.keep(`tick-${id}`, { ids: [id], done, at: 0,
  ...done ? { method: "POST", parts: ["tasks", id, "done"], body: {} }
    : { method: "PATCH", parts: ["tasks", id], body: { status: openStatus } } });

export async function sendWaiting() {
  const sent = await outbox.sendDue((error) => say(error.message));
  const ticks = sent.filter((entry) => "done" in entry).length;
  if (ticks) say(plural(ticks, "{count} tick sent to the box.", "{count} ticks sent to the box."));
  if (sent.length) document.dispatchEvent(new Event("ticks-sent"));
}

addEventListener("online", () => sendWaiting().catch(() => {}));

let retry = 0;

// Says above every page that it is old, until the box answers again.
export function tellReach(reached) {
  clearInterval(retry);
  const bar = document.getElementById("offline");
  bar.hidden = reached;
  if (reached) {
    bar.replaceChildren();
    sendWaiting().catch(() => {});
    document.dispatchEvent(new Event("show-again"));
    return;
  }
  bar.replaceChildren(el("strong", {}, t("Offline.")), " ",
    t("You see what was kept here; ticks are sent when the box can be reached."));
  retry = setInterval(lookForBox, 5000);
}

async function lookForBox() {
  try {
    const answer = await fetch(new URL("../health", document.baseURI), { cache: "no-store" });
    if (!answer.ok || answer.headers.has("X-Box-Kept")) return;
  } catch {
    return;
  }
  document.dispatchEvent(new Event("reached"));
}
