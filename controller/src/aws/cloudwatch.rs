//! CloudWatch: states of alarms, and whether records arrived in a stream.
//!
//! Only reads: no alarm is changed and no metric is published.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::config::{Config, Region};
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, Metric, MetricDataQuery, MetricStat, StateValue,
};
use firelens_aws::observe::{AlarmView, LogDelivery};
use jiff::{SignedDuration, Timestamp};

use super::clients::AwsClients;
use super::error::AwsError;
use super::operation::Operation;
use super::times;

/// Most names per `DescribeAlarms`
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>).
pub const DESCRIBE_ALARMS_SIZE: usize = 100;

/// Up to this length of time a metric is read by the minute, beyond it by the hour, in seconds.
const BY_THE_MINUTE_SECONDS: i64 = 3 * 3600;

/// The shortest time that is requested: StartTime must be before EndTime, by whole seconds at least.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
const SHORTEST_WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// A metric of a stream that counts incoming records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncomingRecords {
    /// Of a Firehose stream:
    /// <https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html>.
    Firehose,
    /// Of a Kinesis data stream:
    /// <https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html>.
    Kinesis,
}

impl IncomingRecords {
    const fn namespace(self) -> &'static str {
        match self {
            Self::Firehose => "AWS/Firehose",
            Self::Kinesis => "AWS/Kinesis",
        }
    }

    const fn dimension(self) -> &'static str {
        match self {
            Self::Firehose => "DeliveryStreamName",
            Self::Kinesis => "StreamName",
        }
    }
}

impl AwsClients {
    /// Returns alarms by name, [`DESCRIBE_ALARMS_SIZE`] at most; one that does not exist is missing.
    ///
    /// # Errors
    /// The call fails.
    pub async fn alarms(&self, names: &[String]) -> Result<BTreeMap<String, AlarmView>, AwsError> {
        let call = self.caller.begin(Operation::DESCRIBE_ALARMS).await;
        // Without types, only alarms on metrics are returned.
        let request = self
            .cloudwatch
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::LogAlarm)
            .max_records(i32::try_from(DESCRIBE_ALARMS_SIZE).unwrap_or(i32::MAX));
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        let view = |name: Option<String>, state: Option<StateValue>, reason: Option<String>| {
            let view = AlarmView {
                state: state.map_or_else(String::new, |state| state.as_str().to_owned()),
                reason: reason.unwrap_or_default(),
            };
            Some((name?, view))
        };
        let of_metrics = answer.metric_alarms.unwrap_or_default().into_iter();
        let composite = answer.composite_alarms.unwrap_or_default().into_iter();
        let of_logs = answer.log_alarms.unwrap_or_default().into_iter();
        Ok(of_metrics
            .filter_map(|alarm| view(alarm.alarm_name, alarm.state_value, alarm.state_reason))
            .chain(
                composite.filter_map(|alarm| {
                    view(alarm.alarm_name, alarm.state_value, alarm.state_reason)
                }),
            )
            .chain(
                of_logs.filter_map(|alarm| {
                    view(alarm.alarm_name, alarm.state_value, alarm.state_reason)
                }),
            )
            .collect())
    }

    /// Returns when records last arrived in a stream, between `since` and now.
    ///
    /// # Errors
    /// The call fails.
    pub async fn incoming_records(
        &self,
        region: &str,
        kind: IncomingRecords,
        stream: &str,
        since: Timestamp,
    ) -> Result<LogDelivery, AwsError> {
        let caller = self.caller.in_region(region);
        let now = caller.clock.now();
        let call = caller.begin(Operation::GET_METRIC_DATA).await;
        // CloudWatch refuses a window of length zero.
        let end = now.max(since.saturating_add(SHORTEST_WINDOW).unwrap_or(now));
        let window = now.duration_since(since);
        let by_the_minute = window <= SignedDuration::from_secs(BY_THE_MINUTE_SECONDS);
        let request = self
            .cloudwatch
            .get_metric_data()
            .metric_data_queries(query(kind, stream, if by_the_minute { 60 } else { 3600 }))
            .start_time(times::to_sdk(since))
            .end_time(times::to_sdk(end));
        let result = request
            .customize()
            .config_override(Config::builder().region(Region::new(region.to_owned())))
            .interceptor(call.probe())
            .send()
            .await;
        let answer = caller.end(&call, result)?;
        let newest = answer
            .metric_data_results
            .unwrap_or_default()
            .iter()
            .flat_map(|series| {
                let times = series.timestamps.as_deref().unwrap_or_default();
                let values = series.values.as_deref().unwrap_or_default();
                times.iter().zip(values)
            })
            .filter(|(_, records)| **records > 0.0)
            .filter_map(|(at, _)| times::from_sdk(at))
            .max();
        Ok(newest.map_or(LogDelivery::Nothing, LogDelivery::Newest))
    }
}

fn query(kind: IncomingRecords, stream: &str, period_seconds: i32) -> MetricDataQuery {
    let dimension = Dimension::builder()
        .name(kind.dimension())
        .value(stream)
        .build();
    let metric = Metric::builder()
        .namespace(kind.namespace())
        .metric_name("IncomingRecords")
        .dimensions(dimension)
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period_seconds)
        .stat("Sum")
        .build();
    MetricDataQuery::builder()
        .id("incoming")
        .metric_stat(stat)
        .build()
}
