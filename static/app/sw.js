// Shows push messages, and opens the page where they point to; serves the page without the box.

import { answerTo, keepPage } from "./kept.js";

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

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() || {};
  } catch { /* a browser that must show something still does */ }
  event.waitUntil(self.registration.showNotification(said.title || "BuildOS Box", {
    body: said.body || "", tag: said.tag || undefined, icon: "icon-192.png",
    data: { url: said.url || said.actionUrl || "" },
  }));
});

// Wherever a message points, only the box's own page is opened.
function target(url) {
  const fragment = /^(?:https?:\/\/[^/]+)?\/.*?(#.*)$/.exec(url || "")?.[1] || "";
  return new URL(fragment, PAGE).href;
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = target(event.notification.data?.url);
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const mine = open.find((client) => client.url.startsWith(PAGE.href));
    if (!mine) return self.clients.openWindow(url);
    await mine.focus().catch(() => {}); // not every browser lets a message bring its page forward
    return mine.navigate(url);
  })());
});

// The page tells the box of the new subscription when it is next opened; here it is made.
self.addEventListener("pushsubscriptionchange", (event) => {
  const options = event.oldSubscription?.options;
  if (options) event.waitUntil(self.registration.pushManager.subscribe(options));
});
