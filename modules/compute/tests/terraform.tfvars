# What all files of tests here share.
name               = "chatbot-test"
package            = "tests/package.zip"
allowed_origin     = "https://chat.example.com"
kms_key_arn        = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
log_retention_days = 365
deny_policy_arn    = "arn:aws:iam::111122223333:policy/chatbot-test-deny-tampering"
chat = {
  max_message_chars = 2000
  max_output_tokens = 512
  system_prompt     = "You are a helpful customer support assistant."
}
guardrail = {
  arn            = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abcdefghij12"
  id             = "abcdefghij12"
  safety_message = "Blocked."
  version        = "3"
}
model = {
  inference_profile_id = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
  destination_regions  = ["us-east-1", "us-east-2", "us-west-2"]
}
