//! Registries of router images, and AWS's own accounts of aws-for-fluent-bit in each region.
//!
//! For a region that AWS does not list there is no registry.

/// Host of the public registry of Amazon ECR. It has no VPC endpoint.
const PUBLIC_ECR: &str = "public.ecr.aws";

/// Account with the repository `aws-for-fluent-bit`, by region.
/// Source: <https://github.com/aws/aws-for-fluent-bit/blob/mainline/scripts/publish.sh>.
const ACCOUNTS: [(&str, &[&str]); 14] = [
    (
        "906394416424",
        &[
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "ca-central-1",
            "sa-east-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "eu-central-1",
            "eu-north-1",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-south-1",
        ],
    ),
    ("449074385750", &["ap-east-1"]),
    ("741863432321", &["me-south-1"]),
    ("928143927712", &["af-south-1"]),
    ("960320637246", &["eu-south-1"]),
    ("921575906885", &["ap-southeast-3"]),
    ("358001906437", &["me-central-1"]),
    ("146576467002", &["eu-south-2"]),
    ("269912160255", &["eu-central-2"]),
    ("378905956269", &["ap-south-2"]),
    ("279248816148", &["il-central-1"]),
    ("577945010369", &["ap-southeast-4"]),
    ("128054284489", &["cn-north-1", "cn-northwest-1"]),
    ("161423150738", &["us-gov-east-1", "us-gov-west-1"]),
];

/// Where an image is pulled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry<'a> {
    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com[.cn]`: with the execution role, through VPC endpoints
    /// if there are any.
    PrivateEcr {
        /// Account of the registry.
        account: &'a str,
        /// Region of the registry.
        region: &'a str,
        /// The domain after the region: `amazonaws.com`, `amazonaws.com.cn`.
        suffix: &'a str,
    },
    /// `public.ecr.aws`, over the internet.
    PublicEcr,
    /// Docker Hub, over the internet, with rate limits.
    DockerHub,
    /// Another host.
    Other(&'a str),
}

impl<'a> Registry<'a> {
    /// Returns the registry of an image name without its tag. A first part that has no dot and no colon, and is
    /// not `localhost`, is an owner on Docker Hub.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let Some((host, _)) = path.split_once('/') else {
            return Self::DockerHub;
        };
        if host == PUBLIC_ECR {
            return Self::PublicEcr;
        }
        if let Some(private) = private_ecr(host) {
            return private;
        }
        match host {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => Self::DockerHub,
            "localhost" => Self::Other(host),
            _ if host.contains(['.', ':']) => Self::Other(host),
            _ => Self::DockerHub,
        }
    }
}

/// Parses a host of private ECR, including dual-stack (`dkr-ecr.REGION.on.aws`) and FIPS hosts (`dkr.ecr-fips`).
fn private_ecr(host: &str) -> Option<Registry<'_>> {
    let (account, rest) = host.split_once('.')?;
    let rest = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))?;
    let (region, suffix) = rest.split_once('.')?;
    Some(Registry::PrivateEcr {
        account,
        region,
        suffix,
    })
}

/// Returns AWS's account of aws-for-fluent-bit in a region; `None` if AWS lists none.
#[must_use]
pub fn aws_account(region: &str) -> Option<&'static str> {
    ACCOUNTS
        .iter()
        .find(|(_, regions)| regions.contains(&region))
        .map(|(account, _)| *account)
}

/// Whether the account is one of AWS's for aws-for-fluent-bit, in any region.
#[must_use]
pub fn is_aws_account(account: &str) -> bool {
    ACCOUNTS.iter().any(|(aws, _)| *aws == account)
}

/// Returns the domain after the region in hosts of a partition.
#[must_use]
pub fn host_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// Returns AWS's repository of aws-for-fluent-bit in a region, without a tag; `None` if AWS lists none.
#[must_use]
pub fn regional_repository(region: &str) -> Option<String> {
    let account = aws_account(region)?;
    let suffix = host_suffix(region);
    Some(format!(
        "{account}.dkr.ecr.{region}.{suffix}/aws-for-fluent-bit"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn registries_are_known_by_their_host() {
        for (path, registry) in [
            (
                "public.ecr.aws/aws-observability/aws-for-fluent-bit",
                Registry::PublicEcr,
            ),
            ("amazon/aws-for-fluent-bit", Registry::DockerHub),
            ("aws-for-fluent-bit", Registry::DockerHub),
            ("docker.io/amazon/aws-for-fluent-bit", Registry::DockerHub),
            ("localhost/router", Registry::Other("localhost")),
            ("registry:5000/router", Registry::Other("registry:5000")),
            ("ghcr.io/fluent/fluent-bit", Registry::Other("ghcr.io")),
            (
                "906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit",
                Registry::PrivateEcr {
                    account: "906394416424",
                    region: "us-east-1",
                    suffix: "amazonaws.com",
                },
            ),
            (
                "906394416424.dkr-ecr.us-east-1.on.aws/aws-for-fluent-bit",
                Registry::PrivateEcr {
                    account: "906394416424",
                    region: "us-east-1",
                    suffix: "on.aws",
                },
            ),
        ] {
            assert_eq!(Registry::of(path), registry, "{path}");
        }
    }

    #[test]
    fn each_region_has_one_account_and_its_own_host() {
        let regions: Vec<&str> = ACCOUNTS
            .iter()
            .flat_map(|(_, regions)| regions.iter().copied())
            .collect();
        let once: BTreeSet<&str> = regions.iter().copied().collect();
        assert_eq!(regions.len(), once.len());
        assert!(
            ACCOUNTS
                .iter()
                .all(|(account, _)| account.len() == 12 && is_aws_account(account))
        );
        for (region, repository) in [
            (
                "us-east-1",
                Some("906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit"),
            ),
            (
                "cn-north-1",
                Some("128054284489.dkr.ecr.cn-north-1.amazonaws.com.cn/aws-for-fluent-bit"),
            ),
            (
                "us-gov-west-1",
                Some("161423150738.dkr.ecr.us-gov-west-1.amazonaws.com/aws-for-fluent-bit"),
            ),
            ("ca-west-1", None),
        ] {
            assert_eq!(
                regional_repository(region).as_deref(),
                repository,
                "{region}"
            );
        }
        assert!(!is_aws_account("111122223333"));
    }
}
