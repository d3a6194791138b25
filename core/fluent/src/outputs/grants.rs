//! The permissions that an output needs on the task role, as narrow as its names allow.
//!
//! Nothing is granted on another account: with a role to assume, only assuming it is granted, and
//! what that role may do is for its owner to decide.

use super::arns::{key_prefix, resource};
use super::compile::Options;
use super::{OutputError, OutputScope, defaults};
use crate::outputs::ImageLine;
use firelens_aws::iam::Statement;
use firelens_types::v1alpha1::{CustomDestination, Destination};

/// Key format of the s3 plugin when none is given.
/// <https://docs.fluentbit.io/manual/data-pipeline/outputs/s3>
const S3_KEY_FORMAT: &str = "/fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S";

type Granted = Result<Vec<Statement>, OutputError>;

/// The statements of one destination. Destinations outside AWS need none: their secrets are read
/// with the execution role.
pub(super) fn of(
    destination: Destination<'_>,
    options: &Options<'_>,
    scope: &OutputScope<'_>,
) -> Granted {
    let needs = Needs { options, scope };
    if let Destination::Custom(custom) = destination {
        let mut statements = custom_permissions(custom);
        if custom.role_arn.is_some() {
            statements.extend(needs.assume_role()?);
        }
        return Ok(statements);
    }
    if let Some(assume) = needs.assume_role()? {
        return Ok(vec![assume]);
    }
    match destination {
        Destination::CloudWatchLogs(_) => needs.cloudwatch_logs(),
        Destination::Firehose(_) => needs.firehose(),
        Destination::KinesisStreams(block) => {
            let key = block.kms_key_arn.as_deref();
            needs.with_key(needs.kinesis_streams()?, key, &["kms:GenerateDataKey"])
        }
        Destination::S3(block) => {
            let key = block.kms_key_arn.as_deref();
            needs.with_key(needs.s3()?, key, &["kms:GenerateDataKey", "kms:Decrypt"])
        }
        Destination::OpenSearch(_) | Destination::Elasticsearch(_) => needs.search(),
        Destination::OpenTelemetry(_) | Destination::Http(_) => needs.signed_http(),
        Destination::Kafka(_) => needs.kafka(),
        Destination::Datadog(_)
        | Destination::Splunk(_)
        | Destination::NewRelic(_)
        | Destination::Loki(_)
        | Destination::Forward(_)
        | Destination::Custom(_) => Ok(Vec::new()),
    }
}

fn custom_permissions(custom: &CustomDestination) -> Vec<Statement> {
    custom
        .aws_permissions
        .iter()
        .map(|permission| Statement::new("Custom", &permission.actions, &permission.resources))
        .collect()
}

struct Needs<'a> {
    options: &'a Options<'a>,
    scope: &'a OutputScope<'a>,
}

impl Needs<'_> {
    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:` in the region the output sends to.
    fn arn(&self, service: &str, region_option: &str) -> String {
        let region = self
            .options
            .value(region_option)
            .unwrap_or(self.scope.region);
        let region = if region.contains('$') { "*" } else { region };
        let OutputScope {
            partition,
            account_id,
            ..
        } = self.scope;
        format!("arn:{partition}:{service}:{region}:{account_id}:")
    }

    /// A name that goes into an ARN.
    fn name(&self, option: &str) -> Result<String, OutputError> {
        let name = self.options.value(option).unwrap_or_default();
        resource(name).ok_or_else(|| self.wildcard(option))
    }

    fn wildcard(&self, option: &str) -> OutputError {
        OutputError::new(
            self.options.field(option),
            "must not contain `*` or `?`: the name becomes part of a permission",
        )
    }

    /// Adds what writing under a customer managed key needs; of S3 also reading it, since the parts
    /// of a multipart upload are put together under it. CloudWatch Logs and Firehose use their keys
    /// on their own account and ask nothing of the writer.
    /// <https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html>
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
    fn with_key(&self, mut needs: Vec<Statement>, key: Option<&str>, actions: &[&str]) -> Granted {
        let Some(key) = key else {
            return Ok(needs);
        };
        if !key.contains(":key/") || key.contains(['$', '*', '?']) {
            return Err(OutputError::new(
                self.options.field("kmsKeyArn"),
                "must be the ARN of a key, without variables: it becomes a permission",
            ));
        }
        needs.push(Statement::new("KmsKey", actions.iter().copied(), [key]));
        Ok(needs)
    }

    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    fn assume_role(&self) -> Result<Option<Statement>, OutputError> {
        let by_signing = self
            .options
            .value("aws_role_arn")
            .filter(|_| self.options.is_on("aws_auth"));
        let Some(arn) = self.options.value("role_arn").or(by_signing) else {
            return Ok(None);
        };
        let account_is_known =
            firelens_aws::iam::role_name(arn).is_some_and(|r| r.account_id.is_some());
        if !account_is_known {
            return Err(OutputError::new(
                self.options.field("roleArn"),
                "must be the ARN of a role, without variables: it becomes a permission",
            ));
        }
        Ok(Some(Statement::new(
            "AssumeRole",
            ["sts:AssumeRole"],
            [arn],
        )))
    }

    /// Only old images look for the stream before they write to it.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>
    fn cloudwatch_logs(&self) -> Granted {
        let mut actions = vec!["logs:CreateLogStream", "logs:PutLogEvents"];
        if self.scope.image_line != ImageLine::V3 {
            actions.push("logs:DescribeLogStreams");
        }
        if self.options.is_on("auto_create_group") {
            actions.push("logs:CreateLogGroup");
        }
        if self.options.has("log_retention_days") {
            actions.push("logs:PutRetentionPolicy");
        }
        let arn = self.arn("logs", "region");
        let mut resources = Vec::new();
        for option in ["log_group_name", "log_group_template"] {
            if !self.options.has(option) {
                continue;
            }
            let group = self.name(option)?;
            resources.push(format!("{arn}log-group:{group}"));
            resources.push(format!("{arn}log-group:{group}:log-stream:*"));
        }
        Ok(vec![Statement::new("CloudWatchLogs", actions, resources)])
    }

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisfirehose.html>
    fn firehose(&self) -> Granted {
        let arn = self.arn("firehose", "region");
        let stream = self.name("delivery_stream")?;
        Ok(vec![Statement::new(
            "Firehose",
            ["firehose:PutRecordBatch"],
            [format!("{arn}deliverystream/{stream}")],
        )])
    }

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html>
    fn kinesis_streams(&self) -> Granted {
        let arn = self.arn("kinesis", "region");
        let stream = self.name("stream")?;
        Ok(vec![Statement::new(
            "KinesisStreams",
            ["kinesis:PutRecords"],
            [format!("{arn}stream/{stream}")],
        )])
    }

    /// Multipart uploads need `s3:PutObject` only. Bucket ARNs name neither region nor account.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
    fn s3(&self) -> Granted {
        let format = self.options.value("s3_key_format");
        if format.is_some_and(|format| !format.starts_with('/')) {
            return Err(OutputError::new(
                self.options.field("s3KeyFormat"),
                "must begin with `/`",
            ));
        }
        let prefix = key_prefix(format.unwrap_or(S3_KEY_FORMAT))
            .ok_or_else(|| self.wildcard("s3KeyFormat"))?;
        let mut actions = vec!["s3:PutObject"];
        if self.options.has("canned_acl") {
            actions.push("s3:PutObjectAcl");
        }
        let bucket = self.name("bucket")?;
        let partition = self.scope.partition;
        Ok(vec![Statement::new(
            "S3",
            actions,
            [format!("arn:{partition}:s3:::{bucket}/{prefix}")],
        )])
    }

    /// Signed requests only; with basic authentication the domain decides by itself.
    fn search(&self) -> Granted {
        if !self.options.is_on("aws_auth") {
            return Ok(Vec::new());
        }
        let host = self.options.value("host").unwrap_or_default();
        if self.options.value("aws_service_name") == Some("aoss") {
            let arn = self.arn("aoss", "aws_region");
            let collection = collection_of(host).unwrap_or("*");
            return Ok(vec![Statement::new(
                "OpenSearchServerless",
                ["aoss:APIAccessAll"],
                [format!("{arn}collection/{collection}")],
            )]);
        }
        let arn = self.arn("es", "aws_region");
        let domain = domain_of(host).unwrap_or("*");
        Ok(vec![Statement::new(
            "OpenSearch",
            ["es:ESHttpPost", "es:ESHttpPut"],
            [format!("{arn}domain/{domain}/*")],
        )])
    }

    /// Of the services behind signed HTTP, OpenSearch Ingestion and CloudWatch's OTLP endpoint take
    /// logs; for another service the permissions are the user's to give, by a `custom` destination.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html>
    fn signed_http(&self) -> Granted {
        if !self.options.is_on("aws_auth") {
            return Ok(Vec::new());
        }
        match self.options.value("aws_service") {
            Some("osis") => {
                let host = self.options.value("host").unwrap_or_default();
                let arn = self.arn("osis", "aws_region");
                let pipeline = format!("{arn}pipeline/{}", pipeline_of(host).unwrap_or("*"));
                let ingest = ["osis:Ingest"];
                Ok(vec![Statement::new(
                    "OpenSearchIngestion",
                    ingest,
                    [pipeline],
                )])
            }
            Some("logs") => {
                let arn = self.arn("logs", "aws_region");
                let group = self.options.header("x-aws-log-group").unwrap_or("${GROUP}");
                let group = resource(group).ok_or_else(|| self.wildcard("header"))?;
                let streams = format!("{arn}log-group:{group}:log-stream:*");
                let put = ["logs:PutLogEvents"];
                Ok(vec![Statement::new("CloudWatchOtlp", put, [streams])])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// <https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html>
    fn kafka(&self) -> Granted {
        if !self.options.is_on("aws_msk_iam") {
            return Ok(Vec::new());
        }
        let field = self.options.field("awsMskIamClusterArn");
        let cluster = self
            .options
            .value("aws_msk_iam_cluster_arn")
            .filter(|arn| !arn.contains(['$', '*', '?']))
            .ok_or_else(|| {
                OutputError::new(&field, "is needed for awsMskIam, without variables")
            })?;
        let (head, identity) = cluster
            .split_once(":cluster/")
            .ok_or_else(|| OutputError::new(&field, "must be the ARN of a cluster"))?;
        let any_topic = self.options.is_on("dynamic_topic") || self.options.has("topic_key");
        let names = self.options.value("topics").unwrap_or("fluent-bit");
        let mut topics = Vec::new();
        for topic in names.split(',').map(str::trim) {
            let topic = if any_topic {
                "*".to_owned()
            } else {
                resource(topic).ok_or_else(|| self.wildcard("topics"))?
            };
            topics.push(format!("{head}:topic/{identity}/{topic}"));
        }
        topics.dedup();
        Ok(vec![
            Statement::new("MskConnect", ["kafka-cluster:Connect"], [cluster]),
            Statement::new(
                "MskWrite",
                ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"],
                topics,
            ),
        ])
    }
}

/// `ID.REGION.aoss.amazonaws.com` names its collection.
fn collection_of(host: &str) -> Option<&str> {
    if !defaults::is_serverless(host) {
        return None;
    }
    host.split('.').next().filter(|id| is_plain(id))
}

/// `search-NAME-HASH.…` and `vpc-NAME-HASH.…` name their domain; a custom endpoint does not, and
/// then every domain of the account and region is granted.
/// <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html>
fn domain_of(host: &str) -> Option<&str> {
    if !defaults::is_aws_search(host) {
        return None;
    }
    let label = host.split('.').next()?;
    let rest = label
        .strip_prefix("search-")
        .or_else(|| label.strip_prefix("vpc-"))?;
    let (name, hash) = rest.rsplit_once('-')?;
    let hashed = hash.len() == 26 && hash.bytes().all(|b| b.is_ascii_alphanumeric());
    (hashed && is_plain(name)).then_some(name)
}

/// `NAME-HASH.REGION.osis.amazonaws.com` names its pipeline.
fn pipeline_of(host: &str) -> Option<&str> {
    let (label, rest) = host.split_once('.')?;
    let (name, _hash) = label.rsplit_once('-')?;
    (rest.contains("osis.amazonaws.com") && is_plain(name)).then_some(name)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
