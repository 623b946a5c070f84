// The few drawings of the page, as lines of one width in the colour of the text.

const SHAPES = {
  today: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  tasks: "M4 6l2 2 3-3M12 7h8M4 13l2 2 3-3M12 14h8M12 20h8M5 20h2",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  projects: "M3 7h6l2 2h10v10H3z",
  inbox: "M4 5h16v14H4zM4 14h5l1 2h4l1-2h5",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.8-4.8",
};
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const made = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", width: 22, height: 22, fill: "none", stroke: "currentColor",
    "stroke-width": 1.7, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  })) made.setAttribute(key, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", SHAPES[name]);
  made.append(line);
  return made;
}
