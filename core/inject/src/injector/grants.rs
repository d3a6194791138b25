//! What the roles of the task must be allowed to do, and whether the task names those roles.
//!
//! Resources are as narrow as their use: secrets by their exact ARN, objects by their key.

use std::collections::BTreeSet;

use firelens_aws::iam::{CONFIG_SID, Grant, RoleUse, Statement, merge, role_name};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::IamMode;
use firelens_types::v1alpha1::validate::names::is_account_id;

use crate::context::TargetContext;
use crate::refusal::{Reason, Refusal};
use crate::routing::Routing;

/// What an injection needs of the roles.
pub(crate) struct Needs<'a> {
    /// The outputs, which need the task role.
    pub(crate) routing: &'a Routing,
    /// Further statements for the task role.
    pub(crate) task: Vec<Statement>,
    /// Statements for the execution role.
    pub(crate) execution: Vec<Statement>,
    /// Other reasons for which ECS needs an execution role, for the message.
    pub(crate) execution_role_for: Vec<&'static str>,
}

impl<'a> Needs<'a> {
    /// What the outputs need of the task role.
    pub(crate) fn of(routing: &'a Routing) -> Self {
        Self {
            routing,
            task: Vec::new(),
            execution: Vec::new(),
            execution_role_for: Vec::new(),
        }
    }
}

/// The grants, or a refusal when a role is needed and absent.
pub(crate) fn decide(
    doc: &TaskDefinitionDoc,
    needs: &Needs<'_>,
    target: &TargetContext<'_>,
) -> Result<Vec<Grant>, Refusal> {
    if target.policy.spec.iam.mode == IamMode::Ignore {
        return Ok(Vec::new());
    }
    let mut grants = Vec::new();
    let task = match needs.task.as_slice() {
        [] => needs.routing.statements.clone(),
        further => {
            let outputs = needs.routing.outputs.values();
            let of_outputs = outputs.flat_map(|output| output.grants.iter());
            merge(&of_outputs.chain(further).cloned().collect::<Vec<_>>())
        }
    };
    if !task.is_empty() {
        let role = doc.task_role_arn().ok_or_else(task_role_missing)?;
        grants.push(Grant {
            role: RoleUse::Task,
            role_arn: role_arn(role, target)?,
            statements: task,
        });
    }
    let execution = merge(&needs.execution);
    if doc.execution_role_arn().is_none()
        && !(execution.is_empty() && needs.execution_role_for.is_empty())
    {
        return Err(execution_role_missing(needs));
    }
    if let Some(role) = doc.execution_role_arn().filter(|_| !execution.is_empty()) {
        grants.push(Grant {
            role: RoleUse::Execution,
            role_arn: role_arn(role, target)?,
            statements: execution,
        });
    }
    Ok(grants)
}

fn task_role_missing() -> Refusal {
    Refusal::new(
        Reason::TaskRoleMissing,
        "the outputs need IAM permissions and the task definition has no taskRoleArn; add a task role, or set iam.mode \
         to Ignore if the router gets its credentials in another way",
    )
}

fn execution_role_missing(needs: &Needs<'_>) -> Refusal {
    let mut reasons: BTreeSet<&str> = needs.execution_role_for.iter().copied().collect();
    if !needs.execution.is_empty() {
        reasons
            .insert("permissions to read secrets or the configuration, or to create a log group");
    }
    let reasons: Vec<&str> = reasons.into_iter().collect();
    Refusal::new(
        Reason::ExecutionRoleMissing,
        format!(
            "ECS needs an execution role for the router ({}) and the task definition has no executionRoleArn; add \
             one to it",
            reasons.join("; ")
        ),
    )
}

/// A task definition may name a role by its bare name. An ARN of a role is passed on as it is: IAM
/// decides about its path.
fn role_arn(role: &str, target: &TargetContext<'_>) -> Result<String, Refusal> {
    if role.starts_with("arn:") && role.contains(":role/") {
        refuse_beyond_reach(role, target)?;
        return Ok(role.to_owned());
    }
    let read = role_name(role).ok_or_else(|| {
        Refusal::new(
            Reason::InvalidRole,
            format!("{role:?} is neither the ARN nor the name of an IAM role; correct it in the task definition"),
        )
    })?;
    Ok(format!(
        "arn:{}:iam::{}:role{}{}",
        target.partition, target.account_id, read.path, read.name
    ))
}

/// IAM is called by the name of the role, in the account of the target: a role of another account
/// would have its namesake changed, and a service-linked role takes no policy.
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>.
fn refuse_beyond_reach(role: &str, target: &TargetContext<'_>) -> Result<(), Refusal> {
    if target.policy.spec.iam.mode != IamMode::Manage {
        return Ok(());
    }
    let Some(read) = role_name(role) else {
        return Ok(());
    };
    let account = read.account_id.unwrap_or_default();
    let why = if read.path.starts_with("/aws-service-role/") {
        "is a service-linked role, to which no policies can be added".to_owned()
    } else if is_account_id(target.account_id) && account != target.account_id {
        format!(
            "belongs to account {account}, and the service runs in account {}",
            target.account_id
        )
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        Reason::InvalidRole,
        format!(
            "role {role} {why}; use another role in the task definition, or set iam.mode to Verify"
        ),
    ))
}

/// Reading secrets by the execution role.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html>.
pub(crate) fn of_secrets<'a>(
    values_from: impl IntoIterator<Item = &'a str>,
    target: &TargetContext<'_>,
) -> Vec<Statement> {
    let mut statements = Vec::new();
    for value_from in values_from {
        let service = value_from
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').nth(1));
        statements.push(match service {
            Some("secretsmanager") => Statement::new(
                "FirelensSecrets",
                ["secretsmanager:GetSecretValue"],
                [secret_arn(value_from)],
            ),
            Some(_) => Statement::new("FirelensParameters", ["ssm:GetParameters"], [value_from]),
            None => {
                let arn = format!(
                    "arn:{}:ssm:{}:{}:parameter/{}",
                    target.partition,
                    target.region,
                    target.account_id,
                    value_from.trim_start_matches('/')
                );
                Statement::new("FirelensParameters", ["ssm:GetParameters"], [arn])
            }
        });
    }
    statements
}

/// `arn:…:secret:NAME[:json-key:version-stage:version-id]`: IAM knows the part up to the name.
fn secret_arn(value_from: &str) -> String {
    /// Parts of an ARN of Secrets Manager: `arn`, partition, service, region, account, `secret`, name.
    const ARN_PARTS: usize = 7;
    value_from
        .split(':')
        .take(ARN_PARTS)
        .collect::<Vec<_>>()
        .join(":")
}

/// Reading configuration objects.
/// Sources: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html> (execution
/// role) and <https://github.com/aws/aws-for-fluent-bit/tree/mainline/use_cases/init-process-for-fluent-bit>
/// (task role). The init process finds the bucket's region with `GetBucketLocation` in older versions
/// and with `HeadBucket`, which IAM calls `s3:ListBucket`, in newer ones.
pub(crate) fn of_objects<'a>(
    bucket: &str,
    keys: impl IntoIterator<Item = &'a str>,
    reader: RoleUse,
    target: &TargetContext<'_>,
) -> Vec<Statement> {
    let bucket_arn = format!("arn:{}:s3:::{bucket}", target.partition);
    let objects: Vec<String> = keys
        .into_iter()
        .map(|key| format!("{bucket_arn}/{key}"))
        .collect();
    let on_bucket: &[&str] = match reader {
        RoleUse::Execution => &["s3:GetBucketLocation"],
        RoleUse::Task => &["s3:GetBucketLocation", "s3:ListBucket"],
    };
    vec![
        Statement::new(CONFIG_SID, ["s3:GetObject"], objects),
        Statement::new(
            "FirelensConfigBucket",
            on_bucket.iter().copied(),
            [bucket_arn],
        ),
    ]
}

/// Creating the router's own log group.
pub(crate) fn of_log_group(group: &str, region: &str, target: &TargetContext<'_>) -> Statement {
    let arn = format!(
        "arn:{}:logs:{region}:{}:log-group:{group}",
        target.partition, target.account_id
    );
    Statement::new(
        "FirelensRouterLog",
        ["logs:CreateLogGroup"],
        [format!("{arn}:*"), arn],
    )
}
