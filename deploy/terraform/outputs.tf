output "topic_arn" {
  value       = aws_sns_topic.topic.arn
  description = "TOPIC_ARN of worker.env"
}

output "queue_url" {
  value       = aws_sqs_queue.queue.id
  description = "QUEUE_URL of worker.env"
}

output "dlq_url" {
  value       = aws_sqs_queue.dlq.id
  description = "DLQ_URL of worker.env"
}

output "worker_role_arn" {
  value = aws_iam_role.worker.arn
}

output "worker_profile_name" {
  value = one(aws_iam_instance_profile.worker[*].name)
}

output "worker_policy_arn" {
  value = aws_iam_policy.worker.arn
}

output "doctor_policy_arn" {
  value = aws_iam_policy.doctor.arn
}
