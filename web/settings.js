// The one setting: the address of the chat API (terraform output: deployment.url).
export const api = "https://example.execute-api.us-east-2.amazonaws.com/v1/chat";
