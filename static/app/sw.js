// Shows push messages, does what their buttons say, and opens where they point to; serves the page without the box.

import { answerTo, keepPage } from "./offline-cache.js";

const PAGE = new URL("./", self.location);

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepPage());
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const answer = answerTo(event.request);
  if (answer) event.respondWith(answer);
});

// What can be done from a message itself; the box says which of them a message has.
const ACTIONS = { done: "Done", snooze: "Snooze an hour" };

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() || {};
  } catch { /* a browser that must show something still does */ }
  const actions = (said.actions || []).filter((name) => name in ACTIONS);
  event.waitUntil(self.registration.showNotification(said.title || "BuildOS Box", {
    body: said.body || "", tag: said.tag || undefined, icon: "icon-192.png",
    actions: actions.map((action) => ({ action, title: said.labels?.[action] || ACTIONS[action] })),
    data: {
      url: said.url || said.actionUrl || "",
      paths: {
        done: ["tasks", said.taskId, "done"],
        snooze: ["users", said.userId, "notifications", said.id, "snooze"],
      },
    },
  }));
});

// The browser is signed in, or the page that opens instead says that it is not.
async function act(paths, action, url) {
  const parts = paths?.[action] || [];
  const path = parts.map((part) => encodeURIComponent(part || "")).join("/");
  try {
    const answer = await fetch(new URL(`../${path}`, PAGE), {
      method: "POST", headers: { "X-Box-Page": "1" },
    });
    if (answer.ok) return undefined;
  } catch { /* offline: the page says so */ }
  return open(url);
}

// Wherever a message points, only the box's own page is opened.
function target(url) {
  const fragment = /^(?:https?:\/\/[^/]+)?\/.*?(#.*)$/.exec(url || "")?.[1] || "";
  return new URL(fragment, PAGE).href;
}

async function open(url) {
  const found = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const mine = found.find((client) => client.url.startsWith(PAGE.href));
  if (!mine) return self.clients.openWindow(url);
  await mine.focus().catch(() => {}); // not every browser lets a message bring its page forward
  return mine.navigate(url);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, paths } = event.notification.data || {};
  event.waitUntil(event.action in ACTIONS
    ? act(paths, event.action, target(url)) : open(target(url)));
});

// The page tells the box of the new subscription when it is next opened; here it is made.
self.addEventListener("pushsubscriptionchange", (event) => {
  const options = event.oldSubscription?.options;
  if (options) event.waitUntil(self.registration.pushManager.subscribe(options));
});
