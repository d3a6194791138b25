//! How a test sets tasks, logs, alarms and metrics.
//! None of it is a call: it is not logged and gets no fault.

use serde_json::{Value, json};

use super::FakeAws;
use super::reply::seconds;

impl FakeAws {
    /// A task of a service has stopped just now. `extra` has further members of the API's `Task`, such as
    /// `stopCode` and `containers`. Returns its id.
    pub fn stop_task(&self, cluster: &str, service: &str, revision: &str, extra: &Value) -> String {
        let mut state = self.state();
        let now_ms = state.now_ms;
        let region = state.regions.entry(self.place.clone()).or_default();
        let stopped = region
            .stopped_tasks
            .entry(format!("{cluster}/{service}"))
            .or_default();
        let id = format!("{:032x}", 0x5709_0000 + stopped.len());
        let mut task = json!({
            "taskArn": self.place.ecs_arn(&format!("task/{cluster}/{id}")),
            "clusterArn": self.place.ecs_arn(&format!("cluster/{cluster}")),
            "group": format!("service:{service}"),
            "taskDefinitionArn": revision,
            "lastStatus": "STOPPED",
            "desiredStatus": "STOPPED",
            "stoppedAt": seconds(now_ms),
        });
        for (name, value) in extra.as_object().into_iter().flatten() {
            task[name] = value.clone();
        }
        stopped.push(task);
        id
    }

    /// The health that a container of a service reports from now on; `None` for the usual one.
    pub fn set_health(&self, cluster: &str, service: &str, container: &str, health: Option<&str>) {
        let mut state = self.state();
        let region = state.regions.entry(self.place.clone()).or_default();
        let key = format!("{cluster}/{service}/{container}");
        match health {
            Some(health) => {
                region.container_health.insert(key, health.to_owned());
            }
            None => {
                region.container_health.remove(&key);
            }
        }
    }

    /// Lines that are written to a log stream now.
    pub fn write_log(&self, group: &str, stream: &str, lines: &[&str]) {
        let mut state = self.state();
        let now_ms = state.now_ms;
        let key = (self.place.clone(), group.to_owned(), stream.to_owned());
        let events = state.telemetry.streams.entry(key).or_default();
        events.extend(lines.iter().map(|line| (now_ms, (*line).to_owned())));
    }

    /// Whether what running tasks log arrives at its destinations; it does at first.
    pub fn set_arriving(&self, arriving: bool) {
        self.state().telemetry.arriving = arriving;
    }

    /// What a capacity provider of this place is, such as `MANAGED_INSTANCES`.
    pub fn set_provider_type(&self, name: &str, kind: &str) {
        let mut state = self.state();
        let region = state.regions.entry(self.place.clone()).or_default();
        region
            .provider_types
            .insert(name.to_owned(), kind.to_owned());
    }

    /// An alarm on a metric, of this place: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub fn set_alarm(&self, name: &str, alarm_state: &str) {
        self.set_alarm_of_kind("MetricAlarm", name, alarm_state);
    }

    /// An alarm of a kind: `MetricAlarm`, `CompositeAlarm` or `LogAlarm`.
    pub fn set_alarm_of_kind(&self, kind: &str, name: &str, alarm_state: &str) {
        let mut state = self.state();
        let key = (self.place.clone(), name.to_owned());
        let alarm = (kind.to_owned(), alarm_state.to_owned());
        state.telemetry.alarms.insert(key, alarm);
    }

    /// The samples that a PromQL query has from now on. The endpoint of the fake is the server's address.
    pub fn set_samples(&self, query: &str, samples: &[&str]) {
        let samples = samples.iter().map(|sample| (*sample).to_owned()).collect();
        let mut state = self.state();
        state.telemetry.samples.insert(query.to_owned(), samples);
    }
}
