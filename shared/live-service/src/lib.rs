//! An ECS service: what is live in it, and where its tasks run.
