//! CloudWatch Logs: whether a stream has events, and the last lines of a router's own log.
//!
//! Logs of applications are never read, and no log is written.

use aws_sdk_cloudwatchlogs::config::{Config, Region};
use firelens_aws::observe::LogDelivery;
use jiff::Timestamp;

use super::clients::AwsClients;
use super::error::AwsError;
use super::operation::Operation;

/// The number of lines of a router's log that are read.
const TAIL_LINES: i32 = 3;

/// The number of streams read under one prefix: a task has one, or one for each copy of its records.
const STREAMS: i32 = 50;

impl AwsClients {
    /// Returns the state of the streams of a group whose names begin with `prefix`.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such group.
    pub async fn log_streams(
        &self,
        region: &str,
        group: &str,
        prefix: &str,
    ) -> Result<LogDelivery, AwsError> {
        let caller = self.caller.in_region(region);
        let call = caller.begin(Operation::DESCRIBE_LOG_STREAMS).await;
        let request = self
            .logs
            .describe_log_streams()
            .log_group_name(group)
            .log_stream_name_prefix(prefix)
            .limit(STREAMS);
        let result = request
            .customize()
            .config_override(Config::builder().region(Region::new(region.to_owned())))
            .interceptor(call.probe())
            .send()
            .await;
        let streams = caller.end(&call, result)?.log_streams.unwrap_or_default();
        let newest = streams
            .iter()
            .filter_map(|stream| Timestamp::from_millisecond(stream.last_event_timestamp?).ok())
            .max();
        Ok(match newest {
            Some(at) => LogDelivery::Newest(at),
            None if streams.is_empty() => LogDelivery::Nothing,
            None => LogDelivery::Opened,
        })
    }

    /// Returns the newest lines of a stream, oldest first.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such group or stream.
    pub async fn log_tail(
        &self,
        region: &str,
        group: &str,
        stream: &str,
    ) -> Result<Vec<String>, AwsError> {
        let caller = self.caller.in_region(region);
        let call = caller.begin(Operation::GET_LOG_EVENTS).await;
        let request = self
            .logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .start_from_head(false)
            .limit(TAIL_LINES);
        let result = request
            .customize()
            .config_override(Config::builder().region(Region::new(region.to_owned())))
            .interceptor(call.probe())
            .send()
            .await;
        let events = caller.end(&call, result)?.events.unwrap_or_default();
        Ok(events
            .into_iter()
            .filter_map(|event| event.message)
            .collect())
    }
}
