//! Evaluates CloudFormation templates for one account and region: parameters, conditions and the functions that our
//! templates use. An unknown function fails the test.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;

/// Account that stands in all policies under `deploy/iam`.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A template with its parameters filled in.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Resources that are made, by logical id: type and properties.
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) outputs: BTreeMap<String, Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) properties: Value,
}

struct Scope<'a> {
    template: &'a Yaml,
    parameters: &'a BTreeMap<&'a str, Value>,
    region: &'a str,
}

impl Stack {
    /// Makes a stack in a region. Parameters without a value take their default.
    pub(crate) fn make(template: &str, region: &str, parameters: &BTreeMap<&str, Value>) -> Self {
        let template: Yaml = serde_yaml::from_str(template).expect("YAML");
        let scope = Scope {
            template: &template,
            parameters,
            region,
        };
        let mut resources = BTreeMap::new();
        for (id, resource) in members(&template["Resources"]) {
            if resource
                .get("Condition")
                .is_none_or(|name| scope.holds(text(name)))
            {
                let properties = scope.value(&resource["Properties"]);
                let kind = text(&resource["Type"]).to_owned();
                resources.insert(id.to_owned(), Resource { kind, properties });
            }
        }
        let outputs = members(&template["Outputs"]);
        Self {
            resources,
            outputs: outputs
                .map(|(id, output)| (id.to_owned(), scope.value(&output["Value"])))
                .collect(),
        }
    }

    /// A property by its path from the logical id on.
    pub(crate) fn property(&self, id: &str, pointer: &str) -> &Value {
        let resource = self.resources.get(id);
        let resource = resource.unwrap_or_else(|| panic!("no resource {id} is made"));
        let value = resource.properties.pointer(pointer);
        value.unwrap_or_else(|| panic!("{id} has no {pointer}"))
    }

    /// Every policy document in it, with the path to it.
    pub(crate) fn policies(&self) -> Vec<(String, Value)> {
        let mut policies = Vec::new();
        for (id, resource) in &self.resources {
            collect(id, &resource.properties, &mut policies);
        }
        policies
    }
}

fn collect(path: &str, value: &Value, policies: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) if members.contains_key("Statement") => {
            policies.push((path.to_owned(), value.clone()));
        }
        Value::Object(members) => {
            for (name, member) in members {
                collect(&format!("{path}.{name}"), member, policies);
            }
        }
        Value::Array(items) => {
            for item in items {
                let name = item["PolicyName"].as_str().unwrap_or("");
                collect(&format!("{path}.{name}"), item, policies);
            }
        }
        _ => {}
    }
}

impl Scope<'_> {
    fn holds(&self, condition: &str) -> bool {
        let condition_value = self.template["Conditions"].get(condition);
        let condition_value = condition_value.unwrap_or_else(|| panic!("no condition {condition}"));
        self.value(condition_value) == true
    }

    fn value(&self, yaml: &Yaml) -> Value {
        match yaml {
            Yaml::Tagged(tagged) => {
                let name = tagged.tag.to_string();
                self.function(name.trim_start_matches('!'), &tagged.value)
            }
            Yaml::Mapping(_) => {
                let members =
                    members(yaml).map(|(name, member)| (name.to_owned(), self.value(member)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            Yaml::Sequence(items) => items.iter().map(|item| self.value(item)).collect(),
            plain => serde_json::to_value(plain).expect("JSON"),
        }
    }

    fn function(&self, name: &str, argument: &Yaml) -> Value {
        let arguments = || argument.as_sequence().expect("a list").iter();
        match name {
            "Ref" => self.reference(text(argument)),
            "Sub" => json!(self.substitute(text(argument))),
            "GetAtt" => {
                let (id, attribute) = text(argument).split_once('.').expect("ID.ATTRIBUTE");
                self.attribute(id, attribute)
            }
            "Condition" => json!(self.holds(text(argument))),
            "Equals" => {
                let two: Vec<_> = arguments().map(|argument| self.value(argument)).collect();
                json!(two[0] == two[1])
            }
            "And" => json!(arguments().all(|argument| self.value(argument) == true)),
            "Or" => json!(arguments().any(|argument| self.value(argument) == true)),
            other => panic!("the test does not know !{other}"),
        }
    }

    fn substitute(&self, pattern: &str) -> String {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').expect("a closing brace");
            let value = match name.split_once('.') {
                Some((id, attribute)) => self.attribute(id, attribute),
                None => self.reference(name),
            };
            out = out + before + value.as_str().expect("text");
            rest = behind;
        }
        out + rest
    }

    fn reference(&self, name: &str) -> Value {
        match name {
            "AWS::AccountId" => return json!(ACCOUNT),
            "AWS::Partition" => return json!("aws"),
            "AWS::Region" => return json!(self.region),
            _ => {}
        }
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        if let Some(parameter) = self.template["Parameters"].get(name) {
            let default = parameter.get("Default");
            return self.value(default.unwrap_or_else(|| panic!("parameter {name} needs a value")));
        }
        let resource = &self.template["Resources"][name];
        let properties = &resource["Properties"];
        let named = |member: &str| self.value(&properties[member]);
        match text(&resource["Type"]) {
            "AWS::S3::Bucket" => named("BucketName"),
            "AWS::IAM::Role" => named("RoleName"),
            "AWS::IAM::ManagedPolicy" => {
                let (path, name) = (named("Path"), named("ManagedPolicyName"));
                let path = path.as_str().expect("a path");
                json!(format!(
                    "arn:aws:iam::{ACCOUNT}:policy{path}{}",
                    name.as_str().expect("a name")
                ))
            }
            _ => json!(format!("the {name}")),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let name = self.reference(id);
        let name = name.as_str().unwrap_or(id);
        match (text(&self.template["Resources"][id]["Type"]), attribute) {
            ("AWS::S3::Bucket", "Arn") => json!(format!("arn:aws:s3:::{name}")),
            ("AWS::IAM::Role", "Arn") => json!(format!("arn:aws:iam::{ACCOUNT}:role/{name}")),
            (kind, attribute) => panic!("the test does not know {attribute} of {kind}"),
        }
    }
}

fn members(yaml: &Yaml) -> impl Iterator<Item = (&str, &Yaml)> {
    let mapping = yaml.as_mapping().into_iter().flatten();
    mapping.map(|(name, member)| (text(name), member))
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("no text: {yaml:?}"))
}
