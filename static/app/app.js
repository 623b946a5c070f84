// Which page is shown: the address's fragment says it.

import { get, own, person } from "./api.js";
import { action, el, say, takeBack } from "./dom.js";
import { forgetDrafts } from "./forms.js";
import { icon } from "./icons.js";
import { connect, disconnect, listen } from "./live.js";
import { calendar, calendarDay, calendarEvent } from "./calendar.js";
import { inbox } from "./inbox.js";
import { forgetKept, serveOffline, tellReach } from "./offline.js";
import { projectPage, projects } from "./projects.js";
import { optOut, refreshPush } from "./push.js";
import { search } from "./search.js";
import { askFirst, closeSession, readSession, sayEnded, waysIn } from "./session.js";
import { settings } from "./settings.js";
import { doneTasks, lateTasks, tasks } from "./tasks.js";
import { spoken, t } from "./text.js";
import { readGoing } from "./toggles.js";
import { briefPage, today } from "./today.js";
import { workStyle } from "./work-style.js";

const main = document.getElementById("main");
const bar = document.getElementById("top");
let leave = null;
let turn = 0;

const NAV = () => [["today", t("Today")], ["tasks", t("Tasks")], ["calendar", t("Calendar")],
  ["projects", t("Projects")], ["inbox", t("Inbox")], ["settings", t("Settings")]];

const PAGES = () => [
  [/^(?:today)?$/, "today", t("Today"), today],
  [/^brief-(\d{4}-\d{2}-\d{2})$/, "today", t("Brief"), briefPage],
  [/^tasks$/, "tasks", t("Tasks"), tasks],
  [/^task-(.+)$/, "tasks", t("Tasks"), tasks],
  [/^late$/, "tasks", t("Sort out what is late"), lateTasks],
  [/^tasks-done$/, "tasks", t("Done tasks"), doneTasks],
  [/^calendar(?:-(\d{4}-\d{2}-\d{2}))?$/, "calendar", t("Calendar"), calendar],
  [/^day-(\d{4}-\d{2}-\d{2})$/, "calendar", t("Calendar"), calendarDay],
  [/^event-(.+)$/, "calendar", t("Calendar"), calendarEvent],
  [/^projects$/, "projects", t("Projects"), projects],
  [/^(?:project|phases)-(.+)$/, "projects", t("Project"), projectPage],
  [/^plans$/, "projects", t("Projects"), projects],
  [/^(?:work|onboarding)$/, "projects", t("How you work"), workStyle],
  [/^inbox$/, "inbox", t("Inbox"), inbox],
  [/^search(?:-(.*))?$/, "search", t("Search"), search],
  [/^settings$/, "settings", t("Settings"), settings],
];

const brand = () => el("p", { class: "brand" },
  el("img", { src: "icon.svg", alt: "", width: 24, height: 24 }), el("span", {}, "BuildOS Box"));

function fillBar() {
  const link = (name, words, more) => el("a", { href: `#${name}`, class: `to-${name}` },
    icon(name), el("span", {}, words), more);
  const unread = el("span", { id: "unread", class: "count", hidden: true });
  bar.replaceChildren(
    brand(), el("nav", { "aria-label": t("Pages") }, el("ul", {}, NAV().map(([name, words]) =>
      el("li", {}, link(name, words, name === "inbox" ? unread : null))))),
    el("a", { href: "#search", class: "to-search", "aria-label": t("Search") }, icon("search")));
  document.getElementById("skip").textContent = t("Skip to the content");
  document.getElementById("undo").textContent = t("Undo");
}

const fragmentNow = () => decodeURIComponent(location.hash.slice(1));

async function show(moveFocus = true) {
  const mine = (turn += 1);
  let fragment = fragmentNow();
  const pages = PAGES();
  const [pattern, nav, title, page] = pages.find(([wanted]) => wanted.test(fragment)) || pages[0];
  leave?.();
  leave = null;
  document.title = `${title} – BuildOS Box`;
  for (const link of bar.querySelectorAll("a")) {
    if (link.hash === `#${nav}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = el("h1", { tabindex: "-1" }, title);
  const body = el("div");
  let over = false;
  const offs = [() => { over = true; }];
  const stop = () => offs.forEach((off) => off());
  try {
    await page(body, {
      heading, argument: (pattern.exec(fragment) || [])[1],
      until: (off) => offs.push(off), isOver: () => over,
      // The person may have gone on already: the browser tells that later than the address does.
      setAddress: (next) => {
        if (over || fragmentNow() !== fragment) return;
        fragment = next;
        history.replaceState(null, "", `#${encodeURIComponent(next)}`);
      },
    });
  } catch (error) {
    if (error.status === 401) return;
    body.replaceChildren(el("p", { class: "bad", role: "alert" }, error.message),
      action(t("Try again"), () => show()));
  }
  if (mine !== turn) { stop(); return; }
  leave = stop;
  main.className = nav;
  main.replaceChildren(heading, body);
  if (moveFocus) heading.focus();
}

// The language of the person, and their habits.
function speak({ locale, hourCycle, weekStart, languages, texts }) {
  Object.assign(person, { locale, hourCycle, weekStart, languages });
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  // Who has just signed in may read another language than the browser; never more than once.
  if (spoken && texts !== spoken && type !== "reload") location.reload();
}

function welcome(session) {
  person.id = session.userId;
  person.name = session.name;
  person.zone = session.timezone;
  speak(session);
  bar.hidden = false;
  connect();
  countUnread();
  refreshPush();
  serveOffline();
}

async function countUnread() {
  try {
    const { unread } = await get(own("notifications"), { limit: 1 });
    const place = document.getElementById("unread");
    place.hidden = !unread;
    place.replaceChildren(String(unread), el("span", { class: "skip" }, t(" unread")));
  } catch { /* the inbox itself will say what is wrong */ }
}

// A page of its own for whoever is not signed in.
function alone(title, ...children) {
  turn += 1;
  leave?.();
  leave = null;
  disconnect();
  bar.hidden = true;
  document.title = `${title} – BuildOS Box`;
  main.className = "narrow";
  const heading = el("h1", { tabindex: "-1" }, title);
  main.replaceChildren(brand(), heading, ...children.filter(Boolean));
  heading.focus();
}

function signIn(note) {
  person.id = "";
  alone(t("Sign in"), note ? el("p", { role: "alert", class: "bad" }, note) : null, ...waysIn(enter));
  if (!note) main.querySelector("input").focus();
}

async function enter(session) {
  welcome(session);
  await show();
}

// Messages to this browser and what it keeps are for whoever is signed in: they end with that.
async function leaveThisBrowser() {
  try {
    if (!person.id) person.id = (await readSession()).userId;
    await optOut();
  } catch { /* what is left behind reaches nobody else: the subscription stays its owner's */ }
  forgetDrafts();
  await forgetKept();
}

async function signOut() {
  await leaveThisBrowser();
  await closeSession();
  location.hash = "";
  signIn();
  say(t("You are signed out."));
}

async function openLink(code) {
  try {
    alone(t("Sign in"), ...await askFirst(code, { entered: enter, leaving: leaveThisBrowser, refused: start }));
  } catch (error) {
    signIn(error.message);
  }
}

const LINKS = [
  [/^#sign-in=([0-9a-z]+)$/, openLink],
];

async function start() {
  fillBar();
  for (const [pattern, follow] of LINKS) {
    const found = pattern.exec(location.hash)?.[1];
    if (!found) continue;
    history.replaceState(null, "", location.pathname);
    await follow(found);
    return;
  }
  let session = null;
  try {
    session = await readSession();
  } catch (error) {
    signIn(error.status === 401 ? "" : error.message);
    return;
  }
  welcome(session);
  await readGoing();
  await show(false);
}

let looked = Date.now();

// A window that stays open for days renews its session and shows the day that it is.
async function lookAgain() {
  if (document.visibilityState !== "visible" || !person.id || Date.now() - looked < 600000) return;
  looked = Date.now();
  try {
    await readSession();
  } catch { /* whoever was signed out is told by the event */ }
}

document.addEventListener("signed-out", () => {
  if (person.id && !bar.hidden) sayEnded(() => { connect(); say(t("You are signed in again.")); });
});
document.addEventListener("sign-out", () => signOut().catch((error) => say(error.message)));
document.addEventListener("inbox-read", countUnread);
document.addEventListener("reached", () => tellReach(true));
document.addEventListener("unreached", () => tellReach(false));
document.addEventListener("visibilitychange", lookAgain);
document.addEventListener("show-again", () => show(false));
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName);
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) takeBack();
});
document.getElementById("undo").addEventListener("click", takeBack);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  if (LINKS.some(([pattern]) => pattern.test(location.hash))) start();
  else if (person.id) show();
});
listen((type) => { if (type === "notification.created" || type === "opened") countUnread(); });
start();
