//! Reads role names from ARNs, and maps regions to partitions.

/// Returns the partition of a region: `aws-cn` for `cn-*`, `aws-us-gov` for `us-gov-*`, the isolated
/// partitions by their region prefixes, else `aws`.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
pub fn partition_of_region(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    BY_PREFIX
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// A role as the API of IAM expects it: the bare name, with the path and account if they were given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleName {
    /// Bare name, at most 64 characters of `[A-Za-z0-9_+=,.@-]`. `PutRolePolicy` takes this.
    pub name: String,
    /// Path with both slashes, `/` if there is none. It is not part of `name`.
    pub path: String,
    /// Account of the ARN (12 digits); `None` for a bare name.
    pub account_id: Option<String>,
}

/// Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` or a bare role name, as `taskRoleArn` allows
/// both. Returns `None` for anything else (an assumed-role ARN, a user, an empty name).
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
pub fn role_name(arn_or_name: &str) -> Option<RoleName> {
    let (account_id, path_and_name) = match arn_or_name.strip_prefix("arn:") {
        Some(rest) => {
            let mut parts = rest.splitn(5, ':');
            let (partition, service) = (parts.next()?, parts.next()?);
            let (region, account) = (parts.next()?, parts.next()?);
            let resource = parts.next()?.strip_prefix("role/")?;
            if partition.is_empty() || service != "iam" || !region.is_empty() {
                return None;
            }
            if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (Some(account.to_owned()), resource)
        }
        None => (None, arn_or_name),
    };
    let (path, name) = match path_and_name.rsplit_once('/') {
        Some((path, name)) => (format!("/{}/", path.trim_start_matches('/')), name),
        None => ("/".to_owned(), path_and_name),
    };
    let path = if path == "//" { "/".to_owned() } else { path };
    is_role_name(name).then(|| RoleName {
        name: name.to_owned(),
        path,
        account_id,
    })
}

fn is_role_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_belongs_to_the_partition_of_its_prefix() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("eu-isolated-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition_of_region(region), partition, "{region}");
        }
    }

    #[test]
    fn role_name_parses_arn_with_path_or_bare_name() {
        let role = |text: &str| role_name(text).map(|r| (r.name, r.path, r.account_id));
        let account = Some("111122223333".to_owned());
        let s = str::to_owned;
        assert_eq!(
            role("arn:aws:iam::111122223333:role/app"),
            Some((s("app"), s("/"), account.clone()))
        );
        assert_eq!(
            role("arn:aws-cn:iam::111122223333:role/team/a/app.task@x"),
            Some((s("app.task@x"), s("/team/a/"), account))
        );
        assert_eq!(role("ecsTaskRole"), Some((s("ecsTaskRole"), s("/"), None)));
        assert_eq!(role("/ecsTaskRole"), Some((s("ecsTaskRole"), s("/"), None)));
    }

    #[test]
    fn what_is_no_role_is_not_read_as_one() {
        for text in [
            "",
            "arn:aws:sts::111122223333:assumed-role/app/session",
            "arn:aws:iam::111122223333:user/app",
            "arn:aws:iam::1111:role/app",
            "arn:aws:iam:us-east-1:111122223333:role/app",
            "arn:aws:iam::111122223333:role/",
            "has blank",
        ] {
            assert_eq!(role_name(text), None, "{text}");
        }
    }
}
