//! Who brought a revision: the principal that registered it, and the tool behind it as far as names tell.
//!
//! It is only a hint: ECS says who registered a revision, not who gave it to the service.

use std::collections::BTreeMap;
use std::fmt;

use firelens_aws::record::Tool;

/// Parts of names, in lower case, that tools are known by. The first that is found counts: a pipeline that
/// runs Terraform is Terraform.
const NAMES: [(&str, Tool); 13] = [
    ("terraform", Tool::Terraform),
    ("opentofu", Tool::Terraform),
    ("atlantis", Tool::Terraform),
    ("spacelift", Tool::Terraform),
    ("-cfn-exec-role", Tool::Cdk),
    ("aws-cdk", Tool::Cdk),
    ("pulumi", Tool::Pulumi),
    ("cloudformation", Tool::CloudFormation),
    ("codepipeline", Tool::CodePipeline),
    ("github", Tool::GitHubActions),
    ("gitlab", Tool::GitLab),
    ("jenkins", Tool::Jenkins),
    ("cdk", Tool::Cdk),
];

/// Keys of tags, in lower case without `-`, `_` and `:`, whose value names the tool.
const TAG_KEYS: [&str; 5] = [
    "managedby",
    "provisioner",
    "provisionedby",
    "createdby",
    "deployedby",
];

/// Tag that CloudFormation puts on what it makes. Source:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>.
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// Who brought a revision, as far as it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// ARN of the principal that registered the revision (`registeredBy` of DescribeTaskDefinition).
    pub principal: Option<String>,
    /// The tool, by the names of role and session, else by the tags of the service.
    pub tool: Option<Tool>,
}

impl Actor {
    /// Reads a principal and the tags of the service.
    #[must_use]
    pub fn of(registered_by: Option<&str>, tags: &BTreeMap<String, String>) -> Self {
        let principal = registered_by.filter(|arn| !arn.is_empty());
        Self {
            principal: principal.map(str::to_owned),
            tool: principal
                .and_then(|arn| tool_in(name_of(arn)))
                .or_else(|| tool_by_tags(tags)),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.principal, self.tool) {
            (Some(principal), Some(tool)) => write!(f, "{principal} ({tool})"),
            (Some(principal), None) => f.write_str(principal),
            (None, Some(tool)) => write!(f, "{tool}"),
            (None, None) => f.write_str("somebody"),
        }
    }
}

/// What is behind the account of an ARN: `assumed-role/ROLE/SESSION`, `role/ROLE`, `user/USER`. The account
/// could hold letters of no meaning, the rest is chosen by people.
fn name_of(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

fn tool_in(text: &str) -> Option<Tool> {
    let text = text.to_ascii_lowercase();
    NAMES
        .iter()
        .find(|(name, _)| text.contains(name))
        .map(|(_, tool)| *tool)
}

fn tool_by_tags(tags: &BTreeMap<String, String>) -> Option<Tool> {
    let plain = |key: &str| key.to_ascii_lowercase().replace(['-', '_', ':'], "");
    let said = tags.iter().find_map(|(key, value)| {
        let key = plain(key);
        if TAG_KEYS.contains(&key.as_str()) {
            return tool_in(value);
        }
        let is_on = !value.eq_ignore_ascii_case("false");
        (key.starts_with("terraform") && is_on).then_some(Tool::Terraform)
    });
    said.or_else(|| tags.contains_key(STACK_TAG).then_some(Tool::CloudFormation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        list.iter().map(owned).collect()
    }

    #[test]
    fn tools_are_known_by_role_and_session() {
        let sts = |name: &str| format!("arn:aws:sts::111122223333:assumed-role/{name}");
        for (principal, tool) in [
            (sts("ci/terraform"), Some(Tool::Terraform)),
            (sts("github-terraform/GitHubActions"), Some(Tool::Terraform)),
            (sts("deploy/GitHubActions"), Some(Tool::GitHubActions)),
            (
                sts("cdk-hnb659fds-cfn-exec-role-111122223333-us-east-1/AWSCloudFormation"),
                Some(Tool::Cdk),
            ),
            (sts("admin/AWSCloudFormation"), Some(Tool::CloudFormation)),
            (
                sts("AWSCodePipelineRole/1700000000000"),
                Some(Tool::CodePipeline),
            ),
            (
                "arn:aws:iam::111122223333:user/gitlab-runner".to_owned(),
                Some(Tool::GitLab),
            ),
            (
                "arn:aws:iam::111122223333:role/jenkins".to_owned(),
                Some(Tool::Jenkins),
            ),
            (sts("Admin/alice"), None),
            ("arn:aws:iam::111122223333:root".to_owned(), None),
        ] {
            let actor = Actor::of(Some(&principal), &BTreeMap::new());
            assert_eq!(actor.tool, tool, "{principal}");
            assert_eq!(actor.principal.as_deref(), Some(principal.as_str()));
        }
    }

    #[test]
    fn tags_of_the_service_tell_where_the_principal_does_not() {
        for (list, tool) in [
            (vec![("managed-by", "Terraform")], Some(Tool::Terraform)),
            (vec![("ManagedBy", "pulumi")], Some(Tool::Pulumi)),
            (vec![("terraform", "true")], Some(Tool::Terraform)),
            (vec![("terraform", "false")], None),
            (vec![(STACK_TAG, "web")], Some(Tool::CloudFormation)),
            (
                vec![(STACK_TAG, "web"), ("ManagedBy", "CDK")],
                Some(Tool::Cdk),
            ),
            (
                vec![("aws:ecs:serviceName", "web"), ("team", "github")],
                None,
            ),
        ] {
            let actor = Actor::of(Some("arn:aws:iam::111122223333:user/alice"), &tags(&list));
            assert_eq!(actor.tool, tool, "{list:?}");
        }
        let by_ci = Actor::of(
            Some("arn:aws:sts::111122223333:assumed-role/github/run"),
            &tags(&[(STACK_TAG, "web")]),
        );
        assert_eq!(by_ci.tool, Some(Tool::GitHubActions));
    }
}
