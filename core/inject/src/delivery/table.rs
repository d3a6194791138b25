//! The table of deliveries: what a routing is made of and where it runs, and the way it takes.
//!
//! Pure and complete: every combination has a row, either a way that works or what is in the way.
//! No row has a way that fails only when a task starts.

use firelens_types::v1alpha1::{Delivery, RouterType};

/// What the routing is made of, from what needs least to what needs most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    /// Log options hold all of it.
    Options,
    /// Log options, and one parser filter that a file of the image has already.
    BuiltInJson,
    /// Filters, raw text, several outputs of a container, options given twice.
    Sections,
    /// As [`Content::Sections`], and parsers of the policy, which need a file of their own.
    SectionsAndParsers,
}

/// Whether an init variant of the router image can fetch files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InitImage {
    /// It can.
    Usable,
    /// It would not start on the read-only root filesystem that the policy asks for.
    NeedsWritableRoot,
    /// None is known for the image.
    Unknown,
}

/// A row: everything that the decision looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) delivery: Delivery,
    /// Whether `config.file` is given.
    pub(crate) has_file: bool,
    pub(crate) router: RouterType,
    pub(crate) content: Content,
    /// Whether the ECS agent fetches files from S3 here.
    pub(crate) agent_fetches: bool,
    pub(crate) init: InitImage,
    /// Whether the target has a `configBucket`.
    pub(crate) has_bucket: bool,
    /// Whether the health check needs Fluent Bit's HTTP server, which a file turns on.
    pub(crate) http_server: bool,
}

/// A file that aws-for-fluent-bit has already.
/// <https://github.com/aws/aws-for-fluent-bit/tree/mainline/configs>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    /// The HTTP server with its health page.
    Health,
    /// A parser filter with the parser `json` on the key `log` of every record.
    ParseJson,
}

impl BuiltIn {
    /// Its path in the image.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Health => "/fluent-bit/configs/output-metrics-healthcheck.conf",
            Self::ParseJson => "/fluent-bit/configs/parse-json.conf",
        }
    }
}

/// Who fetches our files from S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetcher {
    /// The ECS agent, with the execution role: one file.
    Agent,
    /// The init process of the image, with the task role: any number of files.
    Init,
}

/// A way that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Log options, and at most one file of the image for the agent and one for the init process.
    Options {
        agent: Option<BuiltIn>,
        init: Option<BuiltIn>,
    },
    /// Log options, and the file of `config.file`.
    InImage,
    /// A file of ours, and one for its parsers.
    OwnFile(Fetcher),
}

/// Why there is no way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// There is no init image of Fluentd.
    FluentdInit,
    /// A file for Fluentd where the agent fetches none.
    FluentdNowhere,
    /// `delivery: File` without `config.file`.
    NoFile,
    /// A file of ours would be needed beside `config.file`.
    BesideFile,
    /// `delivery: Inline`, and it does not fit.
    NotInline,
    /// `delivery: S3` where the agent fetches nothing.
    AgentCannot,
    /// `delivery: S3` with parsers.
    ParsersNeedInit,
    /// No `configBucket`.
    NoBucket,
    /// No init variant is known.
    NoInitImage,
    /// The init variant cannot start.
    ReadonlyRoot,
}

/// The decision.
pub(crate) fn decide(row: &Row) -> Result<Way, Obstacle> {
    let fits = row.content == Content::Options;
    match row.delivery {
        Delivery::File if !row.has_file => Err(Obstacle::NoFile),
        _ if row.has_file && matches!(row.delivery, Delivery::File | Delivery::Auto) => {
            match fits {
                true => Ok(Way::InImage),
                false => Err(Obstacle::BesideFile),
            }
        }
        Delivery::Inline if fits => Ok(options(row)),
        Delivery::Inline => Err(Obstacle::NotInline),
        _ if row.router == RouterType::Fluentd => fluentd(row),
        Delivery::S3 if !row.agent_fetches => Err(Obstacle::AgentCannot),
        Delivery::S3 if row.content == Content::SectionsAndParsers => {
            Err(Obstacle::ParsersNeedInit)
        }
        Delivery::S3 => own_file(row, Fetcher::Agent),
        Delivery::Init => own_file(row, Fetcher::Init),
        Delivery::Auto | Delivery::File => automatic(row),
    }
}

/// One file holds parsers as well, and only the agent can fetch it.
fn fluentd(row: &Row) -> Result<Way, Obstacle> {
    if row.delivery == Delivery::Auto && row.content == Content::Options {
        return Ok(options(row));
    }
    match (row.has_bucket, row.delivery) {
        (false, _) => Err(Obstacle::NoBucket),
        (true, Delivery::Init) => Err(Obstacle::FluentdInit),
        (true, _) if !row.agent_fetches => Err(Obstacle::FluentdNowhere),
        (true, _) => Ok(Way::OwnFile(Fetcher::Agent)),
    }
}

/// The simplest way: nothing in S3 where that will do, the init image only where the agent cannot.
fn automatic(row: &Row) -> Result<Way, Obstacle> {
    match row.content {
        Content::Options => Ok(options(row)),
        Content::BuiltInJson if !row.http_server => Ok(Way::Options {
            agent: Some(BuiltIn::ParseJson),
            init: None,
        }),
        // The agent includes one file only, so the init process includes the other. A file of ours
        // would need the init image here as well, or a bucket that there is not.
        Content::BuiltInJson
            if row.init == InitImage::Usable && !(row.agent_fetches && row.has_bucket) =>
        {
            Ok(Way::Options {
                agent: Some(BuiltIn::ParseJson),
                init: Some(BuiltIn::Health),
            })
        }
        Content::BuiltInJson | Content::Sections if row.agent_fetches => {
            own_file(row, Fetcher::Agent)
        }
        _ => own_file(row, Fetcher::Init),
    }
}

fn options(row: &Row) -> Way {
    Way::Options {
        agent: row.http_server.then_some(BuiltIn::Health),
        init: None,
    }
}

fn own_file(row: &Row, by: Fetcher) -> Result<Way, Obstacle> {
    if !row.has_bucket {
        return Err(Obstacle::NoBucket);
    }
    match (by, row.init) {
        (Fetcher::Agent, _) | (Fetcher::Init, InitImage::Usable) => Ok(Way::OwnFile(by)),
        (Fetcher::Init, InitImage::NeedsWritableRoot) => Err(Obstacle::ReadonlyRoot),
        (Fetcher::Init, InitImage::Unknown) => Err(Obstacle::NoInitImage),
    }
}

#[cfg(test)]
mod tests;
