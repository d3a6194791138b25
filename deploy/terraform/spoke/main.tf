# What an account that firelens-operator looks after has to hold: the role it assumes and the boundary that task roles
# carry, once, and in every region a bucket for router configuration. The same rights as deploy/iam.

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
  # IAM knows no regions: the role and the boundary stand in one of them.
  is_home      = var.home_region == null || var.home_region == data.aws_region.current.name
  partition    = data.aws_partition.current.partition
  account      = data.aws_caller_identity.current.account_id
  ecs          = "arn:${local.partition}:ecs:*:${local.account}"
  logs         = "arn:${local.partition}:logs:*:${local.account}:log-group"
  task_roles   = "arn:${local.partition}:iam::${local.account}:role${var.task_role_path}*"
  buckets      = "arn:${local.partition}:s3:::firelens-config-${local.account}-*"
  objects      = "${local.buckets}/${var.config_prefix}*"
  operator_arn = "arn:${local.partition}:iam::${local.account}:role/firelens-operator"
  boundary_arn = "arn:${local.partition}:iam::${local.account}:policy/firelens/task-boundary"
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
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.operator_arn } }
      },
    ]
  })
}

resource "aws_iam_policy" "task_boundary" {
  count       = local.is_home ? 1 : 0
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
  count              = local.is_home ? 1 : 0
  name               = "firelens-operator"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "read" {
  statement {
    sid = "ReadWhatHasNoResourceLevel"
    actions = [
      "ecs:DescribeTaskDefinition",
      "ecs:ListClusters",
      "ecs:ListServices",
      "ecs:ListTaskDefinitions",
      "ecs:ListTasks",
    ]
    resources = ["*"]
  }
  statement {
    sid = "ReadClusters"
    actions = [
      "ecs:DescribeClusters",
      "ecs:ListContainerInstances",
    ]
    resources = ["${local.ecs}:cluster/*"]
  }
  statement {
    sid       = "ReadCapacityProviders"
    actions   = ["ecs:DescribeCapacityProviders"]
    resources = ["${local.ecs}:capacity-provider/*"]
  }
  statement {
    sid       = "ReadContainerInstances"
    actions   = ["ecs:DescribeContainerInstances"]
    resources = ["${local.ecs}:container-instance/*"]
  }
  statement {
    sid = "ReadServices"
    actions = [
      "ecs:DescribeServices",
      "ecs:ListServiceDeployments",
    ]
    resources = ["${local.ecs}:service/*"]
  }
  statement {
    sid       = "ReadServiceDeployments"
    actions   = ["ecs:DescribeServiceDeployments"]
    resources = ["${local.ecs}:service/*", "${local.ecs}:service-deployment/*"]
  }
  statement {
    sid       = "ReadTasks"
    actions   = ["ecs:DescribeTasks"]
    resources = ["${local.ecs}:task/*"]
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
      "arn:${local.partition}:iam::${local.account}:policy/*",
      "arn:${local.partition}:iam::aws:policy/*",
    ]
  }
  statement {
    sid       = "ReadRouterConfiguration"
    actions   = ["s3:GetObject"]
    resources = [local.objects]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [local.buckets]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
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
    resources = ["${local.logs}:${var.router_log_groups}:log-stream:*"]
  }
  # Of any account: images often come from one that all others share, whose repositories say who may.
  statement {
    sid       = "CompareMovingTags"
    actions   = ["ecr:BatchGetImage"]
    resources = ["arn:${local.partition}:ecr:*:*:repository/*"]
  }
}

resource "aws_iam_role_policy" "read" {
  count  = local.is_home ? 1 : 0
  name   = "read"
  role   = aws_iam_role.operator[0].id
  policy = data.aws_iam_policy_document.read.json
}

data "aws_iam_policy_document" "write" {
  statement {
    sid       = "RegisterRevisions"
    actions   = ["ecs:RegisterTaskDefinition"]
    resources = ["${local.ecs}:task-definition/*"]
  }
  statement {
    sid       = "DeregisterItsOwnRevisions"
    actions   = ["ecs:DeregisterTaskDefinition"]
    resources = ["*"] # ECS knows no resources for it
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
    actions   = ["ecs:UpdateExpressGatewayService", "ecs:UpdateService"]
    resources = ["${local.ecs}:service/*"]
  }
  statement {
    sid       = "RollBackOurOwnDeployments"
    actions   = ["ecs:StopServiceDeployment"]
    resources = ["${local.ecs}:service-deployment/*", "${local.ecs}:service/*"]
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
      values   = [local.boundary_arn]
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
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "write" {
  count  = local.is_home && var.write ? 1 : 0
  name   = "write"
  role   = aws_iam_role.operator[0].id
  policy = data.aws_iam_policy_document.write.json
}

output "operator_role_arn" {
  description = "spec.assumeRole.arn of the AwsTarget, and one of spoke_role_arns of the operator."
  value       = local.operator_arn
}

output "config_bucket_name" {
  description = "spec.configBucket.name of the AwsTarget."
  value       = aws_s3_bucket.config.id
}

output "task_boundary_arn" {
  description = "The permissions boundary to put on the task and execution roles the operator may extend."
  value       = local.boundary_arn
}
