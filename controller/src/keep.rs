//! Stores rows together, and row by row where the store refuses one of them.
//!
//! A row that the store refuses does not keep the others out.

use std::future::Future;

use firelens_store::StoreError;

/// Writes `rows` together. Where the store refuses them because of the content of one, that one is identified and
/// the others are written; returns those that were refused, with the reason.
///
/// # Errors
/// The store fails, or the lease is lost.
pub(crate) async fn keep<T, F>(
    rows: Vec<T>,
    write: impl Fn(Vec<T>) -> F,
) -> Result<Vec<(T, StoreError)>, StoreError>
where
    T: Clone,
    F: Future<Output = Result<(), StoreError>>,
{
    let mut refused = Vec::new();
    let mut open = vec![rows];
    while let Some(mut rows) = open.pop() {
        if rows.is_empty() {
            continue;
        }
        match write(rows.clone()).await {
            Ok(()) => {}
            Err(error) if error.refuses_content() => {
                let rest = rows.split_off(rows.len() / 2);
                if rows.is_empty() {
                    refused.extend(rest.into_iter().next().map(|row| (row, error)));
                } else {
                    open.extend([rest, rows]);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;

    use super::*;

    fn refusal() -> StoreError {
        StoreError::Invalid {
            field: "row".to_owned(),
            detail: "odd".to_owned(),
        }
    }

    #[tokio::test]
    async fn rows_beside_a_refused_one_are_kept() {
        let kept = Mutex::new(Vec::new());
        let write = |rows: Vec<u32>| {
            let answer = if rows.contains(&13) || rows.contains(&40) {
                Err(refusal())
            } else {
                kept.lock().unwrap().extend(rows);
                Ok(())
            };
            std::future::ready(answer)
        };
        let refused = keep((0..64).collect(), write).await.unwrap();
        let refused: Vec<u32> = refused.into_iter().map(|(row, _)| row).collect();
        assert_eq!(refused, [13, 40]);
        assert_eq!(kept.lock().unwrap().len(), 62);
    }

    #[tokio::test]
    async fn a_store_that_fails_ends_it() {
        let lost = |_: Vec<u32>| {
            std::future::ready(Err(StoreError::Fenced {
                lease: "t".to_owned(),
                epoch: 1,
            }))
        };
        assert!(keep(vec![1, 2], lost).await.is_err());
    }
}
