// What the box refuses, in the person's language. Its own sentences are English and say more.

import { spoken, t } from "./text.js";

export const readsEnglish = !spoken || spoken.startsWith("en");

const WORDS = {
  400: () => t("The box cannot take it like this."),
  401: () => t("Please sign in again."),
  403: () => t("You may not do that."),
  404: () => t("That is no longer here."),
  409: () => t("That clashes with what happened meanwhile. Look at it anew, then try again."),
  413: () => t("That is too large."),
  422: () => t("The box cannot take it like this."),
  429: () => t("That was too much at once. Wait a moment, then try again."),
  503: () => t("The box is too busy just now. Try again later."),
  507: () => t("The box has no room left."),
};

export function inWords(status, error) {
  if (error && (readsEnglish || !status)) return error;
  return WORDS[status]?.() ?? t("The box answered {status}.", { status });
}
