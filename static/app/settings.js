// What a person wants: when, where, and over which ways they are reached.

import { get, own, patch, person, post, put } from "./api.js";
import { action, el, say } from "./dom.js";
import { check, choice, form, group, text } from "./forms.js";
import { pushSettings } from "./push.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const card = (title, ...children) => el("section", { class: "card" }, el("h2", {}, title), children);

export async function settings(body) {
  const [user, brief, notices, mail, reminders] = await Promise.all([
    get(own()), get(own("preferences")), get(own("notification-preferences")),
    get(own("email-subscriptions")), get(["sms", "scheduled"]),
  ]);
  const sms = reminders.schedule.find((line) => line.userId === person.id) || {
    phone_number: null, phone_verified: false, enabled: false, opted_out: false,
    lead_time_minutes: 15, quiet_hours_start: null, quiet_hours_end: null, daily_limit: 10,
  };
  body.append(
    card("Daily brief", briefForm(brief)),
    card("You", ...you(user)),
    card("How you are told", noticeForm(notices)),
    card("Push to this browser", pushSettings()),
    card("Mail", mailSettings(mail, user)),
    card("Text messages", phone(sms), smsForm(sms)),
    card("This browser", action("Sign out", () => document.dispatchEvent(new Event("sign-out")))),
  );
}

function briefForm(wanted) {
  const days = group("On which days", el("div", { class: "days" },
    DAYS.map((name, day) => check("days", name, wanted.days?.includes(day), day))));
  const weekday = choice("dayOfWeek", "On which day", wanted.dayOfWeek, DAYS.map((n, d) => [d, n]));
  const often = choice("frequency", "How often", wanted.frequency, [
    ["daily", "Every day"], ["weekdays", "On weekdays"], ["weekly", "Once a week"],
    ["custom", "On days that I choose"],
  ]);
  const fit = () => {
    const chosen = often.querySelector("select").value;
    days.hidden = chosen !== "custom";
    weekday.hidden = chosen !== "weekly";
  };
  often.addEventListener("change", fit);
  fit();
  return form("Daily brief", [
    check("isActive", "Write me a brief", wanted.isActive), often, weekday, days,
    text("timeOfDay", "At", wanted.timeOfDay.slice(0, 5), { type: "time" }),
    check("emailDailyBrief", "Send it by mail", wanted.emailDailyBrief),
    check("smsDailyBrief", "Send a short form as a text message", wanted.smsDailyBrief),
  ], "Save", async (read) => {
    const chosen = read("frequency");
    await put(own("preferences"), {
      isActive: read.is("isActive"), frequency: chosen, timeOfDay: read("timeOfDay"),
      ...(chosen === "weekly" ? { dayOfWeek: Number(read("dayOfWeek")) } : {}),
      ...(chosen === "custom" ? { days: read.all("days").map(Number) } : {}),
      emailDailyBrief: read.is("emailDailyBrief"), smsDailyBrief: read.is("smsDailyBrief"),
    });
    return "Saved.";
  });
}

function you(user) {
  const confirming = confirmEmail();
  confirming.show(user);
  return [youForm(user, confirming.show), ...confirming.parts];
}

// An address that a person gives gets nothing but a code until the code is given here.
function confirmEmail() {
  const state = el("p", { class: "hint" });
  const again = action("Send another code", async () => {
    const { email } = await post(own("email", "code"), {});
    say(`A code is on its way to ${email}.`);
  });
  const code = form("Confirm your mail address", [text("code", "Code from the mail", "", {
    inputmode: "numeric", autocomplete: "one-time-code", hint: "Six digits, good for an hour.",
  })], "Confirm", async (read) => {
    const { email } = await post(own("email", "verify"), { code: read("code") });
    show({ email, emailConfirmed: true });
    return `${email} is confirmed.`;
  });
  const show = ({ email, emailConfirmed }) => {
    const waits = Boolean(email) && !emailConfirmed;
    state.textContent = waits
      ? `${email} is not confirmed: until you give the code that we sent there, it gets no other mail.`
      : "";
    for (const part of [state, code, again]) part.hidden = !waits;
  };
  return { show, parts: [state, code, again] };
}

function youForm(user, onSaved) {
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  const zone = text("timezone", "Time zone", user.timezone, {
    list: "zones", autocomplete: "off",
    hint: user.timezoneWarning || "Your briefs and quiet hours go by it, for example Europe/Berlin.",
  });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return form("You", [
    text("name", "Name", user.name, { autocomplete: "name" }),
    text("email", "Mail address", user.email, { type: "email", autocomplete: "email" }),
    zone, el("datalist", { id: "zones" }, zones.map((value) => el("option", { value }))),
    here && here !== user.timezone ? action(`Use this device's zone: ${here}`, (button) => {
      const input = zone.querySelector("input");
      input.value = here;
      button.remove();
      input.focus();
    }) : null,
  ], "Save", async (read) => {
    const saved = await patch(own(), {
      name: read("name"), email: read("email") || null, timezone: read("timezone"),
    });
    person.name = saved.name;
    person.zone = saved.timezone;
    onSaved(saved);
    return saved.email && !saved.emailConfirmed ? "Saved. Now confirm your mail address." : "Saved.";
  });
}

function noticeForm(wanted) {
  return form("How you are told", [
    group("Tell me", check("inApp", "In the inbox here", wanted.inApp),
      check("push", "By push to my browsers", wanted.push),
      check("email", "By mail", wanted.email), check("sms", "By text message", wanted.sms)),
    el("div", { class: "pair" },
      text("dndStart", "Quiet from", wanted.dndStart, { type: "time" }),
      text("dndEnd", "Quiet until", wanted.dndEnd, { type: "time" })),
    el("p", { class: "hint soft" }, "In quiet hours only what is urgent disturbs you. Leave both empty for none."),
  ], "Save", async (read) => {
    await put(own("notification-preferences"), {
      inApp: read.is("inApp"), push: read.is("push"), email: read.is("email"), sms: read.is("sms"),
      dndStart: read("dndStart") || null, dndEnd: read("dndEnd") || null,
    });
    return "Saved.";
  });
}

function mailSettings(mail, user) {
  const line = (name, what) => {
    const words = el("span", { class: "grow" });
    const draw = () => {
      words.textContent = `You get ${mail[name] ? "" : "no "}${what} by mail.`;
      button.textContent = mail[name] ? "Unsubscribe" : "Subscribe again";
      button.setAttribute("aria-label", `${button.textContent}: ${what}`);
    };
    const button = action("", async () => {
      Object.assign(mail, await put(own("email-subscriptions"), { [name]: !mail[name] }));
      draw();
      say(words.textContent);
    });
    draw();
    return el("div", { class: "row" }, words, button);
  };
  return [line("briefs", "briefs"), line("notifications", "notifications"),
    form("Mail", [check("emailTracking", "Let the box see which mails I open", user.emailTracking)],
      "Save", async (read) => {
        await patch(own(), { emailTracking: read.is("emailTracking") });
        return "Saved.";
      })];
}

function phone(sms) {
  const state = el("p", {}, !sms.phone_number ? "The box knows no number of yours."
    : `${sms.phone_number}: ${sms.phone_verified ? "verified" : "not verified"}`
      + (sms.opted_out ? "; it answered STOP, so nothing is sent to it" : ""));
  const code = form("Verify", [text("code", "Code", "", {
    inputmode: "numeric", autocomplete: "one-time-code", hint: "Six digits, good for ten minutes.",
  })], "Verify", async (read) => {
    const { phoneNumber } = await post(own("phone", "verify"), { code: read("code") });
    state.textContent = `${phoneNumber}: verified`;
    code.hidden = true;
    return "Your number is verified.";
  });
  code.hidden = true;
  return [state, form("Phone", [text("phoneNumber", "Phone number", sms.phone_number, {
    type: "tel", autocomplete: "tel", hint: "With its country code, like +49…",
  })], "Send a code", async (read) => {
    await post(own("phone"), { phoneNumber: read("phoneNumber") });
    code.hidden = false;
    code.querySelector("input").focus();
    return "A code is on its way.";
  }), code];
}

function smsForm(sms) {
  return form("Text messages", [
    check("enabled", "Remind me of events", sms.enabled),
    text("lead_time_minutes", "How many minutes before", sms.lead_time_minutes,
      { type: "number", min: 0, max: 1440 }),
    el("div", { class: "pair" },
      text("quiet_hours_start", "Quiet from", sms.quiet_hours_start, { type: "time" }),
      text("quiet_hours_end", "Quiet until", sms.quiet_hours_end, { type: "time" })),
    text("daily_limit", "At most a day", sms.daily_limit, { type: "number", min: 0, max: 100 }),
  ], "Save", async (read) => {
    await post(["sms", "scheduled"], {
      userId: person.id, enabled: read.is("enabled"),
      lead_time_minutes: Number(read("lead_time_minutes")),
      quiet_hours_start: read("quiet_hours_start") || null,
      quiet_hours_end: read("quiet_hours_end") || null, daily_limit: Number(read("daily_limit")),
    });
    return "Saved.";
  });
}
