//! The local AWS: one engine, in process for tests, over HTTP for people.
//!
//! [`World`] is the account: its state, its clock, its faults. It answers AWS's own wire protocols
//! , either as the HTTP client under real SDK clients ([`World::http_client`]) or
//! behind a listener on 127.0.0.1 ([`serve`]). Each service is one file; a file owns its state and
//! answers its operations, and refuses what AWS refuses with the error codes of AWS's own models.
//!
//! **Invariant:** what AWS would refuse, page, delay or forget is refused, paged, delayed and
//! forgotten here; nothing is easier to get right locally than in an account.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a double for tests and people at a terminal: an impossible state should be loud"
)]

mod applicationautoscaling;
mod clock;
mod cloudformation;
mod cloudwatch;
mod codedeploy;
mod codepipeline;
mod connector;
mod ec2;
mod ecr;
mod ecs;
mod elasticache;
mod elasticloadbalancing;
mod events;
mod fault;
mod github;
mod image;
mod lambda;
mod logs;
mod quota;
mod receivers;
mod route53;
mod s3;
pub mod scene;
mod scheduler;
mod secretsmanager;
mod server;
mod servicediscovery;
mod sns;
mod sqs;
mod ssm;
mod sts;
mod tagging;
mod tags;
mod upstream;
mod wire;
mod world;

pub use clock::Clock;
pub use codepipeline::PipelineAction;
pub use events::EventDelivery;
pub use fault::{Fault, Kind};
pub use github::{
    GitHubAnswer, GitHubApi, GitHubRequest, TEST_APP_KEY, pull_request_event, signature, webhook,
};
pub use image::{End, Image, Run, Script};
pub use lambda::Invocation;
pub use receivers::{Answer, Arrived, Receiver, shown};
pub use server::serve;
pub use wire::{AwsError, Call, Protocol, Reply, Service};
pub use world::{ACCOUNT, Pace, REGION, Recorded, World};
