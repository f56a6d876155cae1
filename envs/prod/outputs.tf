output "deployment" {
  description = "What was made; modules/chatbot/outputs.tf lists its attributes."
  value       = module.chatbot.deployment
}
