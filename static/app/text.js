// Every sentence that people read goes through here, whole, with named places for what varies.

// Sentences of another language by the English one; empty for English.
const catalogue = new Map();

const PLACE = /\{(\w+)\}/g;

// t("Written {when}", { when })
export function t(sentence, values = {}) {
  return (catalogue.get(sentence) ?? sentence).replace(PLACE, (whole, name) => String(values[name] ?? whole));
}

// plural(2, "{count} task", "{count} tasks")
export function plural(count, one, many, values = {}) {
  return t(count === 1 ? one : many, { count, ...values });
}

// The sentence as a list in which elements stand in their places.
export function parts(sentence, elements) {
  const words = catalogue.get(sentence) ?? sentence;
  return words.split(/(\{\w+\})/).filter(Boolean)
    .map((part) => (/^\{\w+\}$/.test(part) ? elements[part.slice(1, -1)] ?? "" : part));
}
