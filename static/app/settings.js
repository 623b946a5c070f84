// What a person wants: when, where, and over which ways they are reached. One form for each question.

import { get, own, person, put } from "./api.js";
import { action, el } from "./dom.js";
import { check, choice, folded, form, group, text } from "./forms.js";
import { pushSettings } from "./push.js";
import { notificationSettings } from "./settings-notifications.js";
import { habits } from "./settings-habits.js";
import { you } from "./settings-you.js";
import { chat } from "./settings-chat.js";
import { phone } from "./settings-phone.js";
import { place } from "./settings-place.js";
import { t } from "./text.js";

const card = (title, ...children) => el("section", { class: "card" }, el("h2", {}, title), children);
const DAYS = () => [t("Sunday"), t("Monday"), t("Tuesday"), t("Wednesday"), t("Thursday"), t("Friday"), t("Saturday")];

export async function settings(body) {
  const [user, brief, notices, mail, reminders, chats, weather] = await Promise.all([
    get(own()), get(own("preferences")), get(own("notification-preferences")),
    get(own("email-subscriptions")), get(["sms", "scheduled"]), get(own("chat")), get(own("place")),
  ]);
  const sms = reminders.schedule.find((line) => line.userId === person.id) || {
    phone_number: null, phone_verified: false, enabled: false, opted_out: false,
    lead_time_minutes: 15, quiet_hours_start: null, quiet_hours_end: null, daily_limit: 10, reminder_channel: "sms",
  };
  body.append(
    card(t("Your daily brief"), briefForm(brief, mail)),
    card(t("How you are told"), notificationSettings({ notices, mail, sms, user, chats })),
    card(t("You"), ...you(user)),
    card(t("Language, clocks and weeks"), habits(user, brief)),
    ...(weather.enabled ? [card(t("Weather"), place(weather))] : []),
    card(t("Your phone"), ...phone(sms)),
    ...(chats.services.length || chats.service ? [card(t("Your chat"), ...chat(chats))] : []),
    card(t("This browser"), pushSettings(),
      action(t("Sign out"), () => document.dispatchEvent(new Event("sign-out")))),
  );
}

function briefForm(wanted, mail) {
  const days = group(t("On which days"), el("div", { class: "days" },
    DAYS().map((name, day) => check("days", name, wanted.days?.includes(day), day))));
  const weekday = choice("dayOfWeek", t("On which day"), wanted.dayOfWeek, DAYS().map((name, day) => [day, name]));
  const often = choice("frequency", t("How often"), wanted.frequency, [
    ["daily", t("Every day")], ["weekdays", t("On weekdays")], ["weekly", t("Once a week")],
    ["custom", t("On days that I choose")],
  ]);
  const fit = () => {
    const chosen = often.querySelector("select").value;
    days.hidden = chosen !== "custom";
    weekday.hidden = chosen !== "weekly";
  };
  often.addEventListener("change", fit);
  fit();
  return form(t("Your daily brief"), [
    check("isActive", t("Write me a brief"), wanted.isActive), often, weekday, days,
    text("timeOfDay", t("At"), wanted.timeOfDay.slice(0, 5), { type: "time" }),
    check("emailDailyBrief", t("Send it by mail"), mail.briefs),
    check("smsDailyBrief", t("Send a short form as a text message"), wanted.smsDailyBrief),
    folded(t("More"), false,
      el("div", { class: "pair" },
        text("workStarts", t("Working hours from"), wanted.workStarts, { type: "time" }),
        text("workEnds", t("Working hours until"), wanted.workEnds, { type: "time" })),
      check("sendEmptyBriefs", t("Send it also when there is nothing to tell"), wanted.sendEmptyBriefs)),
  ], t("Save"), async (read) => {
    const chosen = read("frequency");
    await put(own("preferences"), {
      isActive: read.is("isActive"), frequency: chosen, timeOfDay: read("timeOfDay"),
      ...(chosen === "weekly" ? { dayOfWeek: Number(read("dayOfWeek")) } : {}),
      ...(chosen === "custom" ? { days: read.all("days").map(Number) } : {}),
      emailDailyBrief: read.is("emailDailyBrief"), smsDailyBrief: read.is("smsDailyBrief"),
      workStarts: read("workStarts"), workEnds: read("workEnds"), sendEmptyBriefs: read.is("sendEmptyBriefs"),
    });
    return t("Saved.");
  }, { keep: "brief", faults: {
    timeOfDay: t("Choose a time, like 07:15."), workStarts: t("Choose a time, like 09:00."),
    workEnds: t("Choose a time, like 18:00."),
  } });
}
