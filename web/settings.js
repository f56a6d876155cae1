// The address of the chat API (terraform output: deployment.url).
export const api = "https://example.execute-api.us-east-2.amazonaws.com/v1/chat";
// Where people sign in, if they do. Amazon Cognito's own page:
//   { domain: "https://chatbot.auth.us-east-2.amazoncognito.com", clientId: "…", scope: "openid chatbot/ask", token: "access_token" }
// token is id_token where the environment's `identity` has no scopes. Or the address of a page of yours that puts their token into
// sessionStorage and comes back.
export const signIn = "";
