// The place whose weather is in the brief.

import { own, put, remove } from "./api.js";
import { form, text } from "./forms.js";
import { t } from "./text.js";

export function place(known) {
  return form(t("Weather"), [text("place", t("Your place"), known.label, {
    autocomplete: "address-level2", hint: t("A city or a postal code; its weather is in your brief. Empty for none."),
  })], t("Save"), async (read) => {
    if (!read("place")) {
      if (known.label) await remove(own("place"));
      known.label = null;
      return t("Saved.");
    }
    const { label } = await put(own("place"), { place: read("place") });
    known.label = label;
    return t("Your brief tells of the weather in {place}.", { place: label });
  }, { keep: "place" });
}
