variable "image" {
  description = "The image built from deploy/Dockerfile, by digest where you can."
  type        = string
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "Private subnets with a way out to the AWS APIs, by NAT or by VPC endpoints."
  type        = list(string)
}

variable "database_url_secret_arn" {
  description = "Secrets Manager secret whose whole value is the URL of the PostgreSQL database, with sslmode=verify-full."
  type        = string
}

variable "database_security_group_id" {
  description = "The security group of that database. It is opened on port 5432 to the operator, and to nothing else."
  type        = string
}

variable "spoke_role_arns" {
  description = "The roles that AwsTarget objects may name, one for each account."
  type        = list(string)

  validation {
    condition     = length(var.spoke_role_arns) > 0
    error_message = "Name at least one role; an operator that may assume none sees nothing."
  }
}

variable "desired_count" {
  description = "More than one shares the targets by lease. Correctness does not depend on the number."
  type        = number
  default     = 1
}
