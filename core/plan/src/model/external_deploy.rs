//! A revision that something else than ECS deploys (an external deploy).

use firelens_aws::observe::{LoadBalancerView, ServiceView};
use firelens_aws::record::Purpose;

/// A revision that is ready to be deployed by the owner of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalDeploy {
    /// Its ARN.
    pub revision: String,
    /// Whether it adds the router or is without it.
    pub purpose: Purpose,
    /// The deployment controller: `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// ARN of the cluster.
    pub cluster: String,
    /// Name of the service.
    pub service: String,
    /// Where the load balancer sends the traffic.
    pub load_balancers: Vec<LoadBalancerView>,
}

impl ExternalDeploy {
    pub(crate) fn of(service: &ServiceView, revision: String, purpose: Purpose) -> Self {
        Self {
            revision,
            purpose,
            controller: service.deployment_controller.clone(),
            cluster: service.cluster_arn.clone(),
            service: service.name.clone(),
            load_balancers: service.load_balancers.clone(),
        }
    }

    /// The message for people: what is ready, and how to deploy it.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{}; {}", self.ready(), self.how())
    }

    /// Describes what is ready.
    #[must_use]
    pub fn ready(&self) -> String {
        let state = match self.purpose {
            Purpose::Inject => "the revision with the router is ready",
            Purpose::Eject | Purpose::Restore => "the revision to return to is ready",
        };
        format!("{state}: {}", self.revision)
    }

    /// Describes how to deploy it: lines to be pasted, after an introducing line.
    #[must_use]
    pub fn how(&self) -> String {
        match self.controller.as_str() {
            "CODE_DEPLOY" => format!(
                "deploy it with CodeDeploy (aws deploy create-deployment) and this AppSpec:\n{}",
                self.app_spec()
            ),
            _ => format!(
                "deploy it with the settings of the current task set:\n{}",
                self.task_set_calls()
            ),
        }
    }

    /// The AppSpec of a CodeDeploy deployment. Source:
    /// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html>.
    #[must_use]
    pub fn app_spec(&self) -> String {
        let (name, port) = match self.load_balancers.first() {
            Some(balancer) if balancer.container_port > 0 => (
                balancer.container_name.clone(),
                balancer.container_port.to_string(),
            ),
            // ECS reports no load balancer for the service; CodeDeploy requires one.
            _ => ("CONTAINER".to_owned(), "PORT".to_owned()),
        };
        format!(
            "version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: \"{}\"
        LoadBalancerInfo:
          ContainerName: \"{name}\"
          ContainerPort: {port}",
            self.revision
        )
    }

    /// The calls of an external controller. Source:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html>.
    fn task_set_calls(&self) -> String {
        let place = format!("--cluster {} --service {}", self.cluster, self.service);
        format!(
            "aws ecs create-task-set {place} --task-definition {} --scale value=100,unit=PERCENT
aws ecs update-service-primary-task-set {place} --primary-task-set TASK_SET_ID",
            self.revision
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external_deploy(controller: &str, load_balancers: Vec<LoadBalancerView>) -> ExternalDeploy {
        ExternalDeploy {
            revision: "arn:aws:ecs:us-east-1:111122223333:task-definition/web:8".to_owned(),
            purpose: Purpose::Inject,
            controller: controller.to_owned(),
            cluster: "main".to_owned(),
            service: "web".to_owned(),
            load_balancers,
        }
    }

    #[test]
    fn app_spec_names_revision_container_and_port() {
        let deploy = external_deploy(
            "CODE_DEPLOY",
            vec![LoadBalancerView {
                container_name: "app".to_owned(),
                container_port: 8080,
            }],
        );
        let wanted = "version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: \"arn:aws:ecs:us-east-1:111122223333:task-definition/web:8\"
        LoadBalancerInfo:
          ContainerName: \"app\"
          ContainerPort: 8080";
        assert_eq!(deploy.app_spec(), wanted);
        assert!(deploy.message().ends_with(wanted));
    }

    #[test]
    fn an_external_controller_gets_its_two_calls() {
        let message = external_deploy("EXTERNAL", Vec::new()).message();
        for part in [
            "aws ecs create-task-set --cluster main --service web --task-definition arn:aws:ecs:us-east-1:111122223333:task-definition/web:8 ",
            "aws ecs update-service-primary-task-set --cluster main --service web --primary-task-set",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
