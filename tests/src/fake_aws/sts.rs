//! STS: AssumeRole and GetCallerIdentity.
//! Sessions never expire: the callers' clocks are not the driven one.

use std::collections::BTreeMap;

use super::calls::{Call, RoleSession};
use super::reply::{AwsError, Reply, escape};

/// Later than any clock a caller may have.
const EXPIRATION: &str = "2099-12-31T23:59:59Z";

/// The sessions issued, and the roles that may be assumed.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    issued: BTreeMap<String, (String, RoleSession)>,
    /// Role ARN to the external id it demands; empty means that any role may be assumed.
    pub(super) trusted: BTreeMap<String, Option<String>>,
}

impl Sessions {
    pub(super) fn session(&self, access_key: &str) -> Option<RoleSession> {
        self.issued
            .get(access_key)
            .map(|(_, session)| session.clone())
    }

    pub(super) fn account(&self, access_key: &str) -> Option<&str> {
        self.issued
            .get(access_key)
            .map(|(account, _)| account.as_str())
    }
}

pub(super) fn execute(sessions: &mut Sessions, call: &Call) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "AssumeRole" => assume(sessions, call),
        _ => Ok(identity(call)),
    }
}

fn assume(sessions: &mut Sessions, call: &Call) -> Result<Reply, AwsError> {
    let arn = call.text("RoleArn").to_owned();
    let external_id = Some(call.text("ExternalId"))
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    let account = arn.split(':').nth(4).unwrap_or("").to_owned();
    let trusted = match sessions.trusted.get(&arn) {
        Some(wanted) => wanted.is_none() || *wanted == external_id,
        None => sessions.trusted.is_empty(),
    };
    if account.is_empty() || !trusted {
        return Err(AwsError::new(
            403,
            "AccessDenied",
            format!("User is not authorized to perform: sts:AssumeRole on resource: {arn}"),
        ));
    }
    let session = RoleSession {
        role_arn: arn,
        session_name: call.text("RoleSessionName").to_owned(),
        external_id,
    };
    let known = sessions
        .issued
        .iter()
        .find(|(_, (_, issued))| *issued == session)
        .map(|(key, _)| key.clone());
    let key = known.unwrap_or_else(|| format!("ASIAFAKE{:012}", sessions.issued.len() + 1));
    let assumed = assumed_arn(&session, &account);
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>AROAFAKE:{name}</AssumedRoleId><Arn>{arn}</Arn>\
         </AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId>\
         <SecretAccessKey>fake</SecretAccessKey><SessionToken>fake</SessionToken>\
         <Expiration>{EXPIRATION}</Expiration></Credentials></AssumeRoleResult>\
         <ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></AssumeRoleResponse>",
        name = escape(&session.session_name),
        arn = escape(&assumed),
    );
    sessions.issued.insert(key, (account, session));
    Ok(Reply::xml(200, body))
}

fn assumed_arn(session: &RoleSession, account: &str) -> String {
    let role = session.role_arn.rsplit('/').next().unwrap_or("");
    format!(
        "arn:aws:sts::{account}:assumed-role/{role}/{}",
        session.session_name
    )
}

fn identity(call: &Call) -> Reply {
    let account = &call.place.account;
    let arn = call.role_session.as_ref().map_or_else(
        || format!("arn:aws:iam::{account}:user/fake"),
        |session| assumed_arn(session, account),
    );
    Reply::xml(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>{}</Arn><UserId>AIDAFAKE</UserId>\
             <Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>\
             <RequestId>fake</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
            escape(&arn)
        ),
    )
}
