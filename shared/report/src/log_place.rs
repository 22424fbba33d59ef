//! Where a container's log is.

use alert::Arn;
use aws_sdk_ecs::types::{LogDriver, TaskDefinition};

/// Where a container's log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogPlace {
    /// In `CloudWatch` Logs.
    CloudWatch {
        /// The log group.
        group: String,
        /// The stream of this container in this task.
        stream: String,
        /// The region of the group.
        region: String,
    },
    /// Somewhere this function can't read.
    Elsewhere(String),
}

impl LogPlace {
    /// Reads the log configuration of a container; streams are called `prefix/container/task id`.
    pub(crate) fn of(definition: &TaskDefinition, container: &str, task: &str) -> Self {
        let elsewhere = |why: &str| Self::Elsewhere(why.to_owned());
        let found =
            definition.container_definitions().iter().find(|it| it.name() == Some(container));
        let Some(configuration) = found.and_then(|it| it.log_configuration()) else {
            return elsewhere("the container has no log configuration");
        };
        match configuration.log_driver() {
            LogDriver::Awslogs => {}
            LogDriver::Awsfirelens => {
                return elsewhere("the container logs through FireLens; look where that sends it");
            }
            other => {
                return Self::Elsewhere(format!("the container logs through {}", other.as_str()));
            }
        }
        let option = |name: &str| configuration.options().and_then(|it| it.get(name)).cloned();
        let (Some(group), Some(prefix)) =
            (option("awslogs-group"), option("awslogs-stream-prefix"))
        else {
            return elsewhere("the log configuration names no group or no stream prefix");
        };
        let id = task.rsplit('/').next().unwrap_or(task);
        let region = option("awslogs-region")
            .or_else(|| Arn::parse(task).map(|it| it.region.to_owned()))
            .unwrap_or_default();
        Self::CloudWatch { group, stream: format!("{prefix}/{container}/{id}"), region }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{ContainerDefinition, LogConfiguration};

    use super::*;

    const TASK: &str = "arn:aws:ecs:eu-west-2:123456789012:task/live/0123";

    fn place(driver: LogDriver, options: &[(&str, &str)]) -> LogPlace {
        let configuration = options
            .iter()
            .fold(LogConfiguration::builder().log_driver(driver), |it, (name, value)| {
                it.options(*name, *value)
            })
            .build()
            .unwrap();
        let app =
            ContainerDefinition::builder().name("app").log_configuration(configuration).build();
        LogPlace::of(&TaskDefinition::builder().container_definitions(app).build(), "app", TASK)
    }

    #[test]
    fn awslogs_can_be_read_and_the_rest_is_named() {
        let options = [("awslogs-group", "/ecs/web"), ("awslogs-stream-prefix", "web")];
        let place_in = |region: &str| LogPlace::CloudWatch {
            group: "/ecs/web".into(),
            stream: "web/app/0123".into(),
            region: region.into(),
        };
        assert_eq!(place(LogDriver::Awslogs, &options), place_in("eu-west-2"));
        let elsewhere = [options[0], options[1], ("awslogs-region", "us-east-1")];
        assert_eq!(place(LogDriver::Awslogs, &elsewhere), place_in("us-east-1"));
        let check = |place: LogPlace, why: &str| {
            assert!(matches!(&place, LogPlace::Elsewhere(it) if it.contains(why)), "{place:?}");
        };
        check(place(LogDriver::Awslogs, &options[..1]), "no stream prefix");
        check(place(LogDriver::Awsfirelens, &[]), "FireLens");
        check(place(LogDriver::Splunk, &[]), "splunk");
        check(
            LogPlace::of(&TaskDefinition::builder().build(), "app", TASK),
            "no log configuration",
        );
    }
}
