# A numbered version is a snapshot: editing the guardrail above changes nothing for a caller that names a number, until
# the next number is published (Amazon Bedrock User Guide, "Deploy your guardrail"). The hash in the description forces
# that replacement, and it is the only thing that does.
resource "aws_bedrock_guardrail_version" "this" {
  guardrail_arn = aws_bedrock_guardrail.this.guardrail_arn
  description   = "policy sha256 ${local.policy_hash}"

  # Old numbers stay: a Lambda version that still answers requests, or a rollback, names one of them.
  skip_destroy = true

  lifecycle {
    create_before_destroy = true
  }
}
