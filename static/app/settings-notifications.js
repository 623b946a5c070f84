// Over which ways somebody is told of things, and when not: one pair of quiet hours for all ways.

import { own, patch, person, post, put } from "./api.js";
import { el } from "./dom.js";
import { check, choice, folded, form, group, text } from "./forms.js";
import { t } from "./text.js";

export function notificationSettings({ notices, mail, sms, user, chats }) {
  const chat = chats.services.length > 0 || Boolean(chats.service);
  const differs = sms.quiet_hours_start !== notices.dndStart || sms.quiet_hours_end !== notices.dndEnd;
  return form(t("How you are told"), [
    group(t("Tell me"), check("inApp", t("In the inbox here"), notices.inApp),
      check("push", t("By push to my browsers"), notices.push),
      check("email", t("By mail"), notices.email && mail.notifications),
      check("sms", t("By text message"), notices.sms),
      chat ? check("chat", t("In my chat"), notices.chat) : null),
    check("enabled", chat ? t("Remind me of events") : t("Remind me of events by text message"), sms.enabled),
    chat ? choice("reminder_channel", t("Reminders come"), sms.reminder_channel,
      [["sms", t("by text message")], ["chat", t("in my chat")]]) : null,
    text("lead_time_minutes", t("How many minutes before"), sms.lead_time_minutes,
      { type: "number", min: 0, max: 1440 }),
    el("div", { class: "pair" },
      text("dndStart", t("Quiet from"), notices.dndStart, { type: "time" }),
      text("dndEnd", t("Quiet until"), notices.dndEnd, { type: "time" })),
    el("p", { class: "hint soft" },
      t("In quiet hours only what is urgent disturbs you. Leave both empty for none.")),
    folded(t("Text messages have other quiet hours"), differs,
      check("other", t("Text messages have hours of their own"), differs),
      el("div", { class: "pair" },
        text("quiet_hours_start", t("Quiet from (text messages)"), sms.quiet_hours_start, { type: "time" }),
        text("quiet_hours_end", t("Quiet until (text messages)"), sms.quiet_hours_end, { type: "time" }))),
    folded(t("More"), false,
      text("daily_limit", t("At most so many text messages a day"), sms.daily_limit, { type: "number", min: 0, max: 100 }),
      check("emailTracking", t("Let the box see which mails I open"), user.emailTracking)),
  ], t("Save"), async (read) => {
    const [from, until] = [read("dndStart") || null, read("dndEnd") || null];
    const other = read.is("other");
    await put(own("notification-preferences"), {
      inApp: read.is("inApp"), push: read.is("push"), email: read.is("email"), sms: read.is("sms"),
      ...(chat ? { chat: read.is("chat") } : {}),
      dndStart: from, dndEnd: until,
    });
    await post(["sms", "scheduled"], {
      userId: person.id, enabled: read.is("enabled"),
      ...(chat ? { reminder_channel: read("reminder_channel") } : {}),
      lead_time_minutes: Number(read("lead_time_minutes")), daily_limit: Number(read("daily_limit")),
      quiet_hours_start: other ? read("quiet_hours_start") || null : from,
      quiet_hours_end: other ? read("quiet_hours_end") || null : until,
    });
    if (read.is("email") !== mail.notifications) {
      Object.assign(mail, await put(own("email-subscriptions"), { notifications: read.is("email") }));
    }
    if (read.is("emailTracking") !== user.emailTracking) {
      Object.assign(user, await patch(own(), { emailTracking: read.is("emailTracking") }));
    }
    return t("Saved.");
  }, { keep: "told", faults: {
    dndStart: t("Quiet hours need a beginning and an end."), dndEnd: t("Quiet hours need a beginning and an end."),
    quiet_hours_start: t("Quiet hours need a beginning and an end."),
    quiet_hours_end: t("Quiet hours need a beginning and an end."),
    lead_time_minutes: t("Choose from 0 to 1440 minutes."),
  } });
}
