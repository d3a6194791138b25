//! Objects as `meta.k8s.io/v1` `Table`: the columns that `kubectl get` shows.
//! Never hides an object: one row each, and empty cells where the object has nothing to show.

use firelens_types::v1alpha1::{Column, Kind, printer_columns};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::params::IncludeObject;
use crate::{age, jsonpath};

/// One column: how it is announced, and where its cell comes from.
struct Definition {
    name: String,
    type_: String,
    format: String,
    description: String,
    priority: i64,
    path: String,
}

/// What rows of a table are made of.
pub(crate) struct Layout {
    columns: Vec<Definition>,
}

impl Layout {
    /// The columns of a kind: its name first, its own, and its age last unless it says otherwise.
    pub(crate) fn of(kind: Kind) -> Self {
        let mut columns: Vec<Definition> = printer_columns(kind).iter().map(definition).collect();
        if !columns.iter().any(|c| c.name.eq_ignore_ascii_case("name")) {
            let text = "Name of the object, unique within its kind.";
            columns.insert(0, fixed("Name", "string", "name", text, "metadata.name"));
        }
        if !columns.iter().any(|c| c.name.eq_ignore_ascii_case("age")) {
            let text = "Time since the object was created.";
            columns.push(fixed("Age", "date", "", text, "metadata.creationTimestamp"));
        }
        Self { columns }
    }

    /// The columns of events, those of `kubectl get events`.
    pub(crate) fn of_events() -> Self {
        let mut columns = vec![
            fixed(
                "Last Seen",
                "date",
                "",
                "When it was last seen.",
                "lastTimestamp",
            ),
            fixed("Type", "string", "", "Normal or Warning.", "type"),
            fixed("Reason", "string", "", "Why, in one word.", "reason"),
            fixed(
                "Object",
                "string",
                "",
                "What it is about.",
                "involvedObject",
            ),
            fixed("Source", "string", "", "Who says so.", "source.component"),
            fixed("Message", "string", "", "What happened.", "message"),
            fixed(
                "First Seen",
                "date",
                "",
                "When it was first seen.",
                "firstTimestamp",
            ),
            fixed("Count", "integer", "", "How often it was seen.", "count"),
            fixed(
                "Name",
                "string",
                "name",
                "Name of the event.",
                "metadata.name",
            ),
        ];
        for column in &mut columns {
            if ["Source", "First Seen", "Count", "Name"].contains(&column.name.as_str()) {
                column.priority = 1;
            }
        }
        Self { columns }
    }

    /// A table of `objects`; `list_metadata` is that of the list (or of the one object).
    pub(crate) fn table(
        &self,
        objects: &[Value],
        list_metadata: &Value,
        include: IncludeObject,
        now: Timestamp,
    ) -> Value {
        let rows: Vec<Value> = objects.iter().map(|o| self.row(o, include, now)).collect();
        json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": list_metadata,
            "columnDefinitions": self.columns.iter().map(|c| json!({
                "name": c.name,
                "type": if c.type_ == "date" { "string" } else { c.type_.as_str() },
                "format": c.format,
                "description": c.description,
                "priority": c.priority,
            })).collect::<Vec<_>>(),
            "rows": rows,
        })
    }

    fn row(&self, object: &Value, include: IncludeObject, now: Timestamp) -> Value {
        let cells: Vec<Value> = self.columns.iter().map(|c| cell(c, object, now)).collect();
        let mut row = Map::from_iter([("cells".to_owned(), Value::Array(cells))]);
        match include {
            IncludeObject::None => {}
            IncludeObject::Metadata => {
                row.insert("object".to_owned(), metadata_only(object));
            }
            IncludeObject::Object => {
                row.insert("object".to_owned(), object.clone());
            }
        }
        Value::Object(row)
    }
}

fn definition(column: &Column) -> Definition {
    Definition {
        name: column.name.to_string(),
        type_: column.type_.to_string(),
        format: column.format.to_string(),
        description: column.description.to_string(),
        priority: i64::from(column.priority),
        path: column.path.to_string(),
    }
}

fn fixed(name: &str, type_: &str, format: &str, description: &str, path: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        type_: type_.to_owned(),
        format: format.to_owned(),
        description: description.to_owned(),
        priority: 0,
        path: path.to_owned(),
    }
}

fn cell(column: &Definition, object: &Value, now: Timestamp) -> Value {
    if column.path == "involvedObject" {
        let about = &object["involvedObject"];
        let kind = about["kind"].as_str().unwrap_or_default().to_lowercase();
        return json!(format!(
            "{kind}/{}",
            about["name"].as_str().unwrap_or_default()
        ));
    }
    let found = jsonpath::find(object, &column.path);
    let shown: Vec<&&Value> = found.iter().filter(|value| !value.is_null()).collect();
    match (column.type_.as_str(), shown.as_slice()) {
        ("date", [time]) => json!(age::since(time.as_str().unwrap_or_default(), now)),
        ("date", _) => json!("<unknown>"),
        ("integer" | "number" | "boolean", [Value::Array(items)]) => json!(items.len()),
        ("integer" | "number" | "boolean", [one]) => (**one).clone(),
        ("integer" | "number" | "boolean", _) => Value::Null,
        (_, [Value::Array(items)]) => json!(joined(items.iter())),
        (_, many) => json!(joined(many.iter().map(|value| **value))),
    }
}

fn joined<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    values.map(jsonpath::text).collect::<Vec<_>>().join(",")
}

/// The `PartialObjectMetadata` of an object.
pub(crate) fn metadata_only(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_table_cell_for_each_column() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for kind in Kind::ALL {
            let object =
                json!({"metadata": {"name": "x", "creationTimestamp": "1970-01-12T13:46:00Z"}});
            let table = Layout::of(kind).table(&[object], &json!({}), IncludeObject::Metadata, now);
            let columns = table["columnDefinitions"].as_array().unwrap();
            let cells = table["rows"][0]["cells"].as_array().unwrap();
            assert_eq!(columns.len(), cells.len(), "{kind}");
            assert_eq!(
                columns[0]["name"].as_str().unwrap().to_lowercase(),
                "name",
                "{kind}"
            );
            assert_eq!(cells[0], "x", "{kind}");
            assert!(cells.contains(&json!("40s")), "{kind}: {cells:?}");
            assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
        }
    }

    #[test]
    fn an_event_names_what_it_is_about() {
        let event = json!({"type": "Normal", "involvedObject": {"kind": "LoggingPolicy", "name": "x"}, "count": 2});
        let table = Layout::of_events().table(
            &[event],
            &json!({}),
            IncludeObject::None,
            Timestamp::UNIX_EPOCH,
        );
        let cells = &table["rows"][0]["cells"];
        assert_eq!(
            (&cells[0], &cells[3], &cells[7]),
            (&json!("<unknown>"), &json!("loggingpolicy/x"), &json!(2))
        );
        assert!(table["rows"][0].get("object").is_none());
    }
}
