// Ticking tasks off, and changing many at once; each can be taken back.

import { OFFLINE, own, patch, post, remove } from "./api.js";
import { say } from "./dom.js";
import { keepTick, sendWaiting } from "./offline.js";
import * as outbox from "./outbox.js";
import { plural, t } from "./text.js";
import { addDays, dayOf, instantOf, nextMonday, today, wallTime } from "./dates.js";

// Done, or open again as it was before. Without the box it is kept, and sent when that is back.
export async function tick(task, isDone) {
  try {
    if (isDone) await post(["tasks", task.id, "done"]);
    else await patch(["tasks", task.id], { status: openStatus(task) });
  } catch (error) {
    if (error.code !== OFFLINE) throw error;
    await keepTick(task.id, isDone, openStatus(task));
    return false;
  }
  return true;
}

const openStatus = (task) => (task.status === "done" ? "todo" : task.status);

export const dueDay = (task) => task.dueDate || (task.dueAt ? dayOf(task.dueAt) : null);

// A task on another day keeps its time of day.
export const onDay = (task, day) => (task.dueAt && day
  ? { dueAt: instantOf(day, wallTime(task.dueAt)) } : { dueDate: day, dueAt: null });

export const DAYS = () => [
  ["t", t("Today"), () => today()],
  ["m", t("Tomorrow"), () => addDays(today(), 1)],
  ["w", t("Next week"), () => nextMonday(today())],
  ["n", t("No day"), () => null],
];

// Moves tasks to a day; `changed()` is called when they have moved, and again if that is taken back.
export async function moveTo(tasks, day, words, changed) {
  const before = tasks.map((task) => ({ id: task.id, dueDate: task.dueDate, dueAt: task.dueAt }));
  const put = async (rows) => {
    await patch(own("tasks"), { tasks: rows });
    for (const row of rows) {
      const task = tasks.find((one) => one.id === row.id);
      Object.assign(task, { dueDate: null, dueAt: null }, row);
    }
    await changed();
  };
  await put(tasks.map((task) => ({ id: task.id, ...onDay(task, day) })));
  say(plural(tasks.length, "“{title}” moved: {day}.", "{count} tasks moved: {day}.",
    { title: tasks[0].title, day: words }), () => put(before));
}

// What is said of a thing that was just added, and what takes it back.
export const added = (parts, changed) => [t("Added."), async () => {
  await remove(parts);
  await changed();
}];

// Nothing is deleted at once: only when it can no longer be taken back.
const MILLISECONDS = 10000;
const going = new Map();

export const isGoing = (id) => going.has(id);

// Those of a window that was closed before their time are gone here too.
export async function readGoing() {
  for (const [key, entry] of await outbox.entries()) {
    if (!("done" in entry)) for (const id of entry.ids) going.set(id, key);
  }
}

// Goes on even if the page is being closed; if it does not, the outbox still has it.
addEventListener("pagehide", () => {
  for (const entry of unsent.values()) outbox.ask(entry, { keepalive: true }).catch(() => {});
});
const unsent = new Map();

// `changed` shows the page without them, or with them again.
async function removeLater(ids, words, request, changed) {
  const key = `delete-${ids[0]}`;
  const entry = { ids, at: Date.now() + MILLISECONDS, ...request };
  await outbox.keep(key, entry);
  unsent.set(key, entry);
  for (const id of ids) going.set(id, key);
  const timer = setTimeout(async () => {
    unsent.delete(key);
    await sendWaiting().catch(() => {});
  }, MILLISECONDS + 50);
  await changed();
  say(words, async () => {
    clearTimeout(timer);
    unsent.delete(key);
    await outbox.drop(key);
    for (const id of ids) going.delete(id);
    await changed();
  });
}

export function removeTasks(tasks, changed) {
  const ids = tasks.map((task) => task.id);
  const words = plural(ids.length, "“{title}” deleted.", "{count} tasks deleted.", { title: tasks[0].title });
  return removeLater(ids, words, { method: "PATCH", parts: own("tasks"), body: { delete: ids } }, changed);
}

export const removeThing = (parts, title, changed) => removeLater([parts.at(-1)],
  t("“{title}” deleted.", { title }), { method: "DELETE", parts }, changed);
