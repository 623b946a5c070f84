// Calendars elsewhere that are read by their address, and when each was read last.

import { own, patch, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { folded, form, text } from "./forms.js";
import { readsEnglish } from "./refusals.js";
import { t } from "./text.js";
import { isGoing, removeThing } from "./toggles.js";
import { timeInWords } from "./dates.js";

export function feeds(place, found, draw) {
  if (place.contains(document.activeElement)) return; // somebody is typing in it
  const shown = found.filter((feed) => !isGoing(feed.id));
  place.replaceChildren(el("h2", {}, t("Calendars")),
    shown.length ? el("ul", { class: "plain" }, shown.map((feed) => line(feed, found.indexOf(feed), draw)))
      : el("p", { class: "soft" }, t("You subscribe to none yet.")),
    folded(t("Subscribe to a calendar"), false, subscribe(place, draw)));
}

function state(feed) {
  if (!feed.isActive) return t("Paused");
  const last = feed.lastSuccessAt ? t("Read {when}", { when: timeInWords(feed.lastSuccessAt) }) : t("Not read yet");
  if (!feed.failures) return last;
  return readsEnglish ? t("{last}; it cannot be read now: {error}", { last, error: feed.error })
    : t("{last}; it cannot be read now", { last });
}

function line(feed, n, draw) {
  const again = async () => {
    document.activeElement?.blur();
    await draw();
  };
  const about = (words) => t("{what}: {name}", { what: words, name: feed.name });
  const button = (words, work) => action(words, work, { class: "small", "aria-label": about(words) });
  return el("li", {}, el("div", { class: "row" },
    el("span", { class: `swatch of-feed-${(n % 5) + 1}`, "aria-hidden": "true" }),
    el("div", { class: "grow" }, el("span", { class: "title" }, feed.name),
      el("p", { class: feed.failures ? "bad" : "soft" }, state(feed))),
    feed.isActive ? button(t("Read now"), async () => {
      await post(own("calendar-feeds", feed.id, "sync"));
      say(t("“{name}” is being read.", { name: feed.name }));
      setTimeout(() => again().catch(() => {}), 3000);
    }) : null,
    button(feed.isActive ? t("Pause") : t("Read it again"), async () => {
      await patch(own("calendar-feeds", feed.id), { isActive: !feed.isActive });
      await again();
    }),
    button(t("Remove"), () => removeThing(own("calendar-feeds", feed.id), feed.name, again))));
}

function subscribe(place, draw) {
  return form(t("Subscribe to a calendar"), [
    text("url", t("Address"), "", { type: "url", autocomplete: "off",
      hint: t("The calendar's own ICS address, for example from its settings under “secret address”.") }),
    text("name", t("Name (optional)"), "", { autocomplete: "off" }),
    folded(t("It asks for a password"), false,
      text("username", t("User name"), "", { autocomplete: "off" }),
      text("password", t("Password"), "", { type: "password", autocomplete: "new-password" })),
  ], t("Subscribe"), async (read) => {
    const given = Object.fromEntries(["url", "name", "username", "password"]
      .map((name) => [name, read(name)]).filter(([, value]) => value));
    const feed = await post(own("calendar-feeds"), given);
    document.activeElement?.blur();
    await draw();
    return t("“{name}” is there now.", { name: feed.name });
  }, { keep: "new-feed" });
}
