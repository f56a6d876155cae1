// The chat page: asks the API, and tells every refusal in words.

import { blocked, refusals, unknown, unreachable } from "./refusals.js";
import * as settings from "./settings.js";

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
  if (refusal.token) askToSignIn(item);
  const seconds = Math.max(named || 0, refusal.wait ?? 0);
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
      conversation = said.conversation_id ?? conversation;
      $("alone").hidden = Boolean(conversation);
      tell(item, "theirs", said.blocked ? blocked : said.response);
      const used = said.budget_used_percent;
      if (used >= NEARLY_USED) item.append(Object.assign(document.createElement("small"), { textContent: ` ${used} % of what is included is used.` }));
    } else if (said.error?.code === "not_found" && conversation) {
      conversation = undefined;
      refuse(item, { text: "This conversation has ended. Ask again to begin another.", wait: 1 }, question);
    } else {
      refuse(item, refusals[said.error?.code] ?? unknown, question, Number(reply.headers.get("retry-after")));
    }
  } catch (error) {
    refuse(item, error.name === "TimeoutError" ? refusals.model_timeout : unreachable, question);
  }
  $("send").disabled = false;
  item.scrollIntoView({ block: "end" });
}

/** Forget the token that was refused, and lead to where there is another. */
function askToSignIn(item) {
  sessionStorage.removeItem("token");
  if (!settings.signIn) return;
  const link = document.createElement("a");
  link.href = settings.signIn;
  link.textContent = "Sign in";
  item.append(" ", link);
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
if (Object.keys(credentials()).length) $("message").focus();
else askForKey();
