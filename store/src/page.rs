//! Pages of a list and the token that leads from one to the next. Tokens are validated: they come back through
//! clients.

use crate::error::StoreError;
use crate::meta;
use crate::sql_objects::ListRow;
use crate::types::ObjectList;

/// The beginning of a page: `1.RESOURCE_VERSION.NAME`, where 1 is the version of this format.
pub(crate) struct Cursor {
    /// The revision of the first page.
    pub(crate) resource_version: i64,
    /// The last name of the page before.
    pub(crate) after: String,
}

impl Cursor {
    pub(crate) fn parse(token: &str) -> Result<Self, StoreError> {
        let mut parts = token.splitn(3, '.');
        let (form, version, after) = (parts.next(), parts.next(), parts.next());
        let resource_version = version.and_then(|version| version.parse().ok());
        match (form, resource_version, after) {
            (Some("1"), Some(resource_version), Some(after)) if !after.is_empty() => Ok(Self {
                resource_version,
                after: after.to_owned(),
            }),
            _ => Err(StoreError::invalid(
                "continue",
                "is not a continue token of this server",
            )),
        }
    }

    fn to_token(&self) -> String {
        format!("1.{}.{}", self.resource_version, self.after)
    }
}

/// A page, and its last name where another page follows.
pub(crate) struct Page {
    pub(crate) list: ObjectList,
    pub(crate) last: Option<String>,
}

/// Makes a page from rows that were read one beyond its limit.
pub(crate) fn cut(
    rows: Vec<ListRow>,
    limit: Option<u32>,
    cursor: Option<&Cursor>,
) -> Result<Page, StoreError> {
    let (head, compacted) = rows.first().map_or((0, 0), |row| (row.head, row.compacted));
    let resource_version = cursor.map_or(head, |cursor| cursor.resource_version);
    if resource_version < compacted || resource_version > head {
        return Err(StoreError::Expired {
            requested: resource_version,
            oldest: compacted,
            newest: head,
        });
    }
    let mut items = Vec::with_capacity(rows.len());
    let mut last_name = None;
    let mut has_more = false;
    for row in rows {
        let (Some(name), Some(version), Some(object)) =
            (row.name, row.resource_version, row.object)
        else {
            continue;
        };
        if limit.is_some_and(|limit| items.len() >= limit as usize) {
            has_more = true;
            break;
        }
        items.push(meta::with_resource_version(object, version));
        last_name = Some(name);
    }
    let last = last_name.filter(|_| has_more);
    let continue_token = last.clone().map(|after| {
        Cursor {
            resource_version,
            after,
        }
        .to_token()
    });
    Ok(Page {
        list: ObjectList {
            items,
            resource_version,
            continue_token,
            remaining_item_count: None,
        },
        last,
    })
}
