variable "topic_name" {
  type    = string
  default = "stock_empty"
}

variable "queue_name" {
  type    = string
  default = "stock_queue"
}

variable "dlq_name" {
  type    = string
  default = "stock_dlq"
}

variable "max_receive" {
  type        = number
  default     = 5
  description = "Receives before a message becomes a dead letter"
}

variable "encryption" {
  type        = bool
  default     = false
  description = "A KMS key for topic and queues; otherwise the queues use the keys of SQS"
}

variable "worker_service" {
  type        = string
  default     = "ec2.amazonaws.com"
  description = "Where the worker runs: ec2.amazonaws.com or ecs-tasks.amazonaws.com"
}

variable "alarm_topic_arn" {
  type        = string
  default     = ""
  description = "The SNS topic for the alarms; empty for none"
}
