//! Objects as `meta.k8s.io/v1` `Table`: the columns that `kubectl get` shows.
//! There is one row for each object, with empty cells where the object has no value.

use firelens_types::v1alpha1::{Column, ColumnPath, Kind, printer_columns};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::age;
use crate::params::IncludeObject;

/// The object of an event, shown as `kind/name`.
const INVOLVED_OBJECT: ColumnPath = ColumnPath::Pointer("/involvedObject");

/// The columns of `kubectl get events`.
const EVENT: &[Column] = &[
    event(
        "Last Seen",
        "date",
        "When it was last seen.",
        "/lastTimestamp",
    ),
    event("Type", "string", "Normal or Warning.", "/type"),
    event("Reason", "string", "Why, in one word.", "/reason"),
    Column::new("Object", "string", "What it is about.", INVOLVED_OBJECT),
    event("Source", "string", "Who says so.", "/source/component").wide(),
    event("Message", "string", "What happened.", "/message"),
    event(
        "First Seen",
        "date",
        "When it was first seen.",
        "/firstTimestamp",
    )
    .wide(),
    event("Count", "integer", "How often it was seen.", "/count").wide(),
    Column {
        format: "name",
        ..event("Name", "string", "Name of the event.", "/metadata/name").wide()
    },
];

const fn event(
    name: &'static str,
    type_: &'static str,
    description: &'static str,
    pointer: &'static str,
) -> Column {
    Column::new(name, type_, description, ColumnPath::Pointer(pointer))
}

/// The columns of a table.
pub(crate) struct Layout {
    columns: &'static [Column],
}

impl Layout {
    /// Returns the columns of a kind.
    pub(crate) const fn of(kind: Kind) -> Self {
        Self {
            columns: printer_columns(kind),
        }
    }

    /// Returns the columns of events, which are those of `kubectl get events`.
    pub(crate) const fn of_events() -> Self {
        Self { columns: EVENT }
    }

    /// Returns a table of `objects`; `list_metadata` is the metadata of the list, or of the single object.
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
                "type": if c.type_ == "date" { "string" } else { c.type_ },
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

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    if column.path == INVOLVED_OBJECT {
        let about = &object["involvedObject"];
        let kind = about["kind"].as_str().unwrap_or_default().to_lowercase();
        return json!(format!(
            "{kind}/{}",
            about["name"].as_str().unwrap_or_default()
        ));
    }
    match (column.type_, column.path.find(object)) {
        ("date", Some(time)) => json!(age::since(time.as_str().unwrap_or_default(), now)),
        ("date", None) => json!("<unknown>"),
        ("integer" | "number" | "boolean", Some(Value::Array(items))) => json!(items.len()),
        ("integer" | "number" | "boolean", value) => value.cloned().unwrap_or_default(),
        (_, Some(Value::Array(items))) => {
            json!(items.iter().map(text).collect::<Vec<_>>().join(","))
        }
        (_, value) => json!(value.map(text).unwrap_or_default()),
    }
}

/// Returns a value as a cell shows it: strings as they are, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the `PartialObjectMetadata` of an object.
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
