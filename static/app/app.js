// Signing in, and which page is shown: the address's fragment says it.

import { call, find, get, own, path, person } from "./api.js";
import { action, el, say } from "./dom.js";
import { form, text } from "./forms.js";
import { connect, disconnect, listen } from "./live.js";
import { inbox } from "./inbox.js";
import { plans } from "./plans.js";
import { optOut, refreshPush } from "./push.js";
import { settings } from "./settings.js";
import { tasks } from "./tasks.js";
import { briefPage, today } from "./today.js";

const main = document.getElementById("main");
const bar = document.getElementById("top");
let leave = null;
let turn = 0;

const PAGES = [
  [/^(?:today)?$/, "today", "Today", today],
  [/^brief-(\d{4}-\d{2}-\d{2})$/, "today", "Brief", briefPage],
  [/^tasks$/, "tasks", "Tasks", tasks],
  [/^task-(.+)$/, "tasks", "Tasks", tasks],
  [/^inbox$/, "inbox", "Inbox", inbox],
  [/^(?:plans|onboarding)$/, "plans", "Plans", plans],
  [/^(?:project|phases)-(.+)$/, "plans", "Plans", plans],
  [/^settings$/, "settings", "Settings", settings],
];

async function show(moveFocus = true) {
  const mine = (turn += 1);
  const fragment = decodeURIComponent(location.hash.slice(1));
  const found = PAGES.find(([pattern]) => pattern.test(fragment)) || PAGES[0];
  const [pattern, nav, title, page] = found;
  leave?.();
  leave = null;
  document.title = `${title} – BuildOS Box`;
  for (const link of bar.querySelectorAll("nav a")) {
    if (link.hash === `#${nav}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = el("h1", { tabindex: "-1" }, title);
  const body = el("div");
  let over = false;
  const offs = [() => { over = true; }];
  const stop = () => offs.forEach((off) => off());
  main.className = "";
  try {
    await page(body, {
      heading, argument: (pattern.exec(fragment) || [])[1],
      until: (off) => offs.push(off), isOver: () => over,
    });
  } catch (error) {
    if (error.status === 401) return;
    body.replaceChildren(el("p", { class: "bad", role: "alert" }, error.message),
      action("Try again", () => show()));
  }
  if (mine !== turn) { stop(); return; }
  leave = stop;
  main.replaceChildren(heading, body);
  if (moveFocus) heading.focus();
}

function welcome(session) {
  person.id = session.userId;
  person.name = session.name;
  person.zone = session.timezone;
  bar.hidden = false;
  connect();
  countUnread();
  refreshPush();
}

async function countUnread() {
  try {
    const { unread } = await get(own("notifications"), { limit: 1 });
    const place = document.getElementById("unread");
    place.hidden = !unread;
    place.replaceChildren(String(unread), el("span", { class: "skip" }, " unread"));
  } catch { /* the inbox itself will say what is wrong */ }
}

function signIn(note) {
  turn += 1;
  leave?.();
  leave = null;
  disconnect();
  person.id = "";
  bar.hidden = true;
  document.title = "Sign in – BuildOS Box";
  main.className = "narrow";
  const whose = text("userId", "Whose page?", "", {
    hint: "This token may act for everyone. Give the user's id.", autocomplete: "off",
  });
  whose.hidden = true;
  const fields = [
    text("token", "Your token", "", {
      type: "password", autocomplete: "current-password", autofocus: true,
      hint: "It begins with bos_. Whoever runs this box can give you one.",
    }),
    whose,
  ];
  const sheet = form("Sign in", fields, "Sign in", async (read) => {
    const body = { token: read("token") };
    if (!whose.hidden) body.userId = read("userId");
    try {
      await enter(body);
    } catch (error) {
      if (error.details?.some((detail) => detail.field === "userId")) whose.hidden = false;
      throw error;
    }
  });
  main.replaceChildren(el("h1", { tabindex: "-1" }, "Sign in"),
    note ? el("p", { role: "alert", class: "bad" }, note) : "", sheet,
    el("p", { class: "soft" }, "If you were sent a link to sign in, open it: it needs no token."));
  main.querySelector("input").focus();
}

async function enter(body) {
  welcome(await call("POST", path(["app", "session"]), body));
  await show();
}

// Messages to this browser are for whoever is signed in: they end with that.
async function leaveThisBrowser() {
  try {
    if (!person.id) person.id = (await find(["app", "session"])).userId;
    await optOut();
  } catch { /* what is left behind reaches nobody else: the subscription stays its owner's */ }
}

export async function signOut() {
  await leaveThisBrowser();
  await call("DELETE", path(["app", "session"]));
  location.hash = "";
  signIn();
  say("You are signed out.");
}

// A link may come from anybody: it signs in only whom it names, and only when they say so. Mail
// scanners, which open links and run scripts, use none up by it.
async function askFirst(code) {
  let link;
  try {
    link = await call("POST", path(["app", "sign-in-link"]), { code });
  } catch (error) {
    signIn(error.message);
    return;
  }
  turn += 1;
  leave?.();
  leave = null;
  const name = link.name || link.userId;
  document.title = "Sign in – BuildOS Box";
  main.className = "narrow";
  const heading = el("h1", { tabindex: "-1" }, "Sign in");
  main.replaceChildren(heading,
    el("p", {}, "This link signs you in as ", el("strong", {}, name), "."),
    link.replaces ? el("p", { role: "alert" }, "You are signed in as ",
      el("strong", {}, link.replaces), " now. You will be signed out of that page.") : "",
    action(`Sign in as ${name}`, async () => {
      if (link.replaces) await leaveThisBrowser();
      await enter({ code, replace: Boolean(link.replaces) });
    }),
    action("Do not sign in", start));
  heading.focus();
}

async function start() {
  const code = /^#sign-in=([0-9a-z]+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname);
    await askFirst(code);
    return;
  }
  let session = null;
  try {
    session = await find(["app", "session"]);
  } catch (error) {
    if (error.status !== 401) signIn(error.message);
    return;
  }
  if (session) {
    welcome(session);
    await show(false);
  }
}

document.addEventListener("signed-out", () => { if (!bar.hidden || !main.querySelector("form")) signIn(); });
document.addEventListener("sign-out", () => signOut().catch((error) => say(error.message)));
document.addEventListener("inbox-read", countUnread);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  if (/^#sign-in=/.test(location.hash)) start();
  else if (person.id) show();
});
listen((type) => { if (type === "notification.created" || type === "opened") countUnread(); });
start();
