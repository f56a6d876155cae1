// The chat page: asks the API, and tells every refusal in words.

import { blocked, goesOn, refusals, unknown, unreachable } from "./refusals.js";
import * as settings from "./settings.js";
import { comeBack, leave } from "./cognito.js";

const $ = (id) => document.getElementById(id);
const MAX_SECONDS = 35; // the API itself gives up after 29
const LONG_SECONDS = 600; // nobody waits so long before a page
const NEARLY_USED = 80; // percent of a budget
let conversation; // which the server keeps, where it keeps any; a reload begins another

/** Return the headers that say who asks: the page's key, and a token where people sign in. */
function credentials() {
  const [token, key] = ["token", "key"].map((name) => sessionStorage.getItem(name));
  return { ...(token && { authorization: `Bearer ${token}` }), ...(key && { "x-api-key": key }) };
}

/** Fill a message; who says it is for those who cannot see on which side it stands. */
function tell(item, kind, text) {
  const who = document.createElement("span");
  who.className = "unseen";
  who.textContent = kind === "mine" ? "You: " : "Answer: ";
  item.className = kind;
  item.replaceChildren(who, text);
}

function say(kind, text) {
  const item = document.createElement("li");
  tell(item, kind, text);
  $("messages").append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

/** Tell a refusal, with a way to ask again once its wait is over. */
function refuse(item, refusal, question, named) {
  tell(item, "theirs problem", refusal.text);
  if (refusal.key) askForKey();
  if (refusal.token) askToSignIn(item, question);
  const seconds = Math.max(named || 0, refusal.wait ?? 0);
  if (seconds > LONG_SECONDS) item.append(goesOn(seconds));
  if (!seconds || seconds > LONG_SECONDS) return;
  const again = document.createElement("button");
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    again.disabled = left > 0;
    again.textContent = left > 0 ? `Ask again in ${left} s` : "Ask again";
    if (left > 0) setTimeout(tick, 250);
  };
  again.type = "button";
  again.ariaLive = "off"; // a screen reader need not count
  again.addEventListener("click", () => { again.remove(); ask(question); });
  item.append(again);
  tick();
}

async function ask(question) {
  say("mine", question);
  const item = say("theirs waiting", "…");
  $("send").disabled = true;
  try {
    const reply = await fetch(settings.api, {
      method: "POST",
      headers: { "content-type": "application/json", ...credentials() },
      body: JSON.stringify({ message: question, ...(conversation && { conversation_id: conversation }) }),
      credentials: "omit",
      signal: AbortSignal.timeout(MAX_SECONDS * 1000),
    });
    const said = await reply.json().catch(() => ({}));
    if (reply.ok && typeof said.response === "string") {
      holds(said.conversation_id ?? conversation);
      $("alone").hidden = Boolean(conversation || said.blocked);
      tell(item, "theirs", said.blocked ? blocked : said.response);
      const used = said.budget_used_percent;
      if (used >= NEARLY_USED) item.append(Object.assign(document.createElement("small"), { textContent: ` ${used} % of what is included is used.` }));
    } else if (said.error?.code === "not_found" && conversation) {
      holds(undefined);
      refuse(item, refusals.conversation_ended, question);
    } else {
      refuse(item, refusals[said.error?.code] ?? unknown, question, Number(reply.headers.get("retry-after")));
    }
  } catch (error) {
    refuse(item, error.name === "TimeoutError" ? refusals.model_timeout : unreachable, question);
  }
  $("send").disabled = false;
  item.scrollIntoView({ block: "end" });
}

/** Note which conversation goes on; only one that does can be deleted. */
function holds(id) {
  conversation = id;
  $("delete").hidden = !id;
}

/** Delete the conversation at the server, and from the page once it is gone there. */
async function forget() {
  $("delete").disabled = true;
  const gone = await fetch(`${settings.api}/${conversation}`, {
    method: "DELETE",
    headers: credentials(),
    credentials: "omit",
    signal: AbortSignal.timeout(MAX_SECONDS * 1000),
  }).then((reply) => reply.ok || reply.status === 404, () => false);
  $("delete").disabled = false;
  $("message").focus();
  if (!gone) return void tell(say("theirs"), "theirs problem", refusals.not_deleted.text);
  holds(undefined);
  $("messages").replaceChildren();
  say("theirs", "The conversation is deleted. Ask to begin another.");
}

/** Forget the token that was refused, and lead to where there is another; the question is kept. */
function askToSignIn(item, question) {
  sessionStorage.removeItem("token");
  if (!settings.signIn) return;
  sessionStorage.setItem("question", question);
  item.append(" ", signInLink());
}

function signInLink() {
  const link = Object.assign(document.createElement("a"), { href: "#", textContent: "Sign in" });
  if (typeof settings.signIn === "string") link.href = settings.signIn;
  else link.addEventListener("click", (event) => { event.preventDefault(); leave(); });
  return link;
}

/** Begin: who comes back from signing in brings a token; who has none is asked for it first. */
async function start() {
  if (!(await comeBack())) say("theirs problem", refusals.not_signed_in.text);
  $("message").value = sessionStorage.getItem("question") ?? "";
  sessionStorage.removeItem("question");
  const { authorization: token, "x-api-key": key } = credentials();
  if (settings.signIn && !token) {
    const link = signInLink();
    say("theirs", "Please sign in to ask. ").append(link);
    link.focus();
  } else if (key) $("message").focus();
  else askForKey();
}

function askForKey() {
  sessionStorage.removeItem("key");
  $("key-form").hidden = false;
  $("key").focus();
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value.trim());
  $("key").value = "";
  $("key-form").hidden = true;
  $("message").focus();
});
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("message").value;
  if (!question.trim() || $("send").disabled) return;
  $("message").value = "";
  ask(question);
});
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
$("delete").addEventListener("click", forget);
start();
