//! The gates that a policy names: CloudWatch alarms and PromQL queries.
//!
//! A policy names the query and not the server: the address of Prometheus is part of the operator's own
//! configuration.

use crate::gate::Findings;
use crate::input::PlanInput;
use firelens_aws::observe::{AlarmView, Needs, Observed, sanitize};
use firelens_types::v1alpha1::PrometheusGate;

pub(crate) fn alarms(
    input: &PlanInput<'_>,
    names: &[String],
    needs: &mut Needs,
    findings: &mut Findings,
) {
    for name in names {
        match input.observation.evidence.alarms.get(name) {
            None => {
                needs.evidence.alarms.insert(name.clone());
                findings.unclear.push(format!("alarm {name} is being read"));
            }
            Some(Observed::Absent) => findings.unclear.push(format!(
                "there is no alarm {name} in {} of account {}",
                input.observation.region, input.observation.account_id
            )),
            Some(Observed::Unknown(why)) => findings.unclear.push(format!(
                "alarm {name} could not be read: {}",
                sanitize::aws_reason(why)
            )),
            Some(Observed::Present(alarm)) => alarm_state(name, alarm, findings),
        }
    }
}

fn alarm_state(name: &str, alarm: &AlarmView, findings: &mut Findings) {
    let why = sanitize::aws_reason(&alarm.reason);
    match alarm.state.as_str() {
        "OK" => {}
        "ALARM" => findings
            .failed
            .push(format!("alarm {name} is in state ALARM: {why}")),
        state => findings
            .unclear
            .push(format!("alarm {name} is in state {state}: {why}")),
    }
}

pub(crate) fn prometheus(
    input: &PlanInput<'_>,
    gates: &[PrometheusGate],
    needs: &mut Needs,
    findings: &mut Findings,
) {
    for gate in gates {
        let name = &gate.name;
        match input.observation.evidence.samples.get(&gate.query) {
            None => {
                needs.evidence.samples.insert(gate.query.clone());
                findings.unclear.push(format!("query {name} is being run"));
            }
            Some(Observed::Absent) => findings.unclear.push(format!(
                "query {name} cannot be run: the operator runs without --prometheus-url"
            )),
            Some(Observed::Unknown(why)) => findings.unclear.push(format!(
                "query {name} was not answered: {}",
                sanitize::aws_reason(why)
            )),
            Some(Observed::Present(samples)) => samples_within(gate, samples, findings),
        }
    }
}

fn samples_within(gate: &PrometheusGate, samples: &[f64], findings: &mut Findings) {
    let name = &gate.name;
    if samples.is_empty() {
        findings
            .unclear
            .push(format!("query {name} returned no sample"));
    } else if samples.iter().any(|sample| sample.is_nan()) {
        findings.unclear.push(format!(
            "query {name} returned a sample that is not a number"
        ));
    }
    for sample in samples {
        if let Some(min) = gate.min.filter(|min| *sample < min.0) {
            findings
                .failed
                .push(format!("query {name} is {sample}, below {min}"));
        } else if let Some(max) = gate.max.filter(|max| *sample > max.0) {
            findings
                .failed
                .push(format!("query {name} is {sample}, above {max}"));
        }
    }
}
