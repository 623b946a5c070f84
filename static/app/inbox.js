// Notifications, newest first.

import { get, own, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { listen } from "./live.js";
import { t } from "./text.js";
import { timeInWords } from "./dates.js";

export async function inbox(body, page) {
  const list = el("ul", { class: "plain" });
  const empty = el("p", { class: "soft" }, t("Nothing has come yet."));
  let cursor = null;
  const draw = async () => {
    const found = await get(own("notifications"));
    if (page.isOver()) return;
    list.replaceChildren(...found.items.map(line));
    cursor = found.nextCursor;
    settle(found.unread);
  };
  const settle = (unread) => {
    empty.hidden = list.children.length > 0;
    more.hidden = !cursor;
    if (unread !== undefined) all.hidden = !unread;
  };
  const all = action(t("Mark all as read"), async () => {
    await post(own("notifications", "read"));
    document.dispatchEvent(new Event("inbox-read"));
    await draw();
    page.heading.focus(); // its own button is gone now
    say(t("All are read."));
  });
  const more = action(t("Show more"), async () => {
    const next = await get(own("notifications"), { cursor });
    list.append(...next.items.map(line));
    cursor = next.nextCursor;
    settle();
  });
  body.append(el("div", { class: "row" }, all), empty, list, more);
  page.until(listen((type) => {
    if (type === "notification.created" || type === "opened") draw().catch((e) => say(e.message));
  }));
  await draw();
}

// Only the box's own addresses and the web's become links.
function target(url) {
  const here = /^\/app\/?(#.*)?$/.exec(url);
  if (here) return here[1] || "#today";
  return /^https?:\/\//.test(url) ? url : null;
}

function line(item) {
  const href = target(item.actionUrl);
  const made = el("li", { class: item.readAt ? "" : "unread" },
    el("div", { class: "row" },
      el("div", { class: "grow" },
        href ? el("a", { href, onclick: () => markRead(item.id) }, item.title) : el("span", {}, item.title),
        el("p", {}, item.body),
        el("p", { class: "soft" }, timeInWords(item.createdAt), item.readAt ? "" : t(" · unread"))),
      item.readAt ? null : action(t("Mark as read"), async () => {
        await markRead(item.id);
        const next = made.nextElementSibling?.querySelector("button") || document.querySelector("h1");
        made.replaceWith(line({ ...item, readAt: new Date().toISOString() }));
        next.focus();
      }, { "aria-label": t("Mark as read: {title}", { title: item.title }) })));
  return made;
}

async function markRead(id) {
  await post(own("notifications", "read"), { ids: [id] });
  document.dispatchEvent(new Event("inbox-read"));
}
