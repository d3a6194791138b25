//! A case: containers and the parts of a policy that decide the router file.
//!
//! Secrets get the environment variable `OPTION_CONTAINER_OUTPUT` with dots as underscores.

use std::collections::BTreeMap;
use std::path::PathBuf;

use firelens_fluent::outputs::{CompiledOutput, ImageLine, OutputScope, compile};
use firelens_fluent::render::{RenderError, Route, RouterFileInput, RouterFiles, router_file};
use firelens_types::v1alpha1::{Filter, Output, Parser};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) containers: Vec<String>,
    pub(crate) outputs: Vec<Output>,
    #[serde(default)]
    pub(crate) filters: Vec<Filter>,
    #[serde(default)]
    pub(crate) parsers: Vec<Parser>,
    #[serde(default)]
    pub(crate) custom_config: String,
    #[serde(default)]
    pub(crate) http_server: bool,
    #[serde(default = "on")]
    pub(crate) ecs_metadata: bool,
    /// Tag of aws-for-fluent-bit.
    #[serde(default = "newest")]
    pub(crate) tag: String,
}

fn on() -> bool {
    true
}

fn newest() -> String {
    "3.2.1".to_owned()
}

pub(crate) fn scope() -> OutputScope<'static> {
    OutputScope {
        region: "us-east-1",
        account_id: "111122223333",
        partition: "aws",
        image_line: ImageLine::V3,
    }
}

impl Case {
    pub(crate) fn parse(json: &str) -> Self {
        serde_json::from_str(json).unwrap()
    }

    fn output(output: &Output) -> CompiledOutput {
        let destination = output.destination.as_ref().unwrap();
        CompiledOutput {
            name: Some(output.name.clone()),
            include_pattern: output.include_pattern.clone(),
            exclude_pattern: output.exclude_pattern.clone(),
            ..compile(destination, &scope()).unwrap()
        }
    }

    pub(crate) fn render(&self) -> Result<RouterFiles, RenderError> {
        let routes: Vec<Route> = self
            .containers
            .iter()
            .map(|container| Route {
                container: container.clone(),
                outputs: self
                    .outputs
                    .iter()
                    .filter(|output| {
                        let globs = &output.containers;
                        globs.iter().any(|glob| glob == "*" || glob == container)
                    })
                    .map(Self::output)
                    .collect(),
            })
            .collect();
        let mut secret_env = BTreeMap::new();
        for (place, route) in routes.iter().enumerate() {
            for (index, output) in route.outputs.iter().enumerate() {
                for option in output.secret_options.keys() {
                    let name = format!("{option}_{place}_{index}").replace('.', "_");
                    secret_env.insert((route.container.clone(), index, option.clone()), name);
                }
            }
        }
        router_file(&RouterFileInput {
            routes,
            filters: &self.filters,
            parsers: &self.parsers,
            custom_config: &self.custom_config,
            http_server: self.http_server.then_some(2020),
            ecs_metadata: self.ecs_metadata,
            secret_env,
            image_line: ImageLine::of(&format!("aws-for-fluent-bit:{}", self.tag)),
            aws_image: true,
        })
    }
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/render")
}

/// Compares with a golden file, or writes it when `UPDATE_GOLDEN` is set. Nothing means no file.
pub(crate) fn assert_golden(path: &std::path::Path, actual: Option<&str>) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        match actual {
            Some(actual) => std::fs::write(path, actual).unwrap(),
            None if path.exists() => std::fs::remove_file(path).unwrap(),
            None => {}
        }
    }
    let expected = std::fs::read_to_string(path).ok();
    assert_eq!(actual, expected.as_deref(), "{}", path.display());
}
