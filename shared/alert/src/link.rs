//! Links into the AWS console, in the partition the resource is in.

use serde::Serialize;

/// One page that helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What is behind it.
    pub title: &'static str,
    /// Where it is.
    pub url: String,
}

/// The parts of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-us-gov` or `aws-cn`.
    pub partition: &'a str,
    /// The region.
    pub region: &'a str,
    /// The account.
    pub account: &'a str,
    /// What comes after the account.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        (parts.next() == Some("arn")).then_some(())?;
        let partition = parts.next()?;
        let _service = parts.next()?;
        let region = parts.next()?;
        let account = parts.next()?;
        Some(Self { partition, region, account, resource: parts.next()? })
    }

    /// Where the console's pages are, without a slash at the end.
    pub fn console(&self) -> String {
        let domain = match self.partition {
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            "aws-cn" => "console.amazonaws.cn",
            _ => return format!("https://{}.console.aws.amazon.com", self.region),
        };
        format!("https://{domain}")
    }
}

/// A setting that must be the ARN of an SNS topic.
///
/// # Errors
/// It is none.
pub fn topic_arn(value: &str) -> Result<String, &'static str> {
    let is_topic = Arn::parse(value).is_some() && value.split(':').nth(2) == Some("sns");
    if is_topic { Ok(value.to_owned()) } else { Err("expected the ARN of an SNS topic") }
}

/// The task's page; `None` if the ARN is not one of a task.
pub fn task(arn: &str) -> Option<Link> {
    let parts = Arn::parse(arn)?;
    let (cluster, id) = parts.resource.strip_prefix("task/")?.split_once('/')?;
    let url =
        format!("{}/ecs/v2/clusters/{cluster}/tasks/{id}?region={}", parts.console(), parts.region);
    Some(Link { title: "Task", url })
}

/// The deployment's page, in the partition and region of the function that says it.
pub fn deployment(function: &Arn<'_>, id: &str) -> Link {
    let url = format!(
        "{}/codesuite/codedeploy/deployments/{id}?region={}",
        function.console(),
        function.region
    );
    Link { title: "Deployment", url }
}

/// The page of an ECS service deployment; `None` if the ARN is not one.
pub fn service_deployment(arn: &str) -> Option<Link> {
    let parts = Arn::parse(arn)?;
    let mut names = parts.resource.strip_prefix("service-deployment/")?.split('/');
    let (cluster, service, id) = (names.next()?, names.next()?, names.next()?);
    let url = format!(
        "{}/ecs/v2/clusters/{cluster}/services/{service}/deployments/{id}?region={}",
        parts.console(),
        parts.region
    );
    Some(Link { title: "Deployment", url })
}

/// The log stream's page. The console wants names escaped twice, with `$` for `%`.
pub fn log_stream(place: &Arn<'_>, group: &str, stream: &str) -> Link {
    let url = format!(
        "{}/cloudwatch/home?region={}#logsV2:log-groups/log-group/{}/log-events/{}",
        place.console(),
        place.region,
        twice_escaped(group),
        twice_escaped(stream)
    );
    Link { title: "Log", url }
}

fn twice_escaped(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("$25{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "arn:aws:ecs:eu-west-2:123456789012:task/live/0123";

    #[test]
    fn links_lead_into_the_right_console() {
        let url = |arn: &str| task(arn).map(|it| it.url);
        assert_eq!(
            url(TASK).as_deref(),
            Some(
                "https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/0123?region=eu-west-2"
            )
        );
        assert!(url(&TASK.replace("arn:aws:", "arn:aws-cn:")).unwrap().contains("amazonaws.cn/"));
        assert_eq!(url("arn:aws:ecs:eu-west-2:1:service/live/web"), None);
        assert_eq!(url("nonsense"), None);
    }

    #[test]
    fn log_names_are_escaped_as_the_console_wants() {
        let link = log_stream(&Arn::parse(TASK).unwrap(), "/ecs/web", "app/0123");
        assert!(
            link.url.ends_with("log-group/$252Fecs$252Fweb/log-events/app$252F0123"),
            "{}",
            link.url
        );
    }
}
