// The address of the chat API (terraform output: deployment.url).
export const api = "https://example.execute-api.us-east-2.amazonaws.com/v1/chat";
// Where people sign in, if they do: a page of yours that puts their token into sessionStorage and comes back.
export const signIn = "";
