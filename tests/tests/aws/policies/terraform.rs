//! Evaluates Terraform modules for one account and region: variables, locals, counts and the functions that our
//! modules use. Neither Terraform nor a provider is needed: attributes of resources are replaced by their names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Value as Hcl};
use serde_json::{Value, json};

use crate::policies::cloudformation::ACCOUNT;

/// A module with its variables filled in.
#[derive(Debug)]
pub(crate) struct Module {
    /// Attributes of the resources that are made, by `TYPE.NAME`.
    pub(crate) resources: BTreeMap<String, Value>,
    pub(crate) outputs: BTreeMap<String, Value>,
}

impl Module {
    /// Applies the module in a folder. Variables without a value take their default.
    pub(crate) fn apply(folder: &Path, region: &str, variables: &Value) -> Self {
        let main = body(&folder.join("main.tf"));
        let declared = body(&folder.join("variables.tf"));
        let mut context = Context::new();
        context.declare_func(
            "jsonencode",
            function(ParamType::Any, |arguments| {
                let value = serde_json::to_string(&arguments[0]);
                value.map(Hcl::from).map_err(|error| error.to_string())
            }),
        );
        context.declare_func(
            "file",
            function(ParamType::String, |arguments| {
                let text = fs::read_to_string(arguments[0].as_str().unwrap_or_default());
                text.map(Hcl::from).map_err(|error| error.to_string())
            }),
        );
        declare(&mut context, "path", &json!({"module": folder.to_str()}));
        let values = values(&declared, variables, &context);
        declare(&mut context, "var", &values);
        let data = json!({
            "aws_caller_identity": {"current": {"account_id": ACCOUNT}},
            "aws_partition": {"current": {"partition": "aws"}},
            "aws_region": {"current": {"name": region}},
        });
        declare(&mut context, "data", &data);
        declare_locals(&main, &mut context);
        declare_resources(&main, &mut context);
        let documents = documents(&main, &context);
        let mut data = data;
        data["aws_iam_policy_document"] = documents;
        declare(&mut context, "data", &data);
        Self {
            resources: resources(&main, &context),
            outputs: outputs(&main, &context),
        }
    }

    /// A policy that a resource holds as text.
    pub(crate) fn policy(&self, resource: &str, attribute: &str) -> Value {
        let attributes = self.resources.get(resource);
        let attributes = attributes.unwrap_or_else(|| panic!("no resource {resource} is made"));
        let text = attributes[attribute].as_str();
        let text = text.unwrap_or_else(|| panic!("{resource} has no {attribute}"));
        serde_json::from_str(text).expect("a policy is JSON")
    }

    /// Every policy document in it, with the resource it stands in.
    pub(crate) fn policies(&self) -> Vec<(String, Value)> {
        let mut policies = Vec::new();
        for (name, resource) in &self.resources {
            for (attribute, text) in resource.as_object().into_iter().flatten() {
                let document = text
                    .as_str()
                    .and_then(|text| serde_json::from_str::<Value>(text).ok());
                if let Some(document) =
                    document.filter(|document| document.get("Statement").is_some())
                {
                    policies.push((format!("{name}.{attribute}"), document));
                }
            }
        }
        policies
    }
}

fn body(path: &Path) -> Body {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    hcl::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn function(param: ParamType, run: fn(FuncArgs) -> Result<Hcl, String>) -> FuncDef {
    FuncDef::builder().param(param).build(run)
}

fn declare(context: &mut Context<'_>, name: &str, value: &Value) {
    let value: Hcl = serde_json::from_value(value.clone()).expect("a value");
    context.declare_var(name, value);
}

fn blocks<'a>(body: &'a Body, identifier: &'a str) -> impl Iterator<Item = &'a Block> {
    body.blocks()
        .filter(move |block| block.identifier() == identifier)
}

fn label(block: &Block, index: usize) -> &str {
    block.labels()[index].as_str()
}

/// Returns the attributes of a block that are known without a provider.
fn attributes(body: &Body, context: &Context<'_>) -> Value {
    let mut attributes = json!({});
    for attribute in body.attributes() {
        if let Ok(value) = attribute.expr().evaluate(context) {
            attributes[attribute.key()] = json!(value);
        }
    }
    attributes
}

fn values(declared: &Body, given: &Value, context: &Context<'_>) -> Value {
    let mut values = json!({});
    for variable in blocks(declared, "variable") {
        let name = label(variable, 0);
        let default = attributes(variable.body(), context);
        values[name] = match (given.get(name), default.get("default")) {
            (Some(value), _) | (None, Some(value)) => value.clone(),
            (None, None) => panic!("variable {name} needs a value"),
        };
    }
    for name in given
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        assert!(values.get(name).is_some(), "no variable {name}");
    }
    values
}

/// Declares the locals, which may refer to each other in any order.
fn declare_locals(main: &Body, context: &mut Context<'_>) {
    let mut locals = json!({});
    let wanted: Vec<_> = blocks(main, "locals")
        .flat_map(|block| block.body().attributes())
        .collect();
    for _ in 0..=wanted.len() {
        for attribute in &wanted {
            if let Ok(value) = attribute.expr().evaluate(context) {
                locals[attribute.key()] = json!(value);
            }
        }
        declare(context, "local", &locals);
    }
    for attribute in wanted {
        let key = attribute.key();
        assert!(locals.get(key).is_some(), "local {key} cannot be told");
    }
}

/// Declares the attributes of resources: the names of buckets, and stand-ins for others.
fn declare_resources(main: &Body, context: &mut Context<'_>) {
    let mut types: BTreeMap<&str, Value> = BTreeMap::new();
    for resource in blocks(main, "resource") {
        let (kind, name) = (label(resource, 0), label(resource, 1));
        let own = attributes(resource.body(), context);
        let bucket = own["bucket"].as_str().filter(|_| kind == "aws_s3_bucket");
        let arn = bucket.map_or_else(
            || format!("the {kind}.{name}"),
            |bucket| format!("arn:aws:s3:::{bucket}"),
        );
        let values = json!({"arn": arn, "id": bucket.unwrap_or(name), "name": name});
        let values = if own.get("count").is_some() {
            json!([values])
        } else {
            values
        };
        let resources = types.entry(kind).or_insert_with(|| json!({}));
        resources[name] = values;
    }
    for (kind, resources) in types {
        declare(context, kind, &resources);
    }
}

/// `data "aws_iam_policy_document"`, as the provider writes them.
fn documents(main: &Body, context: &Context<'_>) -> Value {
    let mut documents = json!({});
    for data in blocks(main, "data").filter(|data| label(data, 0) == "aws_iam_policy_document") {
        let statements: Vec<Value> = blocks(data.body(), "statement")
            .map(|block| statement(block, context))
            .collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        documents[label(data, 1)] = json!({"json": document.to_string()});
    }
    documents
}

fn statement(block: &Block, context: &Context<'_>) -> Value {
    let own = attributes(block.body(), context);
    let attribute_count = block.body().attributes().count();
    assert_eq!(
        own.as_object().map_or(0, serde_json::Map::len),
        attribute_count,
        "{block:?}"
    );
    let mut statement =
        json!({"Effect": own.get("effect").cloned().unwrap_or_else(|| json!("Allow"))});
    for (from, to) in [
        ("sid", "Sid"),
        ("actions", "Action"),
        ("resources", "Resource"),
    ] {
        if let Some(value) = own.get(from) {
            statement[to] = value.clone();
        }
    }
    for principals in blocks(block.body(), "principals") {
        let own = attributes(principals.body(), context);
        statement["Principal"][own["type"].as_str().expect("a type")] = own["identifiers"].clone();
    }
    for condition in blocks(block.body(), "condition") {
        let own = attributes(condition.body(), context);
        let (test, key) = (own["test"].as_str(), own["variable"].as_str());
        statement["Condition"][test.expect("a test")][key.expect("a variable")] =
            own["values"].clone();
    }
    statement
}

fn resources(main: &Body, context: &Context<'_>) -> BTreeMap<String, Value> {
    let resources = blocks(main, "resource").map(|resource| {
        let name = format!("{}.{}", label(resource, 0), label(resource, 1));
        (name, attributes(resource.body(), context))
    });
    resources
        .filter(|(_, own)| own.get("count").is_none_or(|count| *count != 0))
        .collect()
}

fn outputs(main: &Body, context: &Context<'_>) -> BTreeMap<String, Value> {
    blocks(main, "output")
        .map(|output| {
            let own = attributes(output.body(), context);
            (label(output, 0).to_owned(), own["value"].clone())
        })
        .collect()
}
