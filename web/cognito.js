// Sign-in at Amazon Cognito's page: an authorization code, bound to this tab by PKCE (RFC 7636), for
// a token. The app client has no secret, and this page's address among its callback URLs. Browsers may call
// the token endpoint from any origin (Amazon Cognito Developer Guide, "The token issuer endpoint").

import { signIn } from "./settings.js";

const here = () => location.origin + location.pathname;
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Go to where people sign in. */
export async function leave() {
  const kept = { state: random(), verifier: random() };
  sessionStorage.setItem("sign-in", JSON.stringify(kept));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(kept.verifier));
  const asked = new URLSearchParams({
    response_type: "code", client_id: signIn.clientId, redirect_uri: here(), scope: signIn.scope, state: kept.state,
    code_challenge: base64url(new Uint8Array(hash)), code_challenge_method: "S256",
  });
  location.assign(`${signIn.domain}/oauth2/authorize?${asked}`);
}

/** Take the token of who comes back; false if none was to be had. */
export async function comeBack() {
  const brought = new URLSearchParams(location.search);
  if (!signIn.domain || !brought.has("state")) return true; // nobody comes back
  history.replaceState(null, "", location.pathname); // no code in the address, nor in a bookmark
  const kept = JSON.parse(sessionStorage.getItem("sign-in") ?? "{}");
  sessionStorage.removeItem("sign-in");
  if (brought.get("state") !== kept.state || !brought.has("code")) return false; // another tab's, or refused
  try {
    const reply = await fetch(`${signIn.domain}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code", client_id: signIn.clientId, redirect_uri: here(),
        code: brought.get("code"), code_verifier: kept.verifier,
      }),
      credentials: "omit",
    });
    const token = reply.ok && (await reply.json())[signIn.token ?? "access_token"];
    if (token) sessionStorage.setItem("token", token);
    return Boolean(token);
  } catch {
    return false;
  }
}
