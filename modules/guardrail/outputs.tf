output "arn" {
  description = "ARN of the guardrail, without a version; what bedrock:ApplyGuardrail is allowed on."
  value       = aws_bedrock_guardrail.this.guardrail_arn
}

output "id" {
  description = "Identifier of the guardrail."
  value       = aws_bedrock_guardrail.this.guardrail_id
}

output "policy_hash" {
  description = "SHA-256 of everything the guardrail decides by; a new version is published when it changes."
  value       = local.policy_hash
}

output "safety_message" {
  description = "Text that replaces a blocked prompt or answer."
  value       = var.safety_message
}

output "version" {
  description = "Number of the published version; never DRAFT."
  value       = aws_bedrock_guardrail_version.this.version
}

output "version_arn" {
  description = "ARN of the published version, as policies compare it with bedrock:GuardrailIdentifier."
  value       = "${aws_bedrock_guardrail.this.guardrail_arn}:${aws_bedrock_guardrail_version.this.version}"
}
