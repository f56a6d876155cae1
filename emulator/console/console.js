// The console's page: a chat, the way of each request, batches, switches and counters.

import { make, steps } from "./trace.js";

const $ = (id) => document.getElementById(id);
const TRAIL_MS = 6000; // the local AWS writes its trail every five seconds
const COUNT_MS = 10000;
const LONG_SECONDS = 600; // until a budget's next day
const FAULTS = {
  "as usual": null,
  "throttled, for the next question": { bedrock: { error: "ThrottlingException", times: 3 } },
  "not available, for the next question": { bedrock: { error: "ServiceUnavailableException", times: 3 } },
  "slow: 5 s a call": { latency_ms: 5000 },
  "recites its instructions": { bedrock: { reply: { recites: "plain" }, times: 0 } },
  "tells an IP address": { bedrock: { reply: { text: "It was 203.0.113.7." }, times: 0 } },
};
const STRANGER = "not signed in";
let about = null;
let isGone = false;

/** Ask the local AWS; a refusal becomes an error with its message. */
async function call(path, options) {
  const reply = await fetch(path, options);
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.message ?? `${path}: ${reply.status}`);
  return said;
}
const json = (method, body) => ({ method, body: JSON.stringify(body) });

// The chat

const conversations = {}; // client to the one that goes on, where the environment keeps any

/** Note the conversation of the chosen client; only one that goes on can be deleted. */
function holds(client, id) {
  conversations[client] = id;
  $("forget").hidden = !conversations[$("client").value];
}

async function forget() {
  const client = $("client").value;
  const reply = await fetch(`${about.path}/${conversations[client]}`, { method: "DELETE", headers: credentials() });
  const gone = reply.ok || reply.status === 404;
  if (gone) holds(client, undefined);
  const said = gone ? "The conversation is deleted: the next question begins another." : `The conversation is not deleted: ${reply.status}.`;
  $("exchanges").append(make("li", { className: "meta" }, said));
  $("exchanges").lastChild.scrollIntoView({ block: "nearest" });
  $("message").focus();
}

/** Return the headers that say who asks: a client's key and, where people sign in, the test person's token. */
function credentials() {
  const who = $("client").value, stranger = who === STRANGER;
  const key = about.clients[stranger ? Object.keys(about.clients)[0] : who] ?? "";
  return { "x-api-key": key, ...(about.token && !stranger && { authorization: `Bearer ${about.token}` }) };
}

async function ask(text) {
  const client = $("client").value;
  const going = conversations[client];
  const card = make("li", { className: "exchange" });
  const said = make("div", { className: "said" }, make("div", { className: "bubble question" }, text));
  // Read out with the answer alone: the way is drawn again as records come.
  const way = make("div", { ariaLive: "off" }, make("p", { className: "meta" }, "…"));
  card.append(said, way);
  $("exchanges").append(card);
  card.scrollIntoView({ block: "nearest" });
  let reply;
  try {
    reply = await fetch(about.path, {
      method: "POST",
      headers: { "content-type": "application/json", ...credentials() },
      body: JSON.stringify({ message: text, ...(going && { conversation_id: going }) }),
    });
  } catch (error) {
    way.replaceChildren(make("p", { className: "meta" }, `No answer: ${error.message}. Is the rehearsal up?`));
    return;
  }
  const answer = await reply.json().catch(() => ({}));
  const refused = !reply.ok || answer.blocked;
  holds(client, reply.status === 404 ? undefined : answer.conversation_id ?? going);
  said.append(
    make("div", { className: `bubble answer${refused ? " refused" : ""}` }, answer.response ?? answer.error?.message ?? "no text"),
    meta(reply, answer, text),
  );
  const id = reply.headers.get("x-amz-apigw-id") ?? reply.headers.get("x-amzn-requestid");
  let trace = await show(way, id);
  card.scrollIntoView({ block: "nearest" });
  count();
  showFault().catch(() => {}); // the counters say so
  for (let tries = 0; tries < 3 && !trace?.steps.at(-1).facts.trail; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, TRAIL_MS));
    trace = await show(way, id);
  }
}

function meta(reply, answer, text) {
  const parts = [make("span", { className: "status" }, `${reply.status} ${answer.error?.code ?? answer.stop_reason ?? ""}`)];
  const id = answer.request_id ?? answer.error?.request_id;
  if (id) parts.push(make("code", {}, id));
  if (answer.conversation_id) parts.push(make("span", {}, `conversation goes on${answer.blocked ? " without this" : ""}`));
  if (answer.budget_used_percent !== undefined) parts.push(make("span", {}, `budget ${answer.budget_used_percent} % used`));
  if (!reply.ok) parts.push(again(text, Number(reply.headers.get("retry-after"))));
  return make("div", { className: "meta" }, ...parts);
}

/** Return a button that asks again, once the refusal's own wait is over; or the time when nobody waits for that. */
function again(text, seconds) {
  if (seconds > LONG_SECONDS) {
    const at = new Date(Math.round(Date.now() / 60000 + seconds / 60) * 60000);
    return make("span", {}, `again from ${at.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`);
  }
  const button = make("button", { type: "button", className: "chip", ariaLive: "off" }, "Try again");
  button.addEventListener("click", () => ask(text));
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(tick, 250);
  };
  if (seconds > 0) tick();
  return button;
}

async function show(way, id) {
  try {
    const trace = await call(`/_aws/console/trace?id=${encodeURIComponent(id)}`);
    const open = [...way.querySelectorAll("details")].map((one) => one.open);
    way.replaceChildren(steps(trace));
    way.querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? false; });
    return trace;
  } catch (error) {
    way.replaceChildren(make("p", { className: "meta" }, error.message));
    return null;
  }
}

function samples(every) {
  const attacks = every.filter((one) => one.layer);
  const honest = every.filter((one) => !one.layer);
  const first = (list, key) => [...new Map(list.toReversed().map((one) => [one[key], one])).values()].toReversed();
  const chip = (one, label) => {
    const button = make("button", { type: "button", className: "chip", title: one.text }, label);
    button.addEventListener("click", () => ask(one.text));
    return button;
  };
  const plain = honest.filter((one) => one.text.length < 60);
  $("attacks").replaceChildren(...first(attacks, "control").map((one) => chip(one, one.control)));
  $("honest").replaceChildren(...plain.slice(0, 5).map((one) => chip(one, one.text)));
  const kinds = Map.groupBy(every, (one) => (one.layer ? `${one.verdict} by ${one.layer}` : "answered"));
  for (const [label, members] of kinds) {
    const options = members.map((one) => make("option", { value: one.text }, `${one.control}: ${one.name}`));
    $("more").append(make("optgroup", { label }, ...options));
  }
  $("all-samples").addEventListener("click", () => {
    $("lines").value = every.map((one) => one.text.replaceAll("\n", " ")).join("\n");
  });
}

// A batch

const verdicts = [];

async function batch(lines) {
  verdicts.length = 0;
  $("verdicts").replaceChildren();
  document.querySelector(".table").hidden = false;
  $("run").disabled = true;
  for (const [place, message] of lines.entries()) {
    $("progress").textContent = `${place + 1} of ${lines.length}`;
    try {
      const { status, answer, trace } = await call("/_aws/console/ask", json("POST", { message, client: $("client").value }));
      const by = trace.stopped_by;
      verdicts.push({ message, layer: by?.layer ?? null, what: by?.what ?? answer.stop_reason, status, milliseconds: trace.milliseconds, id: trace.id });
    } catch (error) {
      verdicts.push({ message, layer: null, what: error.message, status: 0, milliseconds: null, id: null });
    }
    row(verdicts.at(-1));
  }
  const stopped = verdicts.filter((one) => one.layer).length;
  $("progress").textContent = `${lines.length} asked, ${stopped} stopped`;
  $("run").disabled = false;
  $("save").disabled = false;
  count();
}

function row({ message, layer, what, status, milliseconds }) {
  const cells = [message, layer ?? "nobody", what ?? "", status, milliseconds ?? ""];
  $("verdicts").append(make("tr", { className: layer ? "stopped" : "passed" }, ...cells.map((text) => make("td", {}, String(text)))));
}

function save() {
  const text = verdicts.map((one) => `${JSON.stringify(one)}\n`).join("");
  const url = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  make("a", { href: url, download: "verdicts.jsonl" }).click();
  URL.revokeObjectURL(url);
}

// Switches, counters, configuration

async function switchFault() {
  const fault = FAULTS[$("fault").value];
  await call("/_aws/faults", fault ? json("PUT", fault) : { method: "DELETE" });
}

/** Show which switch is on: one that was for some calls alone is off after these. */
async function showFault() {
  const { bedrock, dynamodb, latency_ms: latency } = await call("/_aws/faults");
  const select = $("fault");
  if (!bedrock && !dynamodb && !latency) select.value = "as usual";
  else if (select.value === "as usual") {
    if (!select.namedItem("elsewhere")) select.append(make("option", { id: "elsewhere" }, "as set elsewhere"));
    select.value = "as set elsewhere";
  }
}

/** Show the counters. A rehearsal that was gone has other keys and logs: the page begins anew. */
async function count() {
  let counted;
  try {
    counted = await call("/_aws/console/counters");
  } catch (error) {
    isGone = true;
    $("notice").textContent = `The rehearsal does not answer: ${error.message}. Is it up?`;
    return;
  }
  if (isGone) location.reload();
  $("counters").replaceChildren(...Object.entries(counted).map(([words, number]) =>
    make("div", {}, make("dt", {}, words), make("dd", {}, number.toLocaleString("en")))));
}

function configuration(sentences) {
  const layers = Map.groupBy(sentences, (one) => one.layer);
  $("configuration").replaceChildren(...[...layers].map(([layer, about]) =>
    make("div", {}, make("dt", {}, layer), ...about.map((one) => make("dd", {}, one.text)))));
}

async function start() {
  try {
    about = await call("/_aws/console/about");
  } catch (error) {
    $("notice").textContent = error.message;
    setTimeout(start, 3000);
    return;
  }
  $("notice").textContent = "";
  $("env").textContent = `of ${about.env}, ${about.region}`;
  $("model").textContent = about.model;
  $("client").replaceChildren(...Object.keys(about.clients).map((name) => make("option", {}, name)), ...["no key", ...(about.token ? [STRANGER] : [])].map((words) => make("option", {}, words)));
  count();
  showFault().catch(() => {});
  setInterval(() => document.visibilityState === "visible" && count(), COUNT_MS);
  const applied = await call("/_aws/console/applied");
  samples(applied.samples);
  configuration(applied.configuration);
}

$("fault").replaceChildren(...Object.keys(FAULTS).map((words) => make("option", {}, words)));
$("fault").addEventListener("change", () => switchFault().catch((error) => { $("notice").textContent = error.message; }));
$("more").addEventListener("change", () => {
  if ($("more").value) $("message").value = $("more").value;
  $("more").value = "";
  $("message").focus();
});
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("message").value;
  if (!text.trim() || !about) return;
  $("message").value = "";
  ask(text);
});
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
$("batch-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const lines = $("lines").value.split("\n").filter((one) => one.trim());
  if (lines.length && about) batch(lines);
});
$("save").addEventListener("click", save);
$("forget").addEventListener("click", () => forget().catch((error) => { $("notice").textContent = error.message; }));
$("client").addEventListener("change", () => holds($("client").value, conversations[$("client").value]));
start();
