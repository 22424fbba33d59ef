//! AWS CodeDeploy: which deployment waits for a task.

use aws_call::Class;
use deployment::{Deployed, codedeploy};
use one_off_task::Mark;

use crate::aws::Aws;
use crate::waiting::Waiting;

/// Who waits for the task, as `CodeDeploy` says.
pub(crate) async fn waiting(aws: &Aws, mark: &Mark) -> Waiting {
    let info = match codedeploy::describe(&aws.codedeploy, &mark.id).await {
        Ok(info) => info,
        Err(failed) if failed.class == Class::Gone || failed.is("InvalidDeploymentIdException") => {
            return Waiting::NoSuchDeployment;
        }
        Err(failed) => return Waiting::Unknown(failed.to_string()),
    };
    let resolved = codedeploy::resolve(&aws.codedeploy, &aws.s3, &mark.id, &info).await;
    let deployed = match resolved {
        Ok(it) => Deployed::from(&it),
        Err(error) => {
            return match info.status() {
                Some(status) if !codedeploy::in_progress(status) => {
                    Waiting::Over { status: status.as_str().to_owned() }
                }
                _ => Waiting::Unknown(format!("{error:#}")),
            };
        }
    };
    let undone = match codedeploy::undone(&aws.codedeploy, &aws.s3, &info).await {
        Ok(undone) => undone,
        Err(error) => return Waiting::Unknown(format!("{error:#}")),
    };
    // What undoes a deployment may run that deployment's own code: it knows how.
    let undone = undone.into_iter().map(|it| it.appspec.task_definition);
    let mut deployed = Box::new(deployed);
    deployed.task_definitions.extend(undone);
    match info.status() {
        Some(status) if !codedeploy::in_progress(status) => Waiting::Nobody(deployed),
        _ => Waiting::Deployment(deployed),
    }
}
