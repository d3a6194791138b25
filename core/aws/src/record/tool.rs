//! The tools of owners that deploy services.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A tool that deploys services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tool {
    /// Terraform or OpenTofu.
    Terraform,
    /// AWS CDK, which deploys through CloudFormation.
    Cdk,
    /// CloudFormation.
    CloudFormation,
    /// Pulumi.
    Pulumi,
    /// AWS CodePipeline.
    CodePipeline,
    /// GitHub Actions.
    GitHubActions,
    /// GitLab CI.
    GitLab,
    /// Jenkins.
    Jenkins,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::Cdk => "AWS CDK",
            Self::CloudFormation => "CloudFormation",
            Self::Pulumi => "Pulumi",
            Self::CodePipeline => "CodePipeline",
            Self::GitHubActions => "GitHub Actions",
            Self::GitLab => "GitLab CI",
            Self::Jenkins => "Jenkins",
        })
    }
}
