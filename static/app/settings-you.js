// Who somebody is, where they live, and their mail address, which is proved by a code.

import { own, patch, person, post } from "./api.js";
import { action, el, say } from "./dom.js";
import { form, text } from "./forms.js";
import { parts, t } from "./text.js";

export function you(user) {
  const confirming = confirmEmail();
  confirming.show(user);
  return [youForm(user, confirming.show), ...confirming.parts];
}

// An address that a person gives gets nothing but a code until the code is given here.
function confirmEmail() {
  const state = el("p", { class: "hint" });
  const again = action(t("Send another code"), async () => {
    const { email } = await post(own("email", "code"), {});
    say(t("A code is on its way to {email}.", { email }));
  });
  const code = form(t("Confirm your mail address"), [text("code", t("Code from the mail"), "", {
    inputmode: "numeric", autocomplete: "one-time-code", hint: t("Six digits, good for an hour."),
  })], t("Confirm"), async (read) => {
    const { email } = await post(own("email", "verify"), { code: read("code") });
    show({ email, emailConfirmed: true });
    return t("{email} is confirmed.", { email });
  });
  const show = ({ email, emailConfirmed }) => {
    const waits = Boolean(email) && !emailConfirmed;
    state.replaceChildren(...waits ? parts(
      t("{email} is not confirmed: until you give the code that we sent there, it gets no other mail."), { email }) : []);
    for (const part of [state, code, again]) part.hidden = !waits;
  };
  return { show, parts: [state, code, again] };
}

// "Berlin" and "berlin" are Europe/Berlin, as long as only one zone is called so.
function zoneOf(written, zones) {
  const plain = (name) => name.toLowerCase().replaceAll("_", " ").trim();
  const wanted = plain(written);
  const cities = zones.filter((zone) => plain(zone.split("/").at(-1)) === wanted);
  return zones.find((zone) => plain(zone) === wanted) || (cities.length === 1 ? cities[0] : written);
}

function youForm(user, onSaved) {
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  const zone = text("timezone", t("Where you live"), user.timezone, {
    list: "zones", autocomplete: "off",
    hint: t("A city near you, for example Berlin: your briefs and quiet hours go by its clocks."),
  });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return form(t("You"), [
    text("name", t("Name"), user.name, { autocomplete: "name" }),
    text("email", t("Mail address"), user.email, { type: "email", autocomplete: "email" }),
    zone, el("datalist", { id: "zones" }, zones.map((value) => el("option", { value }))),
    here && here !== user.timezone ? action(t("Use this device's place: {zone}", { zone: here }), (button) => {
      const input = zone.querySelector("input");
      input.value = here;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      button.remove();
      input.focus();
    }) : null,
  ], t("Save"), async (read) => {
    const saved = await patch(own(), {
      name: read("name"), email: read("email") || null, timezone: zoneOf(read("timezone"), zones),
    });
    person.name = saved.name;
    person.zone = saved.timezone;
    zone.querySelector("input").value = saved.timezone;
    onSaved(saved);
    return saved.email && !saved.emailConfirmed ? t("Saved. Now confirm your mail address.") : t("Saved.");
  }, { keep: "you", faults: {
    timezone: t("Choose a city near you, for example Berlin."),
    email: t("Write a mail address, like ada@example.org."),
  } });
}
