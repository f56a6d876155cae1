// The way of one request, as elements.

const MARKS = { passed: "✓", stopped: "✕", failed: "!", changed: "≈", counted: "#", recorded: "≡" };

/** Make an element with properties and children; text is never read as markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function line({ place, verdict, what }) {
  return [
    make("span", { className: "mark", ariaHidden: "true" }, MARKS[verdict] ?? "–"),
    make("span", { className: "place" }, place),
    make("span", { className: "what" }, make("b", {}, verdict), what ? ` ${what}` : ""),
  ];
}

function facts(entries) {
  const pairs = entries.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]);
  return make("dl", { className: "facts" }, ...pairs);
}

/** Return a trace's steps as a list; what has details can be opened. */
export function steps(trace) {
  const items = trace.steps.map((step) => {
    const known = Object.entries(step.facts);
    const body = known.length
      ? make("details", {}, make("summary", {}, ...line(step)), facts(known))
      : make("div", { className: "plain" }, ...line(step));
    return make("li", { className: `step ${step.verdict.replace(" ", "-")}` }, body);
  });
  return make("ol", { className: "steps", ariaLabel: "Way through the layers" }, ...items);
}
