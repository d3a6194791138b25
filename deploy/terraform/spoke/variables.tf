variable "hub_role_arn" {
  description = "The output hub_role_arn of the operator."
  type        = string
}

variable "home_region" {
  description = "The region whose module makes the role and the boundary: IAM knows no regions. Null where the account is used in one region only."
  type        = string
  default     = null
}

variable "external_id" {
  description = "Made by whoever runs the operator, another one for each account; goes into spec.assumeRole.externalId."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.external_id) >= 16
    error_message = "At least 16 characters."
  }
}

variable "task_role_path" {
  description = "The IAM path of the task and execution roles the operator may pass, and extend where they carry the boundary."
  type        = string
  default     = "/ecs/"
}

variable "write" {
  description = "false is enough for mode: Audit. true lets policies with mode: Enforce act."
  type        = bool
  default     = false
}

variable "config_prefix" {
  description = "spec.configBucket.prefix of the AwsTarget."
  type        = string
  default     = "firelens/"
}

variable "router_log_groups" {
  description = "The log groups of the routers themselves (router.logs.group), whose last lines are read when a deployment fails."
  type        = string
  default     = "/firelens/*"
}
