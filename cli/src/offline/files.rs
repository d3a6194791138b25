//! Reads files as kubectl does: YAML or JSON, several documents, lists, folders, `-`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// An object, and where it was found, for messages.
#[derive(Debug)]
pub(crate) struct Found {
    /// `FILE`, or `FILE#N` for the N-th document of several.
    pub(crate) place: String,
    /// The object.
    pub(crate) object: Value,
}

/// Reads the text of a file; `-` is standard input.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::broken("standard input cannot be read", error))?;
        return Ok(text);
    }
    fs::read_to_string(path)
        .map_err(|error| Failure::broken(format!("{} cannot be read", path.display()), error))
}

/// Reads all objects of a file, or of the YAML and JSON files of a folder.
pub(crate) fn objects(path: &Path) -> Result<Vec<Found>, Failure> {
    let mut objects = Vec::new();
    for file in expand(path)? {
        let place = if file.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        };
        objects.extend(documents(&place, &text(&file)?)?);
    }
    Ok(objects)
}

fn expand(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let broken = |error| Failure::broken(format!("{} cannot be listed", path.display()), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(broken)? {
        let file = entry.map_err(broken)?.path();
        let known = file
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
        if known && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn documents(place: &str, text: &str) -> Result<Vec<Found>, Failure> {
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(|error| {
            Failure::broken(format!("{place} is not valid YAML or JSON"), error)
        })?;
        if !value.is_null() {
            values.push(value);
        }
    }
    let many = values.len() > 1;
    let mut objects = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let place = if many {
            format!("{place}#{}", index + 1)
        } else {
            place.to_owned()
        };
        match value.get("items").and_then(Value::as_array) {
            Some(items)
                if value
                    .get("kind")
                    .and_then(Value::as_str)
                    .is_some_and(|kind| kind.ends_with("List")) =>
            {
                objects.extend(items.iter().enumerate().map(|(item, object)| Found {
                    place: format!("{place}.items[{item}]"),
                    object: object.clone(),
                }));
            }
            _ => objects.push(Found {
                place,
                object: value,
            }),
        }
    }
    Ok(objects)
}
