//! Every code of the linter: how bad it is, what it means, and what to do.
//!
//! The list is closed: `docs/lint.md` is made from it, and each code that a policy can earn has a
//! broken policy in the corpus of the tests.

use std::fmt;

use super::Severity;

/// Declares the codes: `/// meaning` and `Word: Severity => "fix"`.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $word:ident: $severity:ident => $fix:literal;)+) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $word,)+
        }

        impl Code {
            /// Every code, in documented order.
            pub const ALL: &'static [Code] = &[$(Code::$word),+];

            /// The word, in CamelCase.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$word => stringify!($word),)+ }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Code::$word => Severity::$severity,)+ }
            }

            /// What the code means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$word => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What to do about it, in one line.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Code::$word => $fix,)+ }
            }
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

codes! {
    /// No Fluent Bit version that the router image can contain has a plugin with this name; the router does not start.
    UnknownPlugin: Error => "Correct the name, or use an image that includes the plugin.";
    /// The plugin exists, but not in the Fluent Bit version of the router image.
    PluginNotInVersion: Error => "Use an image with a Fluent Bit version that has the plugin, or use another plugin.";
    /// No known Fluent Bit version has this plugin, and the contents of the image are not known.
    PrivatePlugin: Info => "No action is needed if the image includes the plugin; its options are not checked.";
    /// Fluent Bit 1.9.10 sends metrics over OTLP, but no logs.
    OtlpLogsNotInVersion: Error => "Use an aws-for-fluent-bit image of version 3.x or later.";
    /// The plugin has no such option; Fluent Bit does not start.
    UnknownOption: Error => "Correct the name, or remove the option.";
    /// The option exists, but not in the Fluent Bit version of the router image, which does not start.
    OptionNotInVersion: Error => "Remove the option, or use an image with a Fluent Bit version that has it.";
    /// The option requires an integer; Fluent Bit reads any other value as 0.
    OptionNotInteger: Error => "Specify an integer, without a unit.";
    /// The option requires a number; Fluent Bit reads any other value as 0.
    OptionNotNumber: Error => "Specify a number.";
    /// The option requires a Boolean value; with any other value, Fluent Bit does not start, or uses Off.
    OptionNotBoolean: Error => "Specify On or Off.";
    /// The option requires a size; Fluent Bit does not read any other value as a size.
    OptionNotSize: Error => "Specify a number followed by K, M or G, such as 10M.";
    /// The option requires a duration; Fluent Bit reads any other value as 0.
    OptionNotTime: Error => "Specify a number followed by s, m, h or d, such as 30s.";
    /// The option accepts only certain values, and this is not one of them.
    OptionValueUnknown: Error => "Specify one of the listed values.";
    /// The option is set by the operator or by the ECS agent.
    ReservedOption: Error => "Remove the option; use the fields of the policy for names, patterns and containers.";
    /// `Match_Regex` is set beside the `Match` that the ECS agent writes: by version, both apply, or one of them.
    MatchRegexOption: Error => "Select containers with `containers`, and lines with `includePattern`.";
    /// The option belongs to another log driver; as an option of the output, it stops Fluent Bit.
    OtherDriverOption: Error => "Remove the option; it does not apply to a FireLens output.";
    /// Two options differ only in case; Fluent Bit treats them as one option that is specified twice.
    OptionsDifferByCase: Error => "Keep one of them.";
    /// The option is set both in a typed field and in `options`.
    OptionGivenTwice: Error => "Keep the typed field, and remove the option from `options`.";
    /// The option is set both as a plain value and as a secret.
    OptionPlainAndSecret: Error => "Keep the secret, and remove the plain value.";
    /// The option has no effect: the Go plugins ignore options that they do not know.
    OptionWithoutEffect: Warning => "Correct the name, or remove the option.";
    /// The option has no value, which stops Fluent Bit.
    OptionEmpty: Error => "Remove the option.";
    /// The value contains a control character, which a configuration file cannot represent.
    OptionControlCharacter: Error => "Remove the control character from the value.";
    /// The value starts with `[` or `@`, which starts a section or a command.
    OptionOpensSection: Error => "Start the value with another character.";
    /// Logs are sent unencrypted to port 443, where servers expect TLS.
    PlaintextOn443: Error => "Set tls to true.";
    /// Logs are sent unencrypted to a public host.
    PlaintextToPublicHost: Warning => "Set tls to true, and use the TLS port of the host.";
    /// A key or a password is sent unencrypted.
    PlaintextCredentials: Warning => "Set tls to true.";
    /// The certificate of the server is not verified: anyone on the network path can read the logs.
    TlsVerifyOff: Warning => "Remove tlsVerify; for a private certificate authority, set tlsCaFile.";
    /// TLS options are set, but TLS is off.
    TlsOptionsWithoutTls: Warning => "Set tls to true, or remove the TLS options.";
    /// Chunks are retried forever: while the destination is unavailable, buffers fill up and memory runs out.
    RetryUnlimited: Warning => "Set a number, such as 5, or limit the storage on a filesystem.";
    /// The retry limit is not valid; Fluent Bit uses 1 instead.
    RetryLimitInvalid: Error => "Set a number of 1 or more, no_limits or no_retries.";
    /// A chunk that cannot be sent at the first attempt is lost.
    RetryNever: Warning => "Set a number of retries, such as 5.";
    /// No retry limit is set: a chunk is retried once, about 10 seconds later, and then lost.
    RetryDefault: Info => "If lines must not be lost, set a number of retries, such as 5.";
    /// A limit for storage on the filesystem is set, but chunks are kept in memory.
    StorageLimitWithoutFilesystem: Warning => "Remove storage.total_limit_size, or set storage.path in customConfig.";
    /// The log driver buffers so few lines that short pauses of the router lose some.
    BufferLimitSmall: Warning => "Remove bufferLimit, or set it to at least the lines of 5 seconds.";
    /// The buffer of the log driver can become larger than the memory of a task.
    BufferLimitLarge: Warning => "Remove bufferLimit, or set it to the lines of one minute.";
    /// The router has too little memory: its buffer is half of the reservation.
    RouterMemorySmall: Warning => "Set memoryReservationMiB to 100 or more; to 250 for 2 MB/s and above.";
    /// The hard limit leaves no memory besides the buffers: the router is killed under load.
    RouterMemoryTight: Warning => "Set memoryMiB to at least memoryReservationMiB plus 50.";
    /// The emitter of a filter can hold more than the memory of the router.
    EmitterBufferLarge: Warning => "Lower emitterMemBufLimit, or give the router more memory.";
    /// CPU 0 counts as 2 of 1024 shares: under load the router gets almost no time.
    RouterCpuZero: Warning => "Remove cpu, or set it to at least 64.";
    /// The variable is not defined in the router: Fluent Bit replaces it with an empty text.
    UndefinedVariable: Warning => "Define it in router.environment or router.secrets.";
    /// `${` is never closed, or contains no variable name: by version, it stays as it is or is removed.
    StrayVariable: Warning => "Close the variable with }, or write the text without ${.";
    /// `$(…)` is a template of the Go cloudwatch plugin only; other plugins do not replace it.
    TemplateOutsideGoPlugin: Warning => "Use $field for a field of the record, or ${VARIABLE} for a router variable.";
    /// An option contains a secret in plain text.
    SecretInOption: Error => "Store it in Secrets Manager or Parameter Store, and reference it in secretOptions.";
    /// A header contains a secret in plain text.
    SecretInHeader: Error => "Store it in Secrets Manager or Parameter Store, and reference it in secretOptions.";
    /// A URL contains a user name and a password.
    SecretInUrl: Error => "Remove them from the URL, and set them as secrets.";
    /// An environment variable of the router contains a secret in plain text.
    SecretInEnvironment: Error => "Store it in Secrets Manager or Parameter Store, and reference it in router.secrets.";
    /// The custom configuration contains a secret in plain text.
    SecretInCustomConfig: Error => "Move it to router.secrets, and write ${NAME} in its place.";
    /// The value looks like a key or a token.
    SecretLookingValue: Warning => "If it is one, store it as a secret, and rotate it.";
    /// The value is not a reference to a secret; it may be the secret itself.
    SecretNotReference: Error => "Specify the ARN of a secret or of a parameter, or the name of a parameter.";
    /// A secret option has a hyphen in its name; the ECS agent makes a variable of it that cannot be read.
    SecretOptionHyphen: Error => "Write the name of the option with underscores.";
    /// A secret option has a dot in its name, and the init image cannot pass on a variable with that name.
    SecretOptionDot: Warning => "Move the secret to router.secrets, and write ${NAME} in options.";
    /// The destination requires a key that is not set.
    CredentialMissing: Error => "Add the key to secretOptions.";
    /// Two outputs send the same lines to the same place.
    DoubleDelivery: Warning => "Remove one, or give them different containers or patterns.";
    /// Two outputs write the same objects or streams.
    StreamCollision: Warning => "Give each output its own prefix.";
    /// Objects of different tasks get the same key and overwrite each other.
    S3KeyNotUnique: Warning => "Add $TAG or $UUID to s3KeyFormat.";
    /// The sizes are outside the limits of S3 or of the plugin; Fluent Bit does not start.
    S3SizeInvalid: Error => "Use parts of 5M to 50M, and objects that are at least as large.";
    /// This compression of S3 objects requires usePutObject.
    S3CompressionUnsupported: Error => "Set usePutObject to true, or use another compression.";
    /// The plugin requires a region, and none is set.
    RegionMissing: Error => "Set the option region.";
    /// Retention and class apply only to log groups that the plugin creates, and it creates none.
    GroupOptionWithoutCreate: Warning => "Set autoCreateGroup to true, or remove the option.";
    /// A log group is created for each value of a field of the records.
    GroupsFromRecords: Warning => "Use trusted fields with few values, or a fixed log group with streams.";
    /// All tasks write to one log stream, in which their lines cannot be told apart.
    SharedLogStream: Info => "Use logStreamPrefix, which gives each task its own log stream.";
    /// A broker does not have the form HOST:PORT.
    KafkaBrokerInvalid: Error => "Specify HOST:PORT without a scheme; separate several brokers with commas.";
    /// The port of the brokers expects another security protocol.
    KafkaProtocolMismatch: Error => "Set rdkafka.security.protocol to SSL or SASL_SSL.";
    /// No format is set: records are sent as msgpack, which few servers can read.
    HttpFormatMsgpack: Warning => "Set format to json, json_lines or json_stream.";
    /// A document type is sent, which OpenSearch 2 and Elasticsearch 8 reject.
    TypeNameSent: Warning => "Set suppressTypeName to true.";
    /// The AWS endpoint requires signed requests.
    AwsAuthMissing: Warning => "Set awsAuth to true, or set httpUser and the secret http_passwd.";
    /// Requests to a serverless collection must be signed with the service name aoss.
    ServerlessServiceName: Error => "Set awsServiceName to aoss.";
    /// A serverless collection for time series rejects documents with an ID.
    ServerlessDocumentId: Warning => "Remove generateId and idKey.";
    /// The host is more than a host name; with a scheme, a port or a path it cannot be resolved.
    HostNotName: Error => "Specify the host name alone; use the fields port, tls and uri for the rest.";
    /// The host is not an intake host of the vendor.
    IntakeHostUnknown: Warning => "Specify the intake host of your site, as documented by the vendor.";
    /// OTLP usually uses port 4317 over gRPC, and port 4318 over HTTP.
    OtlpPortMismatch: Warning => "Set grpc to true for port 4317, or use port 4318.";
    /// A label gets a new value for each task or line, which slows Loki down.
    LabelPerTask: Warning => "Use fields with few values as labels; move the others to structuredMetadata.";
    /// A field of the ECS metadata is used, but the metadata is off.
    MetadataOff: Warning => "Set router.ecsMetadata to true.";
    /// The regular expression cannot be compiled; Fluent Bit does not start, or drops the rule.
    PatternInvalid: Error => "Correct the expression.";
    /// Slashes around or at the start of an expression are read as delimiters.
    PatternSlashes: Warning => "Remove the slashes around the expression; write a leading slash as \\/.";
    /// The pattern requires text before the start or after the end of the line, so it never matches.
    PatternNeverMatches: Warning => "Move the anchor, or escape it.";
    /// The pattern removes every line.
    PatternDropsAll: Error => "Correct the pattern, or remove the output.";
    /// The pattern does not remove any line.
    PatternWithoutEffect: Info => "Remove the pattern.";
    /// A space splits the expression of a rule: what follows is read as the next word.
    RuleBlank: Error => "Write \\s for a space.";
    /// Multiline joining runs before all other filters, wherever it is in the list.
    MultilineNotFirst: Info => "Move it before the other filters, so that the list shows the actual order.";
    /// Two multiline filters buffer the lines of one container.
    MultilineTwice: Warning => "Use one filter with all parsers.";
    /// Built-in and custom multiline parsers are mixed: the first one that matches is used.
    MultilineParsersMixed: Info => "List the most specific parser first.";
    /// No parser with this name is in the policy or in the image.
    UnknownParser: Error => "Correct the name, or define the parser in parsers.";
    /// A parser of the image with this name is also loaded, and takes precedence.
    ParserNameTaken: Error => "Give the parser another name.";
    /// No filter uses the parser.
    ParserUnused: Info => "Remove it, or use it in a filter.";
    /// A parsed record loses its other fields, including the ECS metadata.
    ParserDropsFields: Warning => "Set reserveData to true.";
    /// A time field is set, but not its format.
    TimeKeyWithoutFormat: Warning => "Set timeFormat.";
    /// The expression has no named groups: nothing is parsed.
    RegexWithoutGroups: Error => "Add named groups: (?<field>…).";
    /// A type is set for a field that the expression does not define.
    TypeOfUnknownField: Warning => "Use the name of a group.";
    /// Records get a tag that no output matches: they are lost.
    TagWithoutOutput: Error => "Start the new tag with $TAG, or add an output for it in customConfig.";
    /// Two filters send records back to each other.
    RewriteTagLoop: Warning => "Use new tags that the filters do not match.";
    /// The script does not define the function that is called.
    LuaFunctionMissing: Error => "Define the function, or correct call.";
    /// The path of a file in the router is not absolute.
    PathNotAbsolute: Warning => "Specify an absolute path, which starts with /.";
    /// The condition does not start with a keyword of the filter.
    ConditionUnknown: Error => "Use one of the listed keywords.";
    /// The condition has too few arguments.
    ConditionWords: Error => "Specify the field, and the value if the condition requires one.";
    /// A field that the ECS agent adds is overwritten.
    EcsFieldOverwritten: Warning => "Use another name for the field.";
    /// The custom configuration cannot be read, or contains something that is not allowed.
    CustomConfigRefused: Error => "Correct the text; only INPUT, FILTER, OUTPUT and SERVICE are allowed.";
    /// A filter or an output without Match gets no records.
    MatchMissing: Error => "Set Match, such as app-firelens*.";
    /// The pattern matches no tag in the router.
    MatchNothing: Warning => "Tags have the form CONTAINER-firelens-TASK; match CONTAINER-firelens*.";
    /// The output receives the lines of every container and of the health check.
    MatchEverything: Warning => "Match *-firelens-* or the tag of one container.";
    /// The port is used by an input of the ECS agent.
    AgentPort: Error => "Use a port other than 24224 and 8877.";
    /// A setting replaces one that the operator or the health check relies on.
    ServiceOverride: Warning => "Remove the setting.";
    /// A file is included twice, which Fluent Bit rejects.
    IncludeTwice: Error => "Include it once.";
    /// Parsers are defined in the main file, which Fluent Bit rejects.
    ParserSection: Error => "Move them to spec.parsers.";
    /// The log level is set in the environment and in the configuration; Fluent Bit 5.1.0 aborts.
    LogLevelTwice: Warning => "Keep one of them.";
    /// A followed file without a database is read again, or from its end, when the router restarts.
    TailWithoutDatabase: Info => "Set DB to a file on a volume that outlives the router.";
    /// Two inputs share one database, which mixes up their positions.
    TailDatabaseShared: Error => "Give each input its own database.";
    /// The path must be writable, but the root filesystem is read-only.
    PathReadOnly: Error => "Use a path on a volume, or set readonlyRootFilesystem to false.";
    /// The tag of the image can move: a task may start another version than the last one.
    MovingImageTag: Warning => "Specify a version or a digest.";
    /// This version of the image has a known defect.
    KnownBadImage: Warning => "Use a later version.";
    /// The ECS agent accepts only numeric users.
    UserNotNumeric: Error => "Specify uid or uid:gid.";
    /// The health check depends on the outputs: while a destination is unavailable, all tasks are replaced.
    DeepHealthCheck: Warning => "Use type Auto, or request /api/v1/uptime.";
    /// The image does not include the program of the health check: tasks never become healthy.
    HealthCheckProgramMissing: Error => "Use type Auto, or another program.";
    /// When the router stops, the tasks continue to run and their logs are lost silently.
    RouterNotEssential: Warning => "Set router.essential to true, unless the task is more important than its logs.";
    /// ECS kills the router before it has flushed its buffers.
    StopTimeoutBelowGrace: Warning => "Set router.stopTimeoutSeconds to more than Grace.";
    /// Application containers wait for a healthy router without a time limit.
    HealthyWithoutTimeout: Warning => "Set router.startTimeoutSeconds.";
    /// The variable is reserved for ECS or for the operator.
    ReservedVariable: Error => "Use another name.";
    /// A container with `-firelens` in its name shares the tags of another container.
    FirelensInName: Warning => "Rename the container, or send both to one output.";
    /// No container is selected.
    NoContainerSelected: Error => "Correct include and exclude.";
    /// The names do not match any container that the policy selects.
    ContainersNotSelected: Warning => "Use names that are in containers.include.";
    /// A selected container has no output: its lines are lost.
    ContainerWithoutOutput: Warning => "Add it to an output, or remove it from containers.include.";
    /// The policy is enforced on every service of every target.
    SelectsEverything: Warning => "Specify targets, clusters or services, or start with mode Audit.";
    /// No service can match the selector.
    SelectsNothing: Error => "Correct the terms that exclude each other.";
    /// Many services are changed at the same time.
    RolloutWide: Warning => "Lower rollout.maxConcurrent to 10% or less.";
    /// There is no canary: a mistake affects many services at once.
    NoCanary: Warning => "Set rollout.canary.count to 1 or more.";
    /// The canaries are not observed: a mistake shows after the other services have followed.
    CanaryWithoutBake: Warning => "Set rollout.canary.bakeSeconds to 300 or more.";
    /// The rollout continues although many services fail.
    FailureThresholdHigh: Warning => "Lower rollout.failureThreshold.";
    /// The deadline is shorter than a typical deployment.
    ProgressDeadlineShort: Warning => "Set rollout.progressDeadlineSeconds to 600 or more.";
    /// The operator deploys before tools that wait for a deployment by the owner see that it is complete.
    SettleShort: Warning => "Set rollout.settleSeconds to 30 or more.";
    /// The rollout waits forever: none of the destinations can be checked through AWS.
    LogsNotShown: Warning => "Use rollout.gates, or also send logs to CloudWatch Logs, Firehose, Kinesis or S3.";
    /// Roles that other workloads use get the permissions of this policy.
    SharedRolesAllowed: Warning => "Give workloads their own roles, and do not set allowSharedRoles.";
    /// AWS destinations require permissions that the operator neither manages nor verifies.
    PermissionsIgnored: Warning => "Use mode Manage or Verify.";
    /// A permission of a custom destination is broader than an output needs.
    PermissionWide: Warning => "Specify the actions and the resources.";
    /// On Fargate, the ECS agent cannot fetch configuration from S3.
    S3DeliveryOnFargate: Error => "Use delivery Auto or Init.";
    /// The init image of this version cannot start on a read-only root filesystem.
    InitOnReadonlyRoot: Error => "Use 2.33.0 or later, or set readonlyRootFilesystem to false.";
    /// The options of Fluentd plugins are not checked.
    FluentdUnchecked: Info => "Check the options against the documentation of the plugin.";
    /// The output of a container has plugin options but no Name, so that the task cannot start.
    OutputNameMissing: Error => "Set Name, with exactly this capitalization (@type for Fluentd).";
    /// A FireLens option of the router has a value that the ECS agent does not accept.
    RouterOptionInvalid: Error => "Specify one of the values that the message lists.";
}
