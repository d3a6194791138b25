//! IAM: roles and their inline and attached policies.
//! Limits: 10,240 characters of inline policies a role, white space not counted.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::{Call, Place};
use super::iam_policies::{self, Managed};
use super::lag::{Lag, Lagged};
use super::reply::{AwsError, Reply, escape, iso, percent_encode};

const MAX_INLINE_CHARACTERS: usize = 10_240;
const MAX_PAGE: usize = 1000;
const DEFAULT_PAGE: usize = 100;

/// All roles, by account and role name.
#[derive(Debug, Default)]
pub(super) struct Roles {
    roles: BTreeMap<(String, String), Lagged<Role>>,
    pub(super) managed: Managed,
}

/// One role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) trust: String,
    /// Policy name to document, as it was put.
    pub(super) inline: BTreeMap<String, String>,
    /// Policy ARNs.
    pub(super) attached: Vec<String>,
    /// ARN of the policy that bounds it.
    pub(super) boundary: Option<String>,
    pub(super) created_ms: i64,
}

impl Roles {
    pub(super) fn collapse(&mut self) {
        self.roles.values_mut().for_each(Lagged::collapse);
    }

    pub(super) fn insert(&mut self, account: &str, name: &str, role: Role, now_ms: i64) {
        let mut role = Lagged::new(role, now_ms);
        role.collapse();
        self.roles
            .insert((account.to_owned(), name.to_owned()), role);
    }

    pub(super) fn remove(&mut self, account: &str, name: &str) {
        self.roles.remove(&(account.to_owned(), name.to_owned()));
    }

    /// The path of a role, with both slashes.
    pub(super) fn path(&self, account: &str, name: &str) -> Option<&str> {
        Some(&self.newest(account, name)?.path)
    }

    /// The ARN of the policy that bounds a role.
    pub(super) fn boundary(&self, account: &str, name: &str) -> Option<&str> {
        self.newest(account, name)?.boundary.as_deref()
    }

    fn newest(&self, account: &str, name: &str) -> Option<&Role> {
        let role = self.roles.get(&(account.to_owned(), name.to_owned()));
        role.map(Lagged::newest)
    }

    /// Account, role name and truth of every role.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Role)> {
        self.roles
            .iter()
            .map(|((account, name), role)| (account.as_str(), name.as_str(), role.newest()))
    }

    pub(super) fn write<R>(
        &mut self,
        account: &str,
        name: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Role) -> R,
    ) -> Result<R, AwsError> {
        find(&mut self.roles, account, name).map(|role| role.write(now_ms, change))
    }
}

fn find<'a>(
    roles: &'a mut BTreeMap<(String, String), Lagged<Role>>,
    account: &str,
    name: &str,
) -> Result<&'a mut Lagged<Role>, AwsError> {
    roles
        .get_mut(&(account.to_owned(), name.to_owned()))
        .ok_or_else(|| missing(&format!("The role with name {name} cannot be found.")))
}

fn missing(message: &str) -> AwsError {
    AwsError::new(404, "NoSuchEntity", message)
}

pub(super) fn execute(
    roles: &mut Roles,
    call: &Call,
    now_ms: i64,
    lag: Lag,
    serial: &mut u64,
) -> Result<Reply, AwsError> {
    let account = call.place.account.clone();
    let name = match call.text("PolicySourceArn").rsplit_once('/') {
        Some((_, name)) => name.to_owned(),
        None => call.text("RoleName").to_owned(),
    };
    match call.operation.as_str() {
        "CreateRole" => return create(roles, call, now_ms, serial),
        "GetPolicy" | "GetPolicyVersion" => {
            let shown = iam_policies::show(&roles.managed, call)?;
            return Ok(answer(&call.operation, &shown));
        }
        _ => {}
    }
    let Roles { roles, managed } = roles;
    let role = find(roles, &account, &name)?;
    let result = match call.operation.as_str() {
        "PutRolePolicy" | "DeleteRolePolicy" => {
            change(role, &name, call, now_ms)?;
            String::new()
        }
        operation => {
            let seen = role
                .read(now_ms, lag)
                .ok_or_else(|| missing("The role cannot be found."))?;
            match operation {
                "GetRole" => role_xml(&call.place, &name, seen),
                "SimulatePrincipalPolicy" => iam_policies::simulate(managed, seen, call)?,
                "GetRolePolicy" => policy_xml(&name, seen, call)?,
                "ListRolePolicies" => {
                    let names: Vec<String> = seen.inline.keys().cloned().collect();
                    list_xml("PolicyNames", &names, call, escape)
                }
                "ListAttachedRolePolicies" => {
                    list_xml("AttachedPolicies", &seen.attached, call, |arn| {
                        let short = arn.rsplit('/').next().unwrap_or("");
                        format!(
                            "<PolicyName>{}</PolicyName><PolicyArn>{}</PolicyArn>",
                            escape(short),
                            escape(arn)
                        )
                    })
                }
                other => {
                    return Err(AwsError::new(
                        400,
                        "InvalidAction",
                        format!("the fake AWS does not speak {other}"),
                    ));
                }
            }
        }
    };
    Ok(answer(&call.operation, &result))
}

fn answer(operation: &str, result: &str) -> Reply {
    Reply::xml(
        200,
        format!(
            "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <{operation}Result>{result}</{operation}Result><ResponseMetadata>\
             <RequestId>fake</RequestId></ResponseMetadata></{operation}Response>"
        ),
    )
}

fn create(
    roles: &mut Roles,
    call: &Call,
    now_ms: i64,
    serial: &mut u64,
) -> Result<Reply, AwsError> {
    let (account, name) = (&call.place.account, call.text("RoleName"));
    if find(&mut roles.roles, account, name).is_ok() {
        return Err(AwsError::new(
            409,
            "EntityAlreadyExists",
            format!("Role with name {name} already exists."),
        ));
    }
    *serial += 1;
    let path = match call.text("Path") {
        "" => "/",
        path => path,
    };
    let role = Role {
        path: path.to_owned(),
        id: format!("AROAFAKE{serial:012}"),
        trust: call.text("AssumeRolePolicyDocument").to_owned(),
        inline: BTreeMap::new(),
        attached: Vec::new(),
        boundary: None,
        created_ms: now_ms,
    };
    let xml = role_xml(&call.place, name, &role);
    roles.insert(account, name, role, now_ms);
    Ok(answer("CreateRole", &xml))
}

fn change(role: &mut Lagged<Role>, name: &str, call: &Call, now_ms: i64) -> Result<(), AwsError> {
    if role.newest().path.starts_with("/aws-service-role/") {
        return Err(AwsError::new(
            400,
            "UnmodifiableEntity",
            format!("Cannot perform the operation on the protected role '{name}'"),
        ));
    }
    let policy = call.text("PolicyName").to_owned();
    let mut inline = role.newest().inline.clone();
    if call.operation == "DeleteRolePolicy" {
        inline
            .remove(&policy)
            .ok_or_else(|| missing(&no_policy(&policy)))?;
    } else {
        let document = call.text("PolicyDocument").to_owned();
        if !serde_json::from_str::<Value>(&document).is_ok_and(|value| value.is_object()) {
            return Err(AwsError::new(
                400,
                "MalformedPolicyDocument",
                "Syntax errors in policy.",
            ));
        }
        inline.insert(policy, document);
        let characters: usize = inline
            .values()
            .map(|text| text.chars().filter(|c| !c.is_whitespace()).count())
            .sum();
        if characters > MAX_INLINE_CHARACTERS {
            return Err(AwsError::new(
                409,
                "LimitExceeded",
                format!(
                    "Maximum policy size of {MAX_INLINE_CHARACTERS} bytes exceeded for role {name}"
                ),
            ));
        }
    }
    role.write(now_ms, |role| role.inline = inline);
    Ok(())
}

fn no_policy(policy: &str) -> String {
    format!("The role policy with name {policy} cannot be found.")
}

fn role_xml(place: &Place, name: &str, role: &Role) -> String {
    format!(
        "<Role><Path>{path}</Path><RoleName>{name}</RoleName><RoleId>{id}</RoleId>\
         <Arn>arn:{partition}:iam::{account}:role{path}{name}</Arn><CreateDate>{created}</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>3600</MaxSessionDuration>{boundary}</Role>",
        partition = place.partition(),
        account = place.account,
        path = escape(&role.path),
        name = escape(name),
        id = role.id,
        created = iso(role.created_ms),
        trust = percent_encode(&role.trust),
        boundary = iam_policies::boundary_xml(role),
    )
}

fn policy_xml(name: &str, role: &Role, call: &Call) -> Result<String, AwsError> {
    let policy = call.text("PolicyName");
    let document = role
        .inline
        .get(policy)
        .ok_or_else(|| missing(&no_policy(policy)))?;
    Ok(format!(
        "<RoleName>{}</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
        escape(name),
        escape(policy),
        percent_encode(document)
    ))
}

/// One page of a list; the marker is the last item given.
fn list_xml(
    element: &str,
    items: &[String],
    call: &Call,
    member: impl Fn(&str) -> String,
) -> String {
    let size = call
        .text("MaxItems")
        .parse()
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, MAX_PAGE);
    let marker = call.text("Marker");
    let start = items
        .iter()
        .position(|item| !marker.is_empty() && item == marker)
        .map_or(0, |index| index + 1);
    let taken: Vec<&String> = items.iter().skip(start).take(size).collect();
    let truncated = start + taken.len() < items.len();
    let members: String = taken
        .iter()
        .map(|item| format!("<member>{}</member>", member(item)))
        .collect();
    let marker = match taken.last() {
        Some(last) if truncated => format!("<Marker>{}</Marker>", escape(last)),
        _ => String::new(),
    };
    format!("<{element}>{members}</{element}><IsTruncated>{truncated}</IsTruncated>{marker}")
}
