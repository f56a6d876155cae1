// What a customer reads for each code of the API, and after how many seconds to ask again where
// that helps. A longer wait that the answer names comes first.
export const refusals = {
  budget_exhausted: { text: "You have asked all that is included for now." },
  conversation_busy: { text: "Your last question is still being answered.", wait: 5 },
  conversation_ended: { text: "This conversation has ended. Ask again to begin another.", wait: 1 },
  forbidden: { text: "The access key is not accepted. Please enter it again.", key: true },
  internal_error: { text: "Something is broken on our side. Please contact us if it stays so.", wait: 10 },
  invalid_request: { text: "This cannot be sent. A question has 1 to 2,000 characters." },
  memory_unavailable: { text: "The chat has a short break.", wait: 5 },
  model_error: { text: "There was no answer to this. Please try again, or ask differently.", wait: 1 },
  model_throttled: { text: "Many people are asking right now.", wait: 5 },
  model_timeout: { text: "The answer took too long. Please try again, or ask a shorter question.", wait: 1 },
  model_unavailable: { text: "The chat has a short break.", wait: 5 },
  not_found: { text: "The chat is not at the address that this page knows. Please contact us." },
  not_deleted: { text: "The conversation could not be deleted. Please try again." },
  not_signed_in: { text: "Signing in did not work. Please try again." },
  prompt_injection: { text: "This cannot be sent as it is. Please ask it in other words." },
  quota_exceeded: { text: "The questions of this month are used up. Please contact us." },
  rate_limited: { text: "You have asked many questions in a short time.", wait: 60 },
  request_blocked: { text: "This cannot be sent as it is. Please ask it in other words." },
  request_too_large: { text: "This is too long. Please ask a shorter question." },
  throttled: { text: "That was a little fast.", wait: 2 },
  unauthenticated: { text: "You are not signed in, or no longer. Please sign in.", token: true },
  unsupported_media_type: { text: "This page is out of date. Please reload it." },
};
export const unknown = { text: "That did not work. Please try again.", wait: 5 };
export const unreachable = {
  text: `The chat cannot be reached. Either the network is down, or the chat does not allow pages of ${globalThis.location?.origin}.`,
  wait: 5,
};
/** Say from when on questions are answered again, on the clock of whoever reads it. */
export function goesOn(seconds) {
  const soon = seconds < 6 * 86400;
  const day = soon ? { weekday: "long" } : { day: "numeric", month: "long" };
  const at = new Date(Math.round(Date.now() / 60000 + seconds / 60) * 60000);
  return ` You can ask again from ${at.toLocaleString("en", { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}.`;
}
export const blocked = "We cannot help with this question here. Please ask it in other words, or contact us.";
