// What is sent to the box later: ticks that were made without it, and deletions that can still be
// taken back. It outlives the window, so that neither is lost with it; it ends with being signed in.

import { call, OFFLINE, path, person } from "./api.js";

const PLACE = "box-outbox";
const able = "caches" in window;
let memory = new Map(); // where nothing can be kept: a page that is not served over https
let last = Promise.resolve();

const address = () => new URL(`outbox/${encodeURIComponent(person.id)}`, document.baseURI).href;

async function read() {
  if (!able) return memory;
  const kept = await (await caches.open(PLACE)).match(address());
  return new Map(kept ? await kept.json() : []);
}

async function write(found) {
  memory = found;
  if (!able) return;
  const place = await caches.open(PLACE);
  if (found.size) await place.put(address(), new Response(JSON.stringify([...found])));
  else await place.delete(address());
}

// One change after the other: each reads what the one before has written.
async function change(work) {
  const before = last;
  let done = null;
  last = new Promise((go) => { done = go; });
  await before;
  try {
    const found = await read();
    work(found);
    await write(found);
  } finally {
    done();
  }
}

// An entry is a request (`method`, `parts`, `body`), the `ids` that it is about, the instant `at`
// from which it is sent, and, for a tick, whether it is `done`.
export const keep = (key, entry) => change((found) => found.set(key, entry));
export const drop = (key) => change((found) => found.delete(key));
export const entries = async () => { await last; return read(); };

export async function forget() {
  memory = new Map();
  if (able) await caches.delete(PLACE);
}

export const ask = (entry, more) => call(entry.method, path(entry.parts), entry.body, more);

let sending = false;

// Sends what is due; `refused(error)` is told what the box would not do. Returns what was sent.
export async function sendDue(refused) {
  const sent = [];
  if (sending || !person.id) return sent;
  sending = true;
  try {
    for (const [key, entry] of await entries()) {
      if (entry.at > Date.now()) continue;
      try {
        await ask(entry);
        sent.push(entry);
      } catch (error) {
        if (error.code === OFFLINE || error.status === 401) break;
        if (error.status !== 404) refused(error); // what is gone needs no deletion and no tick
      }
      await drop(key);
    }
  } finally {
    sending = false;
  }
  return sent;
}
