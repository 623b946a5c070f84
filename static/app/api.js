// The box's API. The cookie that scripts cannot read says who we are; the header, that it is us.

import { inWords } from "./refusals.js";
import { t } from "./text.js";

export const ROOT = new URL("../", document.baseURI);

export class Refused extends Error {
  constructor(status, body) {
    super(inWords(status, body));
    this.status = status;
    this.code = body.code;
    this.details = body.details || [];
    this.existingJobId = body.existingJobId;
  }
}

export const person = {
  id: "", name: "", zone: "UTC", locale: "en-US", hourCycle: 24, weekStart: 1, languages: {},
};

export function path(parts, query = {}) {
  const url = new URL(parts.map(encodeURIComponent).join("/"), ROOT);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

// The box answers a few requests of one person at once; the rest wait here for their turn.
const AT_ONCE = 6;
const waiting = [];
let running = 0;

async function inTurn(request) {
  if (running >= AT_ONCE) await new Promise((go) => waiting.push(go));
  else running += 1;
  try {
    return await request();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

export const call = (method, url, body, more) => inTurn(() => ask(method, url, body, more));

export const OFFLINE = "offline";
let reached = true;

function tellReach(now) {
  if (now === reached) return;
  reached = now;
  document.dispatchEvent(new Event(now ? "reached" : "unreached"));
}

async function ask(method, url, body, more = {}) {
  const headers = { "X-Box-Page": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, {
      method, headers, cache: "no-store", credentials: "same-origin", ...more,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    tellReach(false);
    throw new Refused(0, { error: t("The box cannot be reached just now."), code: OFFLINE });
  }
  // What the service worker kept is shown as well as it can be, and said to be old.
  tellReach(!answer.headers.has("X-Box-Kept"));
  const text = await answer.text();
  let read = {};
  try {
    read = text ? JSON.parse(text) : {};
  } catch {
    read = {};
  }
  if (answer.ok) return read;
  if (answer.status === 401) document.dispatchEvent(new Event("signed-out"));
  throw new Refused(answer.status, read);
}

export const own = (...rest) => ["users", person.id, ...rest];
export const get = (parts, query) => call("GET", path(parts, query));
export const post = (parts, body = {}) => call("POST", path(parts), body);
export const put = (parts, body) => call("PUT", path(parts), body);
export const patch = (parts, body) => call("PATCH", path(parts), body);
export const remove = (parts) => call("DELETE", path(parts));

// All pages of a list, up to a bound.
export async function all(parts, query = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(parts, cursor ? { limit: 200, ...query, cursor } : { limit: 200, ...query });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && items.length < 5000);
  return items;
}

// What is not there is no fault: null.
export async function find(parts, query) {
  try {
    return await get(parts, query);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
