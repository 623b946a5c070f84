// The Markdown of briefs as elements. Text stays text; links lead to the web or to mail only.

import { el } from "./dom.js";

const MARKER = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const INLINE = [
  [/^\\([!-/:-@[-`{-~])/, (m) => m[1]],
  [/^`([^`]+)`/, (m) => el("code", {}, m[1])],
  [/^\*\*(?=\S)([\s\S]+?)\*\*/, (m) => el("strong", {}, inline(m[1]))],
  [/^\*(?=\S)([^*]+?)\*/, (m) => el("em", {}, inline(m[1]))],
  [/^_(?=\S)([^_]+?)_(?!\w)/, (m) => el("em", {}, inline(m[1]))],
  [/^!?\[((?:\\.|[^\]\\])*)\]\(\s*<?([^\s>)]*)>?(?:\s+"[^"]*")?\s*\)/, (m) => link(m[2], inline(m[1]))],
  [/^<((?:https?:\/\/|mailto:)[^\s<>]+)>/, (m) => link(m[1], [m[1]])],
];

function link(address, label) {
  let url = null;
  try {
    url = new URL(address);
  } catch { /* not an address: its words are enough */ }
  if (!url || !["https:", "http:", "mailto:"].includes(url.protocol)) return label;
  // Mails refuse it as well: what stands before the @ looks like the place that it leads to.
  if (url.username || url.password) return label;
  const isHere = url.origin === location.origin && url.pathname === location.pathname && url.hash;
  if (isHere) return el("a", { href: url.hash }, label);
  return el("a", { href: url.href, rel: "noopener noreferrer" }, label);
}

export function inline(text) {
  const parts = [];
  let plain = "";
  let rest = text;
  let last = "";
  while (rest) {
    let hit = null;
    if (rest[0] !== "_" || !/\w/.test(last)) {
      for (const [pattern, make] of INLINE) {
        const match = pattern.exec(rest);
        if (match) { hit = [match[0], make(match)]; break; }
      }
    }
    if (!hit) hit = [rest[0], null];
    if (hit[1] === null) plain += hit[0];
    else { if (plain) parts.push(plain); plain = ""; parts.push(hit[1]); }
    last = hit[0].slice(-1);
    rest = rest.slice(hit[0].length);
  }
  if (plain) parts.push(plain);
  return parts;
}

// `top` is the level of the headings that the Markdown marks with one #; `each(item, line)` is called
// for every item of a list with the line that it stands in, counted from zero.
export function markdown(text, top = 2, each = () => {}) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  return blocks(lines, { top, each, first: 0 });
}

// `context.first` is the number of the first of these lines in the whole text.
function blocks(lines, context) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (!line.trim()) { at += 1; continue; }
    if (heading) {
      const level = Math.min(6, heading[1].length + context.top - 1);
      made.push(el(`h${level}`, {}, inline(heading[2])));
      at += 1;
    } else if (/^\s*(```|~~~)/.test(line)) {
      const end = lines.findIndex((other, n) => n > at && /^\s*(```|~~~)\s*$/.test(other));
      const stop = end < 0 ? lines.length : end;
      made.push(el("pre", { tabindex: "0" }, el("code", {}, lines.slice(at + 1, stop).join("\n"))));
      at = stop + 1;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      made.push(el("hr"));
      at += 1;
    } else if (/^\s*>/.test(line)) {
      let end = at;
      while (end < lines.length && /^\s*>/.test(lines[end])) end += 1;
      const inner = lines.slice(at, end).map((other) => other.replace(/^\s*>\s?/, ""));
      made.push(el("blockquote", {}, blocks(inner, { ...context, first: context.first + at })));
      at = end;
    } else if (MARKER.test(line)) {
      const [list, end] = listAt(lines, at, context);
      made.push(list);
      at = end;
    } else {
      let end = at + 1;
      while (end < lines.length && lines[end].trim() && !/^(#{1,6}\s|\s*>|\s*(```|~~~))/.test(lines[end])
        && !MARKER.test(lines[end])) end += 1;
      made.push(el("p", {}, inline(lines.slice(at, end).map((other) => other.trim()).join(" "))));
      at = end;
    }
  }
  return made;
}

function listAt(lines, start, context) {
  const [, indent, number] = MARKER.exec(lines[start]);
  const list = el(number ? "ol" : "ul", number && number !== "1" ? { start: number } : {});
  let at = start;
  while (at < lines.length) {
    const mark = MARKER.exec(lines[at]);
    if (!mark || mark[1].length !== indent.length || Boolean(mark[2]) !== Boolean(number)) break;
    const inner = [];
    let end = at + 1;
    while (end < lines.length && (deeper(lines[end], indent.length)
      || (!lines[end].trim() && end + 1 < lines.length && deeper(lines[end + 1], indent.length)))) {
      inner.push(lines[end].slice(Math.min(indent.length + 2, lines[end].length)));
      end += 1;
    }
    const item = el("li", {}, inline(mark[3]), blocks(inner, { ...context, first: context.first + at + 1 }));
    context.each(item, context.first + at);
    list.append(item);
    at = end;
    if (at + 1 < lines.length && !lines[at].trim() && MARKER.test(lines[at + 1])) at += 1;
  }
  return [list, at];
}

const deeper = (line, indent) => line.trim() !== "" && line.search(/\S/) > indent;
