//! Task definitions: register, deregister, describe, list.
//! A revision's content never changes; only its status and tags do.

use serde_json::{Map, Value, json};

use super::validate::validate;
use super::{Ctx, PageRule, Region, check_tags, includes, list_of, normalise, page, paged, text};
use crate::fake_aws::lag::Lagged;
use crate::fake_aws::reply::{AwsError, seconds};

const PAGE: PageRule = PageRule {
    default: 100,
    max: 100,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fake_aws) enum RevisionStatus {
    Active,
    Inactive,
}

/// One revision: its content as ECS stores it, without status and tags.
#[derive(Debug)]
pub(in crate::fake_aws) struct Revision {
    pub(in crate::fake_aws) number: u64,
    pub(in crate::fake_aws) content: Map<String, Value>,
    pub(in crate::fake_aws) tags: Vec<Value>,
    pub(in crate::fake_aws) status: Lagged<RevisionStatus>,
    pub(in crate::fake_aws) registered_ms: i64,
    pub(in crate::fake_aws) deregistered_ms: Option<i64>,
    /// Registered by somebody other than the caller under test.
    pub(in crate::fake_aws) owned: bool,
}

impl Revision {
    pub(in crate::fake_aws) fn arn(&self) -> &str {
        self.content
            .get("taskDefinitionArn")
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    pub(in crate::fake_aws) fn is_active(&self) -> bool {
        *self.status.newest() == RevisionStatus::Active
    }

    /// Whether reads and updates know it yet.
    pub(super) fn is_known(&self, ctx: &Ctx<'_>) -> bool {
        let lag = ctx.revision_lag;
        lag.is_over(self.registered_ms, self.owned, ctx.now_ms)
    }

    /// As `taskDefinition` of an answer.
    pub(in crate::fake_aws) fn view(&self) -> Value {
        let mut view = self.content.clone();
        let status = if self.is_active() {
            "ACTIVE"
        } else {
            "INACTIVE"
        };
        view.insert("status".to_owned(), json!(status));
        if let Some(at_ms) = self.deregistered_ms {
            view.insert("deregisteredAt".to_owned(), seconds(at_ms));
        }
        Value::Object(view)
    }
}

/// `family` and revision (none: the latest ACTIVE one) of an ARN, `family:revision` or `family`.
fn parts(identifier: &str) -> (&str, Option<u64>) {
    let name = super::last_segment(identifier);
    match name.rsplit_once(':') {
        Some((family, number)) => (family, Some(number.parse().unwrap_or(0))),
        None => (name, None),
    }
}

impl Region {
    /// The revision that an identifier names, as writers see it.
    pub(in crate::fake_aws) fn revision(&self, identifier: &str) -> Option<&Revision> {
        let (family, number) = parts(identifier);
        let revisions = self.families.get(family)?;
        match number {
            Some(number) => revisions.iter().find(|r| r.number == number),
            None => revisions.iter().rev().find(|r| r.is_active()),
        }
    }

    pub(in crate::fake_aws) fn revision_mut(&mut self, identifier: &str) -> Option<&mut Revision> {
        let arn = self.revision(identifier)?.arn().to_owned();
        let (family, _) = parts(&arn);
        let revisions = self.families.get_mut(family)?;
        revisions.iter_mut().find(|r| r.arn() == arn)
    }
}

pub(super) fn register(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
    length_bytes: usize,
) -> Result<Value, AwsError> {
    validate(params, length_bytes)?;
    let mut input = params.as_object().cloned().unwrap_or_default();
    let tags = match input.remove("tags") {
        Some(Value::Array(tags)) => tags,
        _ => Vec::new(),
    };
    check_tags(&tags)?;
    let family = text(params, "family").unwrap_or("").to_owned();
    let revisions = region.families.entry(family.clone()).or_default();
    let number = revisions.last().map_or(1, |last| last.number + 1);
    let arn = ctx
        .place
        .ecs_arn(&format!("task-definition/{family}:{number}"));
    let mut content = normalise::stored(input, ctx.place);
    content.insert("taskDefinitionArn".to_owned(), json!(arn));
    content.insert("revision".to_owned(), json!(number));
    content.insert("registeredAt".to_owned(), seconds(ctx.now_ms));
    let registrar = format!(
        "arn:{}:iam::{}:root",
        ctx.place.partition(),
        ctx.place.account
    );
    content.insert("registeredBy".to_owned(), json!(registrar));
    let revision = Revision {
        number,
        content,
        tags,
        status: Lagged::new(RevisionStatus::Active, ctx.now_ms),
        registered_ms: ctx.now_ms,
        deregistered_ms: None,
        owned: false,
    };
    let answer = json!({ "taskDefinition": revision.view(), "tags": revision.tags });
    revisions.push(revision);
    Ok(answer)
}

pub(super) fn deregister(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let identifier = text(params, "taskDefinition").unwrap_or("");
    if parts(identifier).1.is_none() {
        return Err(AwsError::invalid(
            "TaskDefinition must specify a revision number.",
        ));
    }
    let revision = region
        .revision_mut(identifier)
        .ok_or_else(|| AwsError::client("The specified task definition does not exist."))?;
    if revision.is_active() {
        revision.deregistered_ms = Some(ctx.now_ms);
        revision
            .status
            .write(ctx.now_ms, |status| *status = RevisionStatus::Inactive);
    }
    Ok(json!({ "taskDefinition": revision.view() }))
}

pub(super) fn describe(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let identifier = text(params, "taskDefinition").unwrap_or("");
    let (family, number) = parts(identifier);
    let (now_ms, lag) = (ctx.now_ms, ctx.lag);
    let revisions = region.families.get_mut(family);
    let revision = revisions.and_then(|revisions| match number {
        Some(number) => revisions
            .iter_mut()
            .find(|r| r.number == number && r.is_known(ctx)),
        None => revisions.iter_mut().rev().find_map(|r| {
            let known = r.is_known(ctx);
            let active = known && r.status.read(now_ms, lag) == Some(&RevisionStatus::Active);
            active.then_some(r)
        }),
    });
    let revision =
        revision.ok_or_else(|| AwsError::client("Unable to describe task definition."))?;
    let mut answer = Map::new();
    answer.insert("taskDefinition".to_owned(), revision.view());
    let tags = if includes(params, "TAGS") {
        revision.tags.as_slice()
    } else {
        &[]
    };
    answer.insert("tags".to_owned(), json!(tags));
    Ok(Value::Object(answer))
}

pub(super) fn list(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let wanted = match text(params, "status").unwrap_or("ACTIVE") {
        "ACTIVE" => RevisionStatus::Active,
        "INACTIVE" => RevisionStatus::Inactive,
        other => {
            return Err(AwsError::invalid(format!("Invalid status: {other}")));
        }
    };
    let family = text(params, "familyPrefix");
    let mut arns = Vec::new();
    for (name, revisions) in &mut region.families {
        if family.is_some_and(|family| family != name) {
            continue;
        }
        for revision in revisions {
            let is_known = revision.is_known(ctx);
            if is_known && revision.status.read(ctx.now_ms, ctx.lag) == Some(&wanted) {
                arns.push(revision.arn().to_owned());
            }
        }
    }
    if text(params, "sort") == Some("DESC") {
        arns.reverse();
    }
    let (arns, token) = page(arns, params, &PAGE)?;
    let arns = arns.into_iter().map(Value::String).collect();
    Ok(paged("taskDefinitionArns", arns, token))
}

/// The containers of a document.
pub(super) fn containers(document: &Value) -> &[Value] {
    list_of(document, "containerDefinitions")
}
