// What the box refuses, in the person's language. Its own sentences are English and say more.

import { spoken, t } from "./text.js";

export const readsEnglish = !spoken || spoken.startsWith("en");

// By what the API answers with: its errors stand in buildos_box/errors.py.
const WORDS = {
  400: () => t("The box cannot take it like this."),
  401: () => t("Please sign in again."),
  403: () => t("You may not do that."),
  404: () => t("That is no longer here."),
  409: () => t("That does not fit how things stand now. Look at it anew."),
  413: () => t("That is too large."),
  422: () => t("The box cannot take it like this."),
  429: () => t("That was too much for now. Try again later."),
  503: () => t("The box cannot do that just now. Try again later."),
};

const NO_SMS = () => t("This box sends no text messages.");

// Of a refusal whose kind says too little; by its code.
const WORDS_OF_CODES = { sms_not_configured: NO_SMS, sms_off: NO_SMS };

export function inWords(status, { error, code }) {
  if (Object.hasOwn(WORDS_OF_CODES, code ?? "")) return WORDS_OF_CODES[code]();
  if (error && (readsEnglish || !status)) return error;
  return WORDS[status]?.() ?? t("The box answered {status}.", { status });
}
