//! Adds members that no model knows to responses: new members of AWS must not break the operator.
//! Nothing is random: a seed and the subject of the response decide which members are added, and where.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::fake_aws::calls::{Call, Service};
use crate::fake_aws::cbor;
use crate::fake_aws::reply::Reply;

/// How all of their names begin, in either case of the first letter.
const PREFIX: &str = "nheardOf";
/// One object in so many gets a stranger.
const ONE_IN: u64 = 3;

/// Label of the operator's own revisions.
const OURS: &str = "firelens.dev/hash";

/// Whether a member is one of them.
pub(super) fn is_one(name: &str) -> bool {
    name.get(1..).is_some_and(|rest| rest.starts_with(PREFIX))
}

/// Without those that an answer brought: a document that was made from one holds them.
pub(in crate::fake_aws) fn see_off(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(see_off),
        Value::Object(members) => {
            members
                .retain(|name, _| !(is_one(name) && name.ends_with(|c: char| c.is_ascii_digit())));
            members.values_mut().for_each(see_off);
        }
        _ => {}
    }
}

/// Puts strangers into a good answer.
pub(in crate::fake_aws) fn invite(seed: u64, call: &Call, reply: &mut Reply) {
    if reply.status != 200 || reply.body.is_empty() {
        return;
    }
    let about = call.number.to_string();
    match call.service {
        Service::Ecs | Service::Ecr | Service::Logs => {
            if let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) {
                into(&mut body, "", seed, &about);
                reply.body = Bytes::from(body.to_string());
            }
        }
        Service::CloudWatch => {
            if let Some(mut body) = cbor::read_with_times(&reply.body) {
                into(&mut body, "", seed, &about);
                reply.body = Bytes::from(cbor::write(&body));
            }
        }
        Service::Iam | Service::Sts => reply.body = into_xml(&reply.body, seed, &about).into(),
        Service::S3 if call.operation == "ListObjectsV2" => {
            reply.body = into_xml(&reply.body, seed, &about).into();
        }
        Service::S3 | Service::Prometheus => {}
    }
}

/// Into the value of member `name`. What a member holds depends on `about` and on where it stands.
fn into(value: &mut Value, name: &str, seed: u64, about: &str) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                into(item, name, seed, &format!("{about}.{index}"));
            }
        }
        // Maps of strings are the owner's: AWS adds nothing to labels, options or tags.
        Value::Object(members) if !is_open(name) && !members.contains_key(cbor::TIME) => {
            for (name, member) in members.iter_mut() {
                // The same ones whenever it is read: they are as much part of a task definition as the rest.
                let family = (name == "taskDefinition").then(|| member["family"].as_str());
                // What was registered by the operator shows what was sent, strangers of its base included.
                if family.is_some() && member.to_string().contains(OURS) {
                    continue;
                }
                let below = match family.flatten() {
                    Some(family) => format!("family {family}"),
                    None => format!("{about}.{name}"),
                };
                into(member, name, seed, &below);
            }
            let mut dice = Dice::new(seed, about);
            if dice.roll().is_multiple_of(ONE_IN) {
                let name = format!("u{PREFIX}{}", dice.roll() % 10);
                let stranger = dice.value();
                members.entry(name).or_insert(stranger);
            }
        }
        _ => {}
    }
}

/// Whether members of this name are maps, whose keys are the owner's.
fn is_open(name: &str) -> bool {
    ["dockerLabels", "options", "tags", "driverOpts", "labels"].contains(&name)
}

/// After some of the elements that hold elements, one more.
fn into_xml(body: &[u8], seed: u64, about: &str) -> String {
    let mut dice = Dice::new(seed, about);
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len() * 2);
    let mut closed_before = false;
    for piece in text.split_inclusive('>') {
        // The parent closes right after a child has closed: here another child may stand.
        let closes = piece.starts_with("</");
        if closes && closed_before && dice.roll().is_multiple_of(ONE_IN) {
            let number = dice.roll() % 10;
            out.push_str(&format!(
                "<U{PREFIX}{number}><member>1</member></U{PREFIX}{number}>"
            ));
        }
        out.push_str(piece);
        closed_before = piece.contains("</");
    }
    out
}

/// SplitMix64 from a seed and a name.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn value(&mut self) -> Value {
        match self.roll() % 6 {
            0 => Value::Null,
            1 => json!(self.roll() % 1000),
            2 => json!(1.5),
            3 => json!([{"name": "x", "value": [1, null]}]),
            4 => json!({"status": "ACTIVE", "more": {"deep": true}}),
            _ => json!("tomorrow"),
        }
    }
}
