//! The id of an installation, which distinguishes the routers of one operator from those of another.
//!
//! The store creates and keeps it; users restore it after they lost the database.

/// Longest id, in characters: it is in a label of every managed revision.
pub const INSTALLATION_ID_MAX_CHARS: usize = 32;

/// Whether the text can be the id of an installation.
///
/// # Errors
/// The text describes what is wrong with it, for users.
pub fn check_installation_id(id: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inside = id.chars().all(|c| is_plain(c) || c == '-');
    if is_inside
        && id.starts_with(is_plain)
        && id.ends_with(is_plain)
        && id.len() <= INSTALLATION_ID_MAX_CHARS
    {
        return Ok(());
    }
    Err(format!(
        "{id:?} is not a valid installation ID: must be 1 to {INSTALLATION_ID_MAX_CHARS} characters of a-z, 0-9 and '-', starting and ending with a letter or digit"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_id_is_a_short_label_of_plain_letters() {
        for id in ["a", "0", "prod-eu", "4f1c0a9b22de", &"x".repeat(32)] {
            assert_eq!(check_installation_id(id), Ok(()), "{id}");
        }
        for id in ["", "-a", "a-", "Prod", "a b", "a\n", "a.b", &"x".repeat(33)] {
            assert!(check_installation_id(id).is_err(), "{id}");
        }
    }
}
