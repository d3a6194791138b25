//! The lines that end a fight over the task definition of a service, or over the policies of its role.
//!
//! Text for people, to be pasted into their own files; nothing here is applied.

use firelens_aws::record::Tool;

/// Terraform sets `task_definition` on every run to the revision in its state. The newest active revision of
/// the family is the owner's, or ours that the service runs: we deregister our others.
const TERRAFORM: &str = r#"data "aws_ecs_task_definition" "newest" {
  task_definition = aws_ecs_task_definition.FAMILY.family
}
resource "aws_ecs_service" "SERVICE" {
  task_definition = "${aws_ecs_task_definition.FAMILY.family}:${max(aws_ecs_task_definition.FAMILY.revision, data.aws_ecs_task_definition.newest.revision)}"
}
# or, where something else than Terraform deploys:
  lifecycle { ignore_changes = [task_definition] }"#;

/// CloudFormation sends the whole service whenever any property of it changes. A family without a
/// revision stands for its newest active revision:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html>.
const CLOUDFORMATION: &str = r"Service:
  Type: AWS::ECS::Service
  Properties:
    TaskDefinition: FAMILY   # instead of !Ref: the newest active revision
    ForceNewDeployment:      # change the nonce to deploy a revision of your own
      EnableForceNewDeployment: true
      ForceNewDeploymentNonce: '1'";

/// The same through the escape hatch of the CDK:
/// <https://docs.aws.amazon.com/cdk/v2/guide/cfn-layer.html>.
const CDK: &str = r"const cfn = service.node.defaultChild as ecs.CfnService;
cfn.taskDefinition = 'FAMILY';  // the newest active revision
cfn.addPropertyOverride('ForceNewDeployment',  // change the nonce to deploy a revision of your own
  { EnableForceNewDeployment: true, ForceNewDeploymentNonce: '1' });";

/// Pulumi: <https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/>.
const PULUMI: &str =
    r#"new aws.ecs.Service("SERVICE", args, { ignoreChanges: ["taskDefinition"] });"#;

/// Pipelines start from a file of their own; started from what the service runs, the router stays in. The
/// newest revision of the family may be one that was never deployed, or that was given up.
const PIPELINE: &str = r#"RUNNING=$(aws ecs describe-services --cluster "$CLUSTER" --services SERVICE --query 'services[0].taskDefinition' --output text)
aws ecs describe-task-definition --task-definition "$RUNNING" --query taskDefinition
# change the image in that, register it, deploy it: the router stays in"#;

/// How the owner of a service ends the fight, in the files of the tool, and the ways out that every tool has.
#[must_use]
pub fn ways_out(tool: Option<Tool>, family: &str, service: &str) -> String {
    let of = |title: &str, lines: &str| {
        let lines = lines.replace("FAMILY", family).replace("SERVICE", service);
        format!("{title}:\n{lines}\n")
    };
    let lines = match tool {
        Some(Tool::Terraform) => of("in Terraform", TERRAFORM),
        Some(Tool::Cdk) => of("in the CDK stack", CDK),
        Some(Tool::CloudFormation) => of("in the CloudFormation template", CLOUDFORMATION),
        Some(Tool::Pulumi) => of("in the Pulumi program", PULUMI),
        Some(Tool::CodePipeline | Tool::GitHubActions | Tool::GitLab | Tool::Jenkins) => {
            of("in the pipeline", PIPELINE)
        }
        None => of("with Terraform", TERRAFORM) + &of("with CloudFormation", CLOUDFORMATION),
    };
    format!(
        "{lines}or add the router to your own task definition with firelens patch, or opt the service out: tag it \
         firelens.dev/inject=disabled, or exclude it in the selector of the policy"
    )
}

/// Terraform removes inline policies that it does not know in two ways:
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policies_exclusive>
/// and `inline_policy` blocks:
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role>.
const TERRAFORM_ROLE: &str = r#"resource "aws_iam_role_policies_exclusive" "ROLE" {
  policy_names = ["POLICY", ...]   # add it to those you have
}
# or, where aws_iam_role has inline_policy blocks, which stand for all policies of the role:
resource "aws_iam_role" "ROLE" {
  lifecycle { ignore_changes = [inline_policy] }
}
# so that the role can be destroyed: force_detach_policies = true"#;

/// The same resources in Pulumi:
/// <https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepoliciesexclusive/>.
const PULUMI_ROLE: &str = r#"new aws.iam.RolePoliciesExclusive("ROLE", { policyNames: ["POLICY", ...] });
new aws.iam.Role("ROLE", args, { ignoreChanges: ["inlinePolicies"] });  // where the role has inlinePolicies"#;

/// How the owner of a role ends a fight over an inline policy of ours, in the files of the tool, and the ways
/// out that every tool has.
#[must_use]
pub fn role_ways_out(tool: Option<Tool>, role: &str, policy_name: &str) -> String {
    let of = |title: &str, lines: &str| {
        let lines = lines.replace("POLICY", policy_name).replace("ROLE", role);
        format!("{title}:\n{lines}\n")
    };
    let lines = match tool {
        Some(Tool::Terraform) => of("in Terraform", TERRAFORM_ROLE),
        Some(Tool::Pulumi) => of("in the Pulumi program", PULUMI_ROLE),
        // Neither stacks nor pipelines take away what they did not write; something beside them does.
        Some(
            Tool::Cdk
            | Tool::CloudFormation
            | Tool::CodePipeline
            | Tool::GitHubActions
            | Tool::GitLab
            | Tool::Jenkins,
        )
        | None => of("if Terraform manages the role", TERRAFORM_ROLE),
    };
    format!(
        "{lines}or configure the tool that removes inline policies to keep names that begin with firelens-, or grant \
         the permissions yourself and set iam.mode: Verify in the policy"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deployment_tool_gets_specific_and_common_advice() {
        let tools = [
            (Some(Tool::Terraform), "ignore_changes = [task_definition]"),
            (Some(Tool::Cdk), "cfn.taskDefinition = 'shop'"),
            (Some(Tool::CloudFormation), "TaskDefinition: shop "),
            (Some(Tool::Pulumi), "ignoreChanges: [\"taskDefinition\"]"),
            (Some(Tool::GitHubActions), "--services web --query"),
            (None, "TaskDefinition: shop "),
        ];
        for (tool, line) in tools {
            let text = ways_out(tool, "shop", "web");
            assert!(text.contains(line), "{tool:?}: {text}");
            assert!(
                !text.contains("FAMILY") && !text.contains("\"SERVICE\""),
                "{text}"
            );
            assert!(
                text.contains("firelens patch") && text.contains("firelens.dev/inject=disabled")
            );
        }
    }

    #[test]
    fn lines_for_a_role_name_the_role_and_the_policy() {
        for (tool, line) in [
            (
                Some(Tool::Terraform),
                "policy_names = [\"firelens-all@prod\"",
            ),
            (Some(Tool::Terraform), "ignore_changes = [inline_policy]"),
            (Some(Tool::Pulumi), "policyNames: [\"firelens-all@prod\""),
            (Some(Tool::CloudFormation), "if Terraform manages the role"),
            (None, "force_detach_policies"),
        ] {
            let text = role_ways_out(tool, "web-task", "firelens-all@prod");
            assert!(text.contains(line), "{tool:?}: {text}");
            assert!(!text.contains("ROLE") && !text.contains("POLICY"), "{text}");
            assert!(text.contains("iam.mode: Verify"), "{text}");
        }
    }
}
