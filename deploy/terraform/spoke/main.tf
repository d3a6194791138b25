# What an account that firelens-operator looks after has to hold. The same rights as deploy/iam.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  ecs        = "arn:${data.aws_partition.current.partition}:ecs:*:${local.account}"
  logs       = "arn:${data.aws_partition.current.partition}:logs:*:${local.account}:log-group"
  task_roles = "arn:${data.aws_partition.current.partition}:iam::${local.account}:role${var.task_role_path}*"
  objects    = "${aws_s3_bucket.config.arn}/${var.config_prefix}*"
}

resource "aws_s3_bucket" "config" {
  bucket = "firelens-config-${local.account}-${data.aws_region.current.name}"
}

resource "aws_s3_bucket_versioning" "config" {
  bucket = aws_s3_bucket.config.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "config" {
  bucket                  = aws_s3_bucket.config.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "config" {
  bucket = aws_s3_bucket.config.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Whoever writes here configures every router that reads here: nobody but the operator, and over TLS only.
resource "aws_s3_bucket_policy" "config" {
  bucket = aws_s3_bucket.config.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.config.arn, "${aws_s3_bucket.config.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyTheOperatorWrites"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:PutObject", "s3:DeleteObject"]
        Resource  = "${aws_s3_bucket.config.arn}/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = aws_iam_role.operator.arn } }
      },
    ]
  })
}

resource "aws_iam_policy" "task_boundary" {
  name        = "task-boundary"
  path        = "/firelens/"
  description = "Boundary of task roles that firelens-operator may extend."
  policy      = file("${path.module}/../../iam/task-boundary.json")
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.hub_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "operator" {
  name               = "firelens-operator"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "read" {
  statement {
    sid = "ReadServices"
    actions = [
      "ecs:DescribeClusters",
      "ecs:DescribeContainerInstances",
      "ecs:DescribeServiceDeployments",
      "ecs:DescribeServices",
      "ecs:DescribeTasks",
      "ecs:ListContainerInstances",
      "ecs:ListServiceDeployments",
      "ecs:ListServices",
      "ecs:ListTasks",
    ]
    resources = [
      "${local.ecs}:cluster/*",
      "${local.ecs}:container-instance/*",
      "${local.ecs}:service-deployment/*",
      "${local.ecs}:service/*",
      "${local.ecs}:task/*",
    ]
  }
  statement {
    sid       = "ReadWhatHasNoResourceLevel"
    actions   = ["ecs:DescribeTaskDefinition", "ecs:ListClusters", "ecs:ListTaskDefinitions"]
    resources = ["*"]
  }
  statement {
    sid = "ReadTaskRoles"
    actions = [
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListRolePolicies",
      "iam:SimulatePrincipalPolicy",
    ]
    resources = [local.task_roles]
  }
  statement {
    sid     = "ReadManagedPolicies"
    actions = ["iam:GetPolicy", "iam:GetPolicyVersion"]
    resources = [
      "arn:${data.aws_partition.current.partition}:iam::${local.account}:policy/*",
      "arn:${data.aws_partition.current.partition}:iam::aws:policy/*",
    ]
  }
  statement {
    sid       = "ReadRouterConfiguration"
    actions   = ["s3:GetObject"]
    resources = [local.objects]
  }
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.config.arn]
  }
  statement {
    sid       = "JudgeRolloutsByAlarmsAndMetrics"
    actions   = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"]
    resources = ["*"]
  }
  statement {
    sid       = "SeeThatLogsArrive"
    actions   = ["logs:DescribeLogStreams"]
    resources = ["${local.logs}:*"]
  }
  statement {
    sid       = "ReadTheRoutersOwnLog"
    actions   = ["logs:GetLogEvents"]
    resources = ["${local.logs}:${var.router_log_groups}"]
  }
}

resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.read.json
}

data "aws_iam_policy_document" "write" {
  statement {
    sid       = "RegisterRevisions"
    actions   = ["ecs:RegisterTaskDefinition"]
    resources = ["${local.ecs}:task-definition/*"]
  }
  statement {
    sid       = "ResendTagsWhenRegistering"
    actions   = ["ecs:TagResource"]
    resources = ["${local.ecs}:task-definition/*"]
    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RegisterTaskDefinition"]
    }
  }
  statement {
    sid       = "PointServicesAtRevisions"
    actions   = ["ecs:UpdateService"]
    resources = ["${local.ecs}:service/*"]
  }
  statement {
    sid       = "PassTheRolesTasksAlreadyHave"
    actions   = ["iam:PassRole"]
    resources = [local.task_roles]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
  statement {
    sid       = "GrantInlineBehindTheBoundary"
    actions   = ["iam:DeleteRolePolicy", "iam:PutRolePolicy"]
    resources = [local.task_roles]
    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.task_boundary.arn]
    }
  }
  statement {
    sid    = "NeverWiden"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeleteRolePermissionsBoundary",
      "iam:PutRolePermissionsBoundary",
      "iam:SetDefaultPolicyVersion",
      "iam:UpdateAssumeRolePolicy",
    ]
    resources = ["*"]
  }
  statement {
    sid       = "WriteRouterConfiguration"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = [local.objects]
  }
}

resource "aws_iam_role_policy" "write" {
  count  = var.write ? 1 : 0
  name   = "write"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.write.json
}

output "operator_role_arn" {
  description = "spec.assumeRole.arn of the AwsTarget, and one of spoke_role_arns of the operator."
  value       = aws_iam_role.operator.arn
}

output "config_bucket_name" {
  description = "spec.configBucket.name of the AwsTarget."
  value       = aws_s3_bucket.config.id
}

output "task_boundary_arn" {
  description = "The permissions boundary to put on the task and execution roles the operator may extend."
  value       = aws_iam_policy.task_boundary.arn
}
