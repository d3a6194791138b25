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
    /// No Fluent Bit of the router image has a plugin of this name; it would refuse to start.
    UnknownPlugin: Error => "Use the nearest right name, or an image that brings the plugin.";
    /// The plugin exists, but not in the Fluent Bit of the router image.
    PluginNotInVersion: Error => "Take an image with another Fluent Bit version, or another plugin.";
    /// No Fluent Bit that is known has this plugin, and nothing is known of the image.
    PrivatePlugin: Info => "Nothing, when the image brings the plugin; its options are not checked.";
    /// Fluent Bit 1.9.10 sends metrics over OTLP, and no logs.
    OtlpLogsNotInVersion: Error => "Take an aws-for-fluent-bit image of line 3 or later.";
    /// The plugin has no such option; Fluent Bit refuses to start.
    UnknownOption: Error => "Use the nearest right name, or leave the option out.";
    /// The option exists, but not in the Fluent Bit of the router image, which refuses to start.
    OptionNotInVersion: Error => "Leave the option out, or take an image with another Fluent Bit version.";
    /// The option is a whole number; Fluent Bit reads anything else as 0.
    OptionNotInteger: Error => "Give a whole number, without a unit.";
    /// The option is a number; Fluent Bit reads anything else as 0.
    OptionNotNumber: Error => "Give a number.";
    /// The option is a boolean; with another word Fluent Bit refuses to start, or takes it for off.
    OptionNotBoolean: Error => "Give On or Off.";
    /// The option is a size; Fluent Bit reads anything else as no size.
    OptionNotSize: Error => "Give a number with K, M or G behind it, such as 10M.";
    /// The option is a length of time; Fluent Bit reads anything else as 0.
    OptionNotTime: Error => "Give a number with s, m, h or d behind it, such as 30s.";
    /// The option takes a few words only, and this is none of them.
    OptionValueUnknown: Error => "Give one of the listed words.";
    /// The option is set by the operator or by the ECS agent.
    ReservedOption: Error => "Leave it out; names, patterns and containers have fields of their own.";
    /// `Match_Regex` beside the `Match` that the ECS agent writes: both count, or one of them, by version.
    MatchRegexOption: Error => "Choose containers by `containers`, and lines by `includePattern`.";
    /// The option belongs to another log driver; as an option of the output it stops Fluent Bit.
    OtherDriverOption: Error => "Leave it out; it has no place in a FireLens output.";
    /// Two options differ by case only, which Fluent Bit takes for the same option given twice.
    OptionsDifferByCase: Error => "Keep one of them.";
    /// The option is given as a typed field and in `options`.
    OptionGivenTwice: Error => "Keep the typed field.";
    /// The option is given as a plain value and as a secret.
    OptionPlainAndSecret: Error => "Keep the secret.";
    /// The option has no effect: the Go plugins pass over options that they do not know.
    OptionWithoutEffect: Warning => "Use the nearest right name, or leave the option out.";
    /// An option without a value stops Fluent Bit.
    OptionEmpty: Error => "Leave the option out.";
    /// The value has a control character, which no line of a configuration file can hold.
    OptionControlCharacter: Error => "Write the value without it.";
    /// A value that starts with `[` or `@` opens a section or a command.
    OptionOpensSection: Error => "Start the value with another character.";
    /// Text is sent unencrypted to port 443, where servers speak TLS.
    PlaintextOn443: Error => "Set tls to true.";
    /// Logs travel unencrypted to a public host.
    PlaintextToPublicHost: Warning => "Set tls to true, with the TLS port of the host.";
    /// A key or a password travels unencrypted.
    PlaintextCredentials: Warning => "Set tls to true.";
    /// The certificate of the server is not checked: anybody on the way can read the logs.
    TlsVerifyOff: Warning => "Leave tlsVerify out; give tlsCaFile for a private authority.";
    /// TLS options are given, and TLS is off.
    TlsOptionsWithoutTls: Warning => "Set tls to true, or leave the TLS options out.";
    /// Chunks are tried again for ever: while the destination is down, buffers fill up and memory runs out.
    RetryUnlimited: Warning => "Give a number, such as 5, or limit the storage on a filesystem.";
    /// The retry limit is no number; Fluent Bit takes 1 for it.
    RetryLimitInvalid: Error => "Give a number from 1, no_limits or no_retries.";
    /// A chunk that cannot be sent at once is lost.
    RetryNever: Warning => "Give a number of retries, such as 5.";
    /// No retry limit is given: a chunk is tried once more, about 10 seconds later, and then lost.
    RetryDefault: Info => "Give a number of retries, such as 5, when lines must not be lost.";
    /// A limit of the storage on the filesystem is given, and chunks are kept in memory.
    StorageLimitWithoutFilesystem: Warning => "Leave storage.total_limit_size out, or set storage.path in customConfig.";
    /// The log driver holds so few lines that short pauses of the router lose some.
    BufferLimitSmall: Warning => "Leave bufferLimit out, or give at least the lines of 5 seconds.";
    /// The log driver may hold more than the memory of a task.
    BufferLimitLarge: Warning => "Leave bufferLimit out, or give the lines of a minute.";
    /// The router has too little memory: its buffer is half of the reservation.
    RouterMemorySmall: Warning => "Set memoryReservationMiB to 100 or more; 250 from 2 MB/s on.";
    /// The hard limit leaves no room beside the buffers: the router is killed under load.
    RouterMemoryTight: Warning => "Set memoryMiB to at least memoryReservationMiB and 50.";
    /// The emitter of a filter may hold more than the memory of the router.
    EmitterBufferLarge: Warning => "Lower emitterMemBufLimit, or give the router more memory.";
    /// CPU 0 counts as 2 of 1024 shares: under load the router gets almost no time.
    RouterCpuZero: Warning => "Leave cpu out, or give at least 64.";
    /// The variable is not known in the router: Fluent Bit puts nothing in its place.
    UndefinedVariable: Warning => "Define it in router.environment or router.secrets.";
    /// `${` is never closed, or names no variable: by version it stays as it is, or vanishes.
    StrayVariable: Warning => "Close the variable with }, or write the text without ${.";
    /// `$(…)` is a template of the Go cloudwatch plugin only; elsewhere it stays as it is.
    TemplateOutsideGoPlugin: Warning => "Use $field of the record, or ${VARIABLE} of the router.";
    /// A secret stands in an option in plain text.
    SecretInOption: Error => "Put it into Secrets Manager or SSM, and name it in secretOptions.";
    /// A header with a secret stands in plain text.
    SecretInHeader: Error => "Put the header into Secrets Manager or SSM, and name it in secretOptions.";
    /// A URL holds a user and a password.
    SecretInUrl: Error => "Take them out of the URL; give them as secrets.";
    /// A variable of the router holds a secret in plain text.
    SecretInEnvironment: Error => "Put it into Secrets Manager or SSM, and name it in router.secrets.";
    /// Custom configuration holds a secret in plain text.
    SecretInCustomConfig: Error => "Put it into router.secrets, and write ${NAME} in its place.";
    /// The value looks like a key or a token.
    SecretLookingValue: Warning => "If it is one: put it into a secret, and change it where it is valid.";
    /// A reference to a secret is none; it may be the secret itself.
    SecretNotReference: Error => "Give the ARN of a secret or of a parameter, or the name of a parameter.";
    /// The name of a secret option has a hyphen, and the ECS agent makes a variable of it that cannot be read.
    SecretOptionHyphen: Error => "Use the name of the option with underscores.";
    /// The name of a secret option has a dot, and the init image cannot carry a variable of that name.
    SecretOptionDot: Warning => "Put the secret into router.secrets, and write ${NAME} in options.";
    /// The destination needs a key that is not given.
    CredentialMissing: Error => "Put the key into secretOptions.";
    /// Two outputs send the same lines to the same place.
    DoubleDelivery: Warning => "Remove one, or give them different containers or patterns.";
    /// Two outputs write the same objects or streams.
    StreamCollision: Warning => "Give each output a prefix of its own.";
    /// Objects of different tasks get the same key, and replace each other.
    S3KeyNotUnique: Warning => "Put $TAG or $UUID into s3KeyFormat.";
    /// The sizes do not fit what S3 and the plugin take; Fluent Bit refuses to start.
    S3SizeInvalid: Error => "Parts have 5M to 50M, and objects are at least as large.";
    /// This compression of S3 objects needs usePutObject.
    S3CompressionUnsupported: Error => "Set usePutObject to true, or take another compression.";
    /// The plugin needs a region, and none is given.
    RegionMissing: Error => "Give the option region.";
    /// Retention or class are set only on groups that the plugin creates, and it creates none.
    GroupOptionWithoutCreate: Warning => "Set autoCreateGroup to true, or leave the option out.";
    /// Each value of a field of the records makes a log group of its own.
    GroupsFromRecords: Warning => "Use few, trusted fields, or a fixed group with streams.";
    /// All tasks write to one stream, in which their lines cannot be told apart.
    SharedLogStream: Info => "Use logStreamPrefix, which gives each task a stream.";
    /// A broker is not HOST:PORT.
    KafkaBrokerInvalid: Error => "Give HOST:PORT, with commas between them, without a scheme.";
    /// The port of the brokers expects another security protocol.
    KafkaProtocolMismatch: Error => "Set rdkafka.security.protocol to SSL or SASL_SSL.";
    /// Without a format, records are sent as msgpack, which few servers read.
    HttpFormatMsgpack: Warning => "Set format to json, json_lines or json_stream.";
    /// A document type is sent, which OpenSearch 2 and Elasticsearch 8 refuse.
    TypeNameSent: Warning => "Set suppressTypeName to true.";
    /// The endpoint of AWS asks for signed requests.
    AwsAuthMissing: Warning => "Set awsAuth to true, or give httpUser and the secret http_passwd.";
    /// A serverless collection is signed for by the service name aoss.
    ServerlessServiceName: Error => "Set awsServiceName to aoss.";
    /// A serverless collection for time series refuses documents with an id.
    ServerlessDocumentId: Warning => "Leave generateId and idKey out.";
    /// A host is a name only; with a scheme, a port or a path it cannot be resolved.
    HostNotName: Error => "Give the host alone; port, tls and uri have fields of their own.";
    /// The host is not an intake of the vendor.
    IntakeHostUnknown: Warning => "Give the intake host of your site, as the vendor documents it.";
    /// OTLP over gRPC usually has port 4317, over HTTP 4318.
    OtlpPortMismatch: Warning => "Set grpc to true for port 4317, or take port 4318.";
    /// A label takes a new value for each task or line, which slows Loki down.
    LabelPerTask: Warning => "Use few-valued fields as labels; put the others into structuredMetadata.";
    /// A field of the ECS metadata is used, and the metadata is off.
    MetadataOff: Warning => "Set router.ecsMetadata to true.";
    /// The regular expression cannot be compiled; Fluent Bit refuses to start, or drops the rule.
    PatternInvalid: Error => "Correct the expression.";
    /// Slashes around or at the start of an expression are read as its limits.
    PatternSlashes: Warning => "Write the expression without slashes around it, and a first slash as \\/.";
    /// Something stands before the start or after the end of the line: the expression never matches.
    PatternNeverMatches: Warning => "Move the anchor, or escape it.";
    /// The pattern takes every line away.
    PatternDropsAll: Error => "Correct the pattern, or remove the output.";
    /// The pattern takes no line away.
    PatternWithoutEffect: Info => "Leave it out.";
    /// A blank inside a rule parts it: what follows is read as the next word.
    RuleBlank: Error => "Write \\s for a blank.";
    /// Multi-line joining runs before all other filters, wherever it stands in the list.
    MultilineNotFirst: Info => "Move it before the other filters, to see the order that is.";
    /// Two multi-line filters hold the lines of one container.
    MultilineTwice: Warning => "Use one filter, with all parsers.";
    /// Built-in and own multi-line parsers are mixed: the first that matches takes the line.
    MultilineParsersMixed: Info => "Put the most special parser first.";
    /// No parser of this name is in the policy or in the image.
    UnknownParser: Error => "Use the nearest right name, or define the parser in parsers.";
    /// A parser of the image that is loaded, too, has this name, and is kept.
    ParserNameTaken: Error => "Give the parser another name.";
    /// No filter uses the parser.
    ParserUnused: Info => "Remove it, or name it in a filter.";
    /// A parsed record loses its other fields, the ECS metadata among them.
    ParserDropsFields: Warning => "Set reserveData to true.";
    /// A time field is named, and nothing says how to read it.
    TimeKeyWithoutFormat: Warning => "Give timeFormat.";
    /// The expression names no group: nothing is parsed.
    RegexWithoutGroups: Error => "Name the fields: (?<field>…).";
    /// A type is given for a field that the expression does not name.
    TypeOfUnknownField: Warning => "Use the name of a group.";
    /// Records get a tag that no output takes: they are lost.
    TagWithoutOutput: Error => "Let the new tag begin with $TAG, or add an output for it in customConfig.";
    /// Two filters send records back to each other.
    RewriteTagLoop: Warning => "Let the new tags differ from what the filters match.";
    /// The script does not define the function that is called.
    LuaFunctionMissing: Error => "Define the function, or correct call.";
    /// The path of a file inside the router is not absolute.
    PathNotAbsolute: Warning => "Give the path from / on.";
    /// The condition does not begin with a word that the filter knows.
    ConditionUnknown: Error => "Use one of the listed words.";
    /// The condition has too few words.
    ConditionWords: Error => "Give the field, and the value where the condition has one.";
    /// A field that the ECS agent adds is overwritten.
    EcsFieldOverwritten: Warning => "Use another name for the field.";
    /// Custom configuration cannot be read, or holds what is not allowed.
    CustomConfigRefused: Error => "Correct the text; only INPUT, FILTER, OUTPUT and SERVICE are allowed.";
    /// A filter or an output without Match gets no records.
    MatchMissing: Error => "Give Match, such as app-firelens*.";
    /// No tag in the router matches.
    MatchNothing: Warning => "Tags are CONTAINER-firelens-TASK; match CONTAINER-firelens*.";
    /// The output takes the lines of every container, and the health check.
    MatchEverything: Warning => "Match *-firelens-* or the tag of one container.";
    /// The port belongs to an input of the ECS agent.
    AgentPort: Error => "Take another port than 24224 and 8877.";
    /// A setting replaces one that the operator or the health check relies on.
    ServiceOverride: Warning => "Leave the setting out.";
    /// A file is included twice, which Fluent Bit refuses.
    IncludeTwice: Error => "Include it once.";
    /// Parsers stand in the main file, which Fluent Bit refuses.
    ParserSection: Error => "Put them into spec.parsers.";
    /// The log level is set in the environment and in the configuration; Fluent Bit 5.1.0 aborts.
    LogLevelTwice: Warning => "Keep one of them.";
    /// A followed file without a database is read anew, or from its end, when the router restarts.
    TailWithoutDatabase: Info => "Give DB, on a volume that outlives the router.";
    /// Two inputs share one database, which mixes up their positions.
    TailDatabaseShared: Error => "Give each input a database of its own.";
    /// The path must be written, and the root filesystem is read-only.
    PathReadOnly: Error => "Put it on a volume, or set readonlyRootFilesystem to false.";
    /// The tag of the image moves: a task may start another version than the last one.
    MovingImageTag: Warning => "Name a version, or a digest.";
    /// This version of the image is known to break.
    KnownBadImage: Warning => "Take a later version.";
    /// The ECS agent takes numeric users only.
    UserNotNumeric: Error => "Give uid or uid:gid.";
    /// The health check asks for the outputs: while a destination is down, all tasks are replaced.
    DeepHealthCheck: Warning => "Use type Auto, or ask /api/v1/uptime.";
    /// The image lacks the program of the health check: tasks never become healthy.
    HealthCheckProgramMissing: Error => "Use type Auto, or another program.";
    /// When the router stops, the tasks run on and their logs are lost in silence.
    RouterNotEssential: Warning => "Set router.essential to true, unless the task matters more than its logs.";
    /// ECS kills the router before it has flushed its buffers.
    StopTimeoutBelowGrace: Warning => "Set router.stopTimeoutSeconds above Grace.";
    /// Application containers wait for a healthy router without a time limit.
    HealthyWithoutTimeout: Warning => "Give router.startTimeoutSeconds.";
    /// The variable belongs to ECS or to the operator.
    ReservedVariable: Error => "Use another name.";
    /// A container name with `-firelens` shares the tags of another container.
    FirelensInName: Warning => "Name the container otherwise, or send both to one output.";
    /// No container is left.
    NoContainerSelected: Error => "Correct include and exclude.";
    /// The names match no container that the policy selects.
    ContainersNotSelected: Warning => "Use names that containers.include has.";
    /// A selected container has no output: its lines are lost.
    ContainerWithoutOutput: Warning => "Add it to an output, or take it out of containers.include.";
    /// The policy is enforced on every service of every target.
    SelectsEverything: Warning => "Name targets, clusters or services, or begin with mode Audit.";
    /// No service can meet the terms of the selector.
    SelectsNothing: Error => "Correct the terms that exclude each other.";
    /// Many services are changed at once.
    RolloutWide: Warning => "Lower rollout.maxConcurrent, to 10% or less.";
    /// No service goes first: a mistake reaches many at once.
    NoCanary: Warning => "Set rollout.canary.count to 1 or more.";
    /// The first services are not watched: a mistake shows after the others have followed.
    CanaryWithoutBake: Warning => "Set rollout.canary.bakeSeconds to 300 or more.";
    /// The rollout goes on although many services fail.
    FailureThresholdHigh: Warning => "Lower rollout.failureThreshold.";
    /// The deadline is shorter than a usual deployment.
    ProgressDeadlineShort: Warning => "Set rollout.progressDeadlineSeconds to 600 or more.";
    /// The operator deploys before those who wait for a deployment of the owner have seen it done.
    SettleShort: Warning => "Set rollout.settleSeconds to 30 or more.";
    /// The rollout waits for ever: AWS shows nothing of where the logs go.
    LogsNotShown: Warning => "Use rollout.gates instead, or send to CloudWatch Logs, Firehose, Kinesis or S3 as well.";
    /// Roles that other workloads use get the permissions of this policy.
    SharedRolesAllowed: Warning => "Give workloads roles of their own, and leave allowSharedRoles off.";
    /// AWS destinations need permissions that nobody looks at.
    PermissionsIgnored: Warning => "Use mode Manage or Verify.";
    /// A permission of a custom destination is wider than an output needs.
    PermissionWide: Warning => "Name the actions and the resources.";
    /// The ECS agent cannot fetch configuration from S3 on Fargate.
    S3DeliveryOnFargate: Error => "Use delivery Auto or Init.";
    /// The init image of this version cannot start on a read-only root filesystem.
    InitOnReadonlyRoot: Error => "Take 2.33.0 or later, or set readonlyRootFilesystem to false.";
    /// The options of Fluentd plugins are not checked.
    FluentdUnchecked: Info => "Check the options against the documentation of the plugin.";
    /// The output of a container has plugin options and no Name, so that the task cannot start.
    OutputNameMissing: Error => "Give Name, in exactly this case (@type for Fluentd).";
    /// A FireLens option of the router has a value that the ECS agent does not take.
    RouterOptionInvalid: Error => "Give one of the values that the message names.";
}
