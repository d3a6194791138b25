//! The syntax of names: of objects, containers, AWS resources, environment variables.
//!
//! Whether something of that name exists is not checked here.

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
pub(crate) const DNS_SUBDOMAIN: &str = "must be a DNS-1123 subdomain: lower case letters, digits, \
     '-' and '.', starting and ending with a letter or digit";
pub(crate) const DNS_LABEL: &str = "must be a DNS-1123 label: at most 63 lower case letters, \
     digits and '-', starting and ending with a letter or digit";
pub(crate) const GLOB: &str = "must be a glob: letters, digits, '_', '-', '.', '*' for any run of \
     characters and '?' for one; at most 255 characters";
pub(crate) const IMAGE: &str = "must be an image reference: [REGISTRY[:PORT]/]NAME[:TAG][@DIGEST]";
pub(crate) const ROLE_ARN: &str =
    "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/NAME";
pub(crate) const ENVIRONMENT_NAME: &str =
    "must be a name of letters, digits and '_', not starting with a digit";
pub(crate) const USER: &str = "must be uid, uid:gid or uid:groupname, with a numeric uid";

/// Whether this can be the name of an object.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_part)
}

/// Whether this is one part of such a name, and short enough to be a name by itself.
pub(crate) fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_dns_part(text)
}

fn is_dns_part(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether this is a glob over names of targets, clusters, services or containers.
pub(crate) fn is_glob(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.*?".contains(c))
}

/// Whether this is a container name of ECS.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
#[cfg(test)]
pub fn is_container_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether this is an image reference.
/// <https://pkg.go.dev/github.com/distribution/reference>
pub(crate) fn is_image(text: &str) -> bool {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let last_slash = name.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match name.get(last_slash..).and_then(|last| last.rfind(':')) {
        Some(colon) => {
            let colon = last_slash + colon;
            (&name[..colon], name.get(colon + 1..))
        }
        None => (name, None),
    };
    text.len() <= 512
        && digest.is_none_or(is_digest)
        && tag.is_none_or(is_tag)
        && is_image_path(path)
}

fn is_image_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.iter().enumerate().all(|(index, part)| {
        let registry = index == 0 && parts.len() > 1;
        let allowed = |c: char| {
            c.is_ascii_lowercase()
                || c.is_ascii_digit()
                || "._-".contains(c)
                || (registry && (c.is_ascii_uppercase() || c == ':'))
        };
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        edge(part.chars().next()) && edge(part.chars().last()) && part.chars().all(allowed)
    })
}

fn is_tag(tag: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=128).contains(&tag.len()) && tag.chars().all(allowed) && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Whether this is the ARN of an IAM role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
pub(crate) fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return false;
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_/-".contains(c);
    partition.starts_with("aws")
        && is_account_id(account)
        && resource.strip_prefix("role/").is_some_and(|name| {
            !name.is_empty() && !name.ends_with('/') && name.chars().all(allowed)
        })
}

/// Whether this is an AWS account id: 12 digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

/// Whether this looks like an AWS region.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
        && !text.chars().any(|c| c.is_ascii_uppercase())
}

/// Whether this is a name of an environment variable that every program can read.
pub fn is_environment_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether this is a user that the ECS agent accepts for a router.
pub fn is_user(text: &str) -> bool {
    let (uid, group) = text.split_once(':').unwrap_or((text, "0"));
    let name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    uid.parse::<u32>().is_ok() && (1..=32).contains(&group.len()) && group.chars().all(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(is(text), "{text} is good");
        }
        for text in bad {
            assert!(!is(text), "{text} is bad");
        }
    }

    #[test]
    fn names_have_their_form() {
        check(
            is_dns_subdomain,
            &["a", "a-b.c0"],
            &["", "A", "-a", "a.", "a_b", "a..b"],
        );
        check(is_dns_label, &["a", "a-b"], &["a.b", &"a".repeat(64)]);
        check(
            is_glob,
            &["*", "prod-?", "a_b.c"],
            &["", "a b", "[a]", "a/b", "ä"],
        );
        check(
            is_container_name,
            &["log_router", "A-1"],
            &["", "a.b", &"a".repeat(256)],
        );
        check(
            is_environment_name,
            &["A", "_a1"],
            &["", "1A", "A-B", "A B", "A="],
        );
        check(
            is_user,
            &["0", "1000:1000", "0:adm"],
            &["", "root", "0:", ":0", "0:a b"],
        );
    }

    #[test]
    fn aws_names_have_their_form() {
        check(
            is_region,
            &["us-east-1", "us-gov-west-1"],
            &["", "useast1", "US-EAST-1", "a--1"],
        );
        check(
            is_account_id,
            &["111122223333"],
            &["", "11112222333", "11112222333a"],
        );
        check(
            is_role_arn,
            &[
                "arn:aws:iam::111122223333:role/r",
                "arn:aws-us-gov:iam::111122223333:role/path/r",
            ],
            &[
                "",
                "arn:aws:iam::111122223333:user/r",
                "arn:aws:iam::1:role/r",
                "arn:aws:iam::111122223333:role/",
                "arn:aws:iam:us-east-1:111122223333:role/r",
            ],
        );
    }

    #[test]
    fn images_have_their_form() {
        let digest = format!("repo/image@sha256:{}", "a".repeat(64));
        check(
            is_image,
            &[
                "fluent-bit",
                "fluent/fluent-bit:3.2",
                "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.2.1",
                "localhost:5000/a:b",
                &digest,
            ],
            &[
                "",
                " a",
                "a:",
                "a b",
                "http://a/b",
                "a//b",
                "A/b/",
                "a@sha256:1",
                "a:-x",
            ],
        );
    }
}
