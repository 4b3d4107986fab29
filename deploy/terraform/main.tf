# autostock: topic, queue and dead-letter queue between the worker and the
# factory, their policies, the worker's role, and alarms.  The same resources as
# ../cloudformation.yaml; make deploy-check compares the two.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  key    = var.encryption ? aws_kms_key.autostock[0].arn : null
  alarms = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}

resource "aws_kms_key" "autostock" {
  count               = var.encryption ? 1 : 0
  description         = "autostock, topic and queues"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }
  statement {
    sid       = "TopicToQueue"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_sns_topic" "topic" {
  name              = var.topic_name
  kms_master_key_id = local.key
}

resource "aws_sqs_queue" "dlq" {
  name                      = var.dlq_name
  message_retention_seconds = 1209600
  kms_master_key_id         = local.key
}

resource "aws_sqs_queue" "queue" {
  name                       = var.queue_name
  visibility_timeout_seconds = 60
  message_retention_seconds  = 345600
  receive_wait_time_seconds  = 20
  kms_master_key_id          = local.key
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dlq.arn
    maxReceiveCount     = var.max_receive
  })
}

resource "aws_sqs_queue_policy" "queue" {
  queue_url = aws_sqs_queue.queue.id
  policy    = data.aws_iam_policy_document.queue.json
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "autostock-topic-to-queue"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.topic.arn]
    }
  }
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn  = aws_sns_topic.topic.arn
  protocol   = "sqs"
  endpoint   = aws_sqs_queue.queue.arn
  depends_on = [aws_sqs_queue_policy.queue]
}

# what "autostock-worker run" needs, and no more
data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "AutostockPublish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.topic.arn]
  }
  statement {
    sid = "AutostockQueues"
    actions = [
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:SendMessage",
      "sqs:GetQueueAttributes",
    ]
    resources = [aws_sqs_queue.queue.arn, aws_sqs_queue.dlq.arn]
  }
}

resource "aws_iam_policy" "worker" {
  description = "autostock-worker run"
  policy      = data.aws_iam_policy_document.worker.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [var.worker_service]
    }
  }
}

resource "aws_iam_role" "worker" {
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.worker.arn
}

resource "aws_iam_role_policy" "key" {
  count = var.encryption ? 1 : 0
  role  = aws_iam_role.worker.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "AutostockKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = local.key
    }]
  })
}

resource "aws_iam_instance_profile" "worker" {
  count = var.worker_service == "ec2.amazonaws.com" ? 1 : 0
  role  = aws_iam_role.worker.name
}

# for an operator: "autostock-worker doctor", which changes nothing
data "aws_iam_policy_document" "doctor" {
  statement {
    sid = "AutostockDoctorTopic"
    actions = [
      "sns:GetTopicAttributes",
      "sns:ListSubscriptionsByTopic",
      "sns:GetSubscriptionAttributes",
    ]
    resources = [aws_sns_topic.topic.arn]
  }
  statement {
    sid       = "AutostockDoctorQueues"
    actions   = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.queue.arn, aws_sqs_queue.dlq.arn]
  }
}

resource "aws_iam_policy" "doctor" {
  description = "autostock-worker doctor"
  policy      = data.aws_iam_policy_document.doctor.json
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.dlq_name}-dead-letters"
  alarm_description   = "Orders were not delivered: autostock-worker dlq list"
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarms

  # Also those that a reader holds: dlq list, the dashboard.  SQS publishes both
  # metrics together.  No FILL(): it makes the newest period 0 while its data is
  # late, and the alarm evaluates one period.
  metric_query {
    id          = "dead"
    label       = "dead letters"
    expression  = "visible + held"
    return_data = true
  }
  metric_query {
    id = "visible"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dlq.name }
      stat        = "Maximum"
      period      = 60
    }
  }
  metric_query {
    id = "held"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesNotVisible"
      dimensions  = { QueueName = aws_sqs_queue.dlq.name }
      stat        = "Maximum"
      period      = 60
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "old_messages" {
  alarm_name          = "${var.queue_name}-old-messages"
  alarm_description   = "An order waits for 15 minutes: the worker or the factory is down"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.queue.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 900
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarms
}

resource "aws_cloudwatch_metric_alarm" "failed_deliveries" {
  alarm_name          = "${var.topic_name}-failed-deliveries"
  alarm_description   = "SNS does not reach the queue: its policy or key, autostock-worker doctor"
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailed"
  dimensions          = { TopicName = aws_sns_topic.topic.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarms
}
