//! Which parsers a router file names, whether they exist, and which files of the image define them.
//!
//! A file that nothing needs is not loaded: its names would be taken. A parser that nobody defines
//! stops Fluent Bit at start, or is left out with a line in the log of the router; so it is refused here.
//! <https://github.com/fluent/fluent-bit/blob/v4.2.2/plugins/filter_parser/filter_parser.c>

use super::custom::CustomConfigProblem;
use super::error::RenderError;
use super::known;
use super::router::{RouterFileInput, Scoped};
use super::tree::{Document, Section};
use crate::outputs::ImageLine;
use crate::text::check_name;
use firelens_types::v1alpha1::{FilterBlock, Parser, nearest_name};

/// Where a parser comes from.
enum Source {
    /// `spec.parsers`.
    Policy,
    /// A parser file of the image.
    File(&'static str),
    /// A file that only the image or the raw text knows.
    Elsewhere,
}

/// The names that can be used.
struct Names<'a> {
    parsers: &'a [Parser],
    image_line: ImageLine,
    /// Whether a name that is not known may be defined all the same: in another image, or in a file
    /// that the raw text loads.
    open: bool,
}

impl Names<'_> {
    fn is_multiline(parser: &Parser) -> bool {
        parser.multiline.is_some()
    }

    /// Looks up an ordinary parser.
    fn parser(&self, name: &str) -> Result<Source, String> {
        let own = |parser: &&Parser| parser.name == name;
        match self.parsers.iter().find(own) {
            Some(parser) if Self::is_multiline(parser) => {
                return Err(format!(
                    "{name} is a multiline parser; name it in a multiline filter"
                ));
            }
            Some(_) => return Ok(Source::Policy),
            None => {}
        }
        if let Some(file) = known::file_of_parser(name, self.image_line) {
            return Ok(Source::File(file));
        }
        if self.open || name.contains("${") {
            return Ok(Source::Elsewhere);
        }
        let own = self.parsers.iter().filter(|one| !Self::is_multiline(one));
        let mut all: Vec<&str> = own.map(|parser| parser.name.as_str()).collect();
        all.extend(known::parsers(self.image_line));
        Err(self.unknown("parser", name, &all))
    }

    /// Looks up a multiline parser.
    fn multiline(&self, name: &str) -> Result<(), String> {
        let own = |parser: &&Parser| parser.name.eq_ignore_ascii_case(name);
        let built_in = known::multiline_parsers(self.image_line);
        match self.parsers.iter().find(own) {
            Some(parser) if !Self::is_multiline(parser) => {
                return Err(format!(
                    "{name} is no multiline parser; name it in a parser filter"
                ));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if built_in.iter().any(|one| one.eq_ignore_ascii_case(name))
            || self.open
            || name.contains("${")
        {
            return Ok(());
        }
        let own = self.parsers.iter().filter(|one| Self::is_multiline(one));
        let mut all: Vec<&str> = own.map(|parser| parser.name.as_str()).collect();
        all.extend(built_in);
        Err(self.unknown("multiline parser", name, &all))
    }

    fn unknown(&self, kind: &str, name: &str, all: &[&str]) -> String {
        let image = match self.image_line {
            ImageLine::V2 => "the router image (2.x)",
            ImageLine::V3 | ImageLine::Unknown => "the router image",
        };
        let shown = if check_name(name).is_ok() { name } else { "it" };
        let hint = match nearest_name(name, all) {
            Some(near) => format!("did you mean {near}?"),
            None => "add it to spec.parsers".to_owned(),
        };
        format!("no {kind} {shown} in spec.parsers nor in {image}; {hint}")
    }
}

/// The parser files of the image that must be loaded, in the order of the list of files.
pub(super) fn files(
    input: &RouterFileInput<'_>,
    scoped: &[Scoped<'_>],
    custom: &Document,
) -> Result<Vec<&'static str>, RenderError> {
    let loads =
        |section: &Section| section.name == "SERVICE" && section.value("parsers_file").is_some();
    let names = Names {
        parsers: input.parsers,
        image_line: input.image_line,
        open: !input.aws_image || custom.sections().any(loads),
    };
    let mut sources = Vec::new();
    for one in scoped {
        let refused = |message| RenderError::Filter {
            index: one.index,
            message,
        };
        of_filter(&names, one, &mut sources).map_err(refused)?;
    }
    for section in custom.sections() {
        of_custom(&names, section, &mut sources)?;
    }
    for (index, parser) in input.parsers.iter().enumerate() {
        let inner = parser.multiline.as_ref();
        if let Some(inner) = inner.and_then(|multiline| multiline.parser.as_deref()) {
            let refused = |message| RenderError::Parser { index, message };
            sources.push(names.parser(inner).map_err(refused)?);
        }
    }
    let needs = |file: &str| {
        sources.iter().any(|source| match source {
            Source::Policy => false,
            Source::File(named) => *named == file,
            Source::Elsewhere => file == known::BUILT_IN_PARSERS_FILE,
        })
    };
    let files: Vec<&'static str> = known::files().filter(|file| needs(file)).collect();
    refuse_taken_names(input.parsers, &files, input.image_line)?;
    Ok(files)
}

fn of_filter(names: &Names<'_>, one: &Scoped<'_>, sources: &mut Vec<Source>) -> Result<(), String> {
    match one.filter.block() {
        Some(FilterBlock::Parser(filter)) => {
            for name in &filter.parser {
                sources.push(names.parser(name)?);
            }
        }
        Some(FilterBlock::Multiline(filter)) => {
            for name in &filter.multiline_parser {
                names.multiline(name)?;
            }
        }
        Some(FilterBlock::Custom(filter)) => {
            let named = filter.options.iter();
            for (_, name) in named.filter(|(key, _)| key.eq_ignore_ascii_case("parser")) {
                sources.push(names.parser(name)?);
            }
        }
        _ => {}
    }
    Ok(())
}

fn of_custom(
    names: &Names<'_>,
    section: &Section,
    sources: &mut Vec<Source>,
) -> Result<(), RenderError> {
    let refused = |message| {
        RenderError::CustomConfig(CustomConfigProblem::Parser {
            section: section.name.clone(),
            message,
        })
    };
    for name in section.values("parser") {
        sources.push(names.parser(name).map_err(refused)?);
    }
    for list in section.values("multiline.parser") {
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            names.multiline(name).map_err(refused)?;
        }
    }
    Ok(())
}

/// A second parser of one name stops Fluent Bit; of two multiline parsers the built-in one wins.
fn refuse_taken_names(
    parsers: &[Parser],
    files: &[&str],
    image_line: ImageLine,
) -> Result<(), RenderError> {
    for (index, parser) in parsers.iter().enumerate() {
        let same = |name: &&str| parser.name.eq_ignore_ascii_case(name);
        let message = if Names::is_multiline(parser) {
            let built_in = known::multiline_parsers(image_line).iter().any(same);
            built_in.then_some(
                "has the name of a multiline parser that is built into Fluent Bit, which would be \
                 used instead; give it another name",
            )
        } else {
            let loaded = files
                .iter()
                .any(|file| known::parsers_in(file).iter().any(same));
            loaded.then_some(
                "has the name of a parser of the image, whose parsers are loaded because a \
                 filter names one of them; give it another name",
            )
        };
        if let Some(message) = message {
            return Err(RenderError::Parser {
                index,
                message: message.to_owned(),
            });
        }
    }
    Ok(())
}
