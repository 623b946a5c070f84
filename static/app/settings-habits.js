// What somebody is written to in, and how their clocks and weeks go; all of it is usual where they live.

import { own, patch, person, put } from "./api.js";
import { choice, form } from "./forms.js";
import { t } from "./text.js";

const USUAL = "";

export function habits(user, brief) {
  const known = Object.entries(person.languages);
  const other = user.locale && !(user.locale in person.languages) ? [[user.locale, user.locale]] : [];
  return form(t("Language, clocks and weeks"), [
    choice("locale", t("Language"), user.locale || USUAL, [[USUAL, t("As this box is set")], ...known, ...other]),
    choice("hourCycle", t("Clocks"), String(brief.hourCycle || USUAL), [
      [USUAL, t("As usual in the language")], ["12", t("12 hours")], ["24", t("24 hours")],
    ]),
    choice("weekStart", t("Weeks begin on"), String(brief.weekStart ?? USUAL), [
      [USUAL, t("As usual in the language")], ["1", t("Monday")], ["6", t("Saturday")], ["0", t("Sunday")],
    ]),
  ], t("Save"), async (read) => {
    const given = (name) => (read(name) === USUAL ? null : Number(read(name)));
    await put(own("preferences"), {
      isActive: brief.isActive, hourCycle: given("hourCycle"), weekStart: given("weekStart"),
    });
    await patch(own(), { locale: read("locale") || null });
    location.reload();
    return t("Saved.");
  }, { keep: "habits" });
}
