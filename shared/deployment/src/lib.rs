//! A CodeDeploy deployment of an ECS service, and the AppSpec it deploys.
//!
//! `codedeploy` reads the deployment and answers its lifecycle hooks, `s3` fetches revisions that
//! live in a bucket, [`AppSpec`] is what the revision says.
//!
//! **Invariant:** an AppSpec is either read as CodeDeploy reads it or refused with the reason;
//! nothing is guessed.

mod appspec;
mod archive;
pub mod codedeploy;
mod s3;

pub use appspec::AppSpec;
pub use codedeploy::{Answered, Deployment, Outcome};
