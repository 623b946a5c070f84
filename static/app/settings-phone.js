// A phone number, which is proved by a code.

import { own, post } from "./api.js";
import { el } from "./dom.js";
import { form, text } from "./forms.js";
import { t } from "./text.js";

function inWords(sms) {
  const number = sms.phone_number;
  if (!number) return t("The box knows no number of yours.");
  if (sms.opted_out) return t("{number} answered STOP, so nothing is sent to it.", { number });
  return sms.phone_verified ? t("{number}: verified", { number }) : t("{number}: not verified", { number });
}

export function phone(sms) {
  const state = el("p", {}, inWords(sms));
  const code = form(t("Verify"), [text("code", t("Code"), "", {
    inputmode: "numeric", autocomplete: "one-time-code", hint: t("Six digits, good for ten minutes."),
  })], t("Verify"), async (read) => {
    const { phoneNumber } = await post(own("phone", "verify"), { code: read("code") });
    state.textContent = inWords({ phone_number: phoneNumber, phone_verified: true });
    code.hidden = true;
    return t("Your number is verified.");
  });
  code.hidden = true;
  return [state, form(t("Your phone"), [text("phoneNumber", t("Phone number"), sms.phone_number, {
    type: "tel", autocomplete: "tel", hint: t("With its country code, like +49…"),
  })], t("Send a code"), async (read) => {
    await post(own("phone"), { phoneNumber: read("phoneNumber") });
    code.hidden = false;
    code.querySelector("input").focus();
    return t("A code is on its way.");
  }, { keep: "phone", faults: { phoneNumber: t("Write the whole number, with its country code, like +49 30 901820.") } }), code];
}
