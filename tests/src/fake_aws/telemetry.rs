//! CloudWatch, CloudWatch Logs and Prometheus, which the operator reads to evaluate a rollout.
//! By default the logs of tasks arrive at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calls::{Call, Place};
use super::cbor;
use super::reply::{AwsError, Reply};

/// Everything that is known beside ECS.
#[derive(Debug)]
pub(super) struct Telemetry {
    /// Whether logs of running tasks arrive, at every destination.
    pub(super) arriving: bool,
    /// Events of streams by place, group and stream, in order.
    pub(super) streams: BTreeMap<(Place, String, String), Vec<(i64, String)>>,
    /// Kind and state of alarms by place and name.
    pub(super) alarms: BTreeMap<(Place, String), (String, String)>,
    /// Samples of queries, as Prometheus writes numbers.
    pub(super) samples: BTreeMap<String, Vec<String>>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            arriving: true,
            streams: BTreeMap::new(),
            alarms: BTreeMap::new(),
            samples: BTreeMap::new(),
        }
    }
}

impl Telemetry {
    pub(super) fn logs(&self, call: &Call, now_ms: i64) -> Result<Value, AwsError> {
        let group = call.text("logGroupName");
        match call.operation.as_str() {
            "DescribeLogStreams" => {
                let prefix = call.text("logStreamNamePrefix");
                let mut streams: Vec<Value> = self
                    .streams
                    .iter()
                    .filter(|((place, of, name), _)| {
                        *place == call.place && of == group && name.starts_with(prefix)
                    })
                    .map(|((_, _, name), events)| stream(name, events.last()))
                    .collect();
                if self.arriving && streams.is_empty() {
                    streams.push(stream(prefix, Some(&(now_ms, String::new()))));
                }
                Ok(json!({ "logStreams": streams }))
            }
            "GetLogEvents" => {
                let name = call.text("logStreamName");
                let key = (call.place.clone(), group.to_owned(), name.to_owned());
                let events = self.streams.get(&key).ok_or_else(|| {
                    let message = "The specified log stream does not exist.";
                    AwsError::new(400, "ResourceNotFoundException", message)
                })?;
                let limit = call.params["limit"].as_u64().unwrap_or(10_000);
                let skipped = events
                    .len()
                    .saturating_sub(usize::try_from(limit).unwrap_or(0));
                let newest: Vec<Value> = events
                    .iter()
                    .skip(skipped)
                    .map(|(at_ms, line)| json!({"timestamp": at_ms, "message": line}))
                    .collect();
                Ok(json!({ "events": newest }))
            }
            other => Err(unknown(other)),
        }
    }

    pub(super) fn cloudwatch(&self, call: &Call, now_ms: i64) -> Result<Reply, AwsError> {
        let answer = match call.operation.as_str() {
            "DescribeAlarms" => self.describe_alarms(call),
            "GetMetricData" => self.metric_data(call, now_ms),
            other => return Err(unknown(other)),
        };
        Ok(Reply::cbor(200, cbor::write(&answer)))
    }

    /// Only alarms of the types asked for; those on metrics where none is named.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
    fn describe_alarms(&self, call: &Call) -> Value {
        let named = |member: &str| -> Vec<&str> {
            let items = call.params[member].as_array().into_iter().flatten();
            items.filter_map(Value::as_str).collect()
        };
        let (names, types) = (named("AlarmNames"), named("AlarmTypes"));
        let of_kind = |kind: &str| -> Vec<Value> {
            let asked = types.contains(&kind) || (types.is_empty() && kind == "MetricAlarm");
            let alarms = names.iter().filter_map(|name| {
                let (its, state) = self.alarms.get(&(call.place.clone(), (*name).to_owned()))?;
                (asked && its == kind).then(|| {
                    json!({
                        "AlarmName": name, "StateValue": state, "StateReason": "Threshold Crossed",
                    })
                })
            });
            alarms.collect()
        };
        json!({
            "MetricAlarms": of_kind("MetricAlarm"),
            "CompositeAlarms": of_kind("CompositeAlarm"),
            "LogAlarms": of_kind("LogAlarm"),
        })
    }

    /// One record in the period that runs, if that began in time.
    fn metric_data(&self, call: &Call, now_ms: i64) -> Value {
        let query = &call.params["MetricDataQueries"][0];
        let period_ms = query["MetricStat"]["Period"].as_i64().unwrap_or(60) * 1000;
        let begins_ms = now_ms.div_euclid(period_ms) * period_ms;
        let start_ms = call.params["StartTime"].as_f64().unwrap_or_default() * 1000.0;
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of this century are exact in an f64"
        )]
        let begins = begins_ms as f64;
        let shown = self.arriving && begins >= start_ms;
        let (times, values) = if shown {
            (vec![cbor::time(begins / 1000.0)], vec![json!(1.5)])
        } else {
            (Vec::new(), Vec::new())
        };
        json!({"MetricDataResults": [{
            "Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": values,
        }]})
    }

    pub(super) fn prometheus(&self, call: &Call) -> Reply {
        let Some(samples) = self.samples.get(call.text("query")) else {
            let mut reply = Reply::json(&json!({
                "status": "error", "errorType": "bad_data", "error": "unknown query",
            }));
            reply.status = 400;
            return reply;
        };
        let series: Vec<Value> = samples
            .iter()
            .map(|sample| json!({"metric": {}, "value": [0, sample]}))
            .collect();
        Reply::json(&json!({
            "status": "success", "data": {"resultType": "vector", "result": series},
        }))
    }
}

fn stream(name: &str, newest: Option<&(i64, String)>) -> Value {
    let mut view = json!({"logStreamName": name, "creationTime": 0});
    if let Some((at_ms, _)) = newest {
        view["lastEventTimestamp"] = json!(at_ms);
    }
    view
}

fn unknown(operation: &str) -> AwsError {
    AwsError::new(
        400,
        "UnknownOperationException",
        format!("the fake AWS does not speak {operation}"),
    )
}
