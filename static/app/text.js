// Every sentence that people read goes through here, whole, with named places for what varies.

const PLACE = /\{(\w+)\}/g;
const ORDER = ["zero", "one", "two", "few", "many", "other"];

// Texts by the English ones, in the language of whoever is signed in, else of the browser.
const { tag, direction, texts } = await load();

// The catalogue that the page is written from; empty if it could not be had.
export const spoken = tag;
if (tag) Object.assign(document.documentElement, { lang: tag, dir: direction });

const rules = new Intl.PluralRules(tag || "en");
const kinds = ORDER.filter((kind) => rules.resolvedOptions().pluralCategories.includes(kind));

async function load() {
  try {
    const answer = await fetch("texts.json", { headers: { "X-Box-Page": "1" } });
    if (answer.ok) return await answer.json();
  } catch { /* the page is there in English */ }
  return { tag: "", texts: {} };
}

const filled = (words, values) => words.replace(PLACE, (whole, name) => String(values[name] ?? whole));

// t("Written {when}", { when })
export const t = (sentence, values = {}) => filled(texts[sentence] ?? sentence, values);

// plural(2, "{count} task", "{count} tasks")
export function plural(count, one, many, values = {}) {
  const forms = texts[one];
  const form = forms ? forms[Math.min(kinds.indexOf(rules.select(count)), forms.length - 1)] : count === 1 ? one : many;
  return filled(form, { count, ...values });
}

// The sentence as a list in which elements stand in their places.
export function parts(sentence, elements) {
  const words = texts[sentence] ?? sentence;
  return words.split(/(\{\w+\})/).filter(Boolean)
    .map((part) => (/^\{\w+\}$/.test(part) ? elements[part.slice(1, -1)] ?? "" : part));
}
