# firelens-operator as one Fargate service, in the account it runs from (the hub).
# It opens no port: the API listens on loopback until it can authenticate callers, so kubectl reaches it through a
# port forwarding session into the task (docs/operations.md).

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

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_ecs_cluster" "operator" {
  name = "firelens-operator"
}

resource "aws_cloudwatch_log_group" "operator" {
  name              = "/firelens-operator"
  retention_in_days = 30
}

resource "aws_security_group" "operator" {
  name_prefix = "firelens-operator-"
  description = "firelens-operator, no way in"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.operator.id
  description       = "AWS APIs"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.operator.id
  description                  = "PostgreSQL"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = var.database_security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = var.database_security_group_id
  description                  = "firelens-operator"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.operator.id
}

resource "aws_iam_role" "execution" {
  name_prefix        = "firelens-operator-exec-"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "database_url" {
  name = "database-url"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = var.database_url_secret_arn },
    ]
  })
}

resource "aws_iam_role" "hub" {
  name               = "firelens-operator-hub"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "hub" {
  name = "assume-spokes"
  role = aws_iam_role.hub.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = var.spoke_role_arns },
      {
        Effect = "Allow"
        Action = [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_ecs_task_definition" "operator" {
  family                   = "firelens-operator"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.hub.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name      = "firelens"
    image     = var.image
    essential = true
    # The session agent behind port forwarding writes into the container, so the file system stays writable.
    readonlyRootFilesystem = false
    # A write in flight is finished and its outcome recorded before the process goes.
    stopTimeout = 60
    command     = ["serve", "--listen", "127.0.0.1:8080", "--roles", "api,controller"]
    environment = [
      { name = "AWS_REGION", value = data.aws_region.current.name },
      { name = "RUST_LOG", value = "info" },
    ]
    secrets = [{ name = "DATABASE_URL", valueFrom = var.database_url_secret_arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.operator.name
        "awslogs-region"        = data.aws_region.current.name
        "awslogs-stream-prefix" = "firelens"
      }
    }
  }])
}

resource "aws_ecs_service" "operator" {
  name                   = "firelens-operator"
  cluster                = aws_ecs_cluster.operator.id
  launch_type            = "FARGATE"
  desired_count          = var.desired_count
  task_definition        = aws_ecs_task_definition.operator.arn
  enable_execute_command = true
  propagate_tags         = "SERVICE"
  # The operator leaves itself alone.
  tags = { "firelens.dev/inject" = "disabled" }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    assign_public_ip = false
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.operator.id]
  }
}

output "hub_role_arn" {
  description = "hub_role_arn of every spoke."
  value       = aws_iam_role.hub.arn
}
