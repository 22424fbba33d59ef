//! A deployment of an ECS service: CodeDeploy's, with the AppSpec it deploys, or ECS's own.
//!
//! `codedeploy` and `ecs` read deployments and answer their hooks, `s3` fetches revisions that live in
//! a bucket, [`AppSpec`] is what a revision says, [`Deployed`] is what both kinds have in common.
//!
//! **Invariant:** an AppSpec is either read as CodeDeploy reads it or refused with the reason;
//! nothing is guessed.

mod appspec;
mod archive;
pub mod codedeploy;
mod deployed;
pub mod ecs;
mod s3;

pub use appspec::AppSpec;
pub use codedeploy::Deployment;
pub use deployed::{Answered, Deployed, Outcome, name_of};
