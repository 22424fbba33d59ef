//! What is behind the names of images: digests, and tags that are moved.

use std::collections::BTreeMap;

use super::{State, native, tasks};
use crate::world::World;

/// How often each tag was moved.
#[derive(Clone, Default)]
pub(super) struct Tags(BTreeMap<String, u32>);

impl Tags {
    /// The digest behind an image's name now.
    pub(super) fn digest(&self, image: &str) -> String {
        match self.0.get(image) {
            Some(times) => tasks::image_digest(&format!("{image} {times}")),
            None => tasks::image_digest(image),
        }
    }
}

/// The digest with which a service's task runs: that of its revision, whatever the tag means now.
pub(super) fn digest_of_service(ecs: &State, started_by: &str, image: &str) -> String {
    native::digest(ecs, started_by, image).unwrap_or_else(|| ecs.images.digest(image))
}

impl World {
    /// Somebody pushes another image under the same name: from now on it has another digest.
    ///
    /// AWS: "To ensure that all tasks in a service use the same container image, Amazon ECS resolves
    /// container image names and any image tags specified in the task definition to container image
    /// digests." A service revision keeps the digest it was made with; `RunTask` gets the new one.
    pub fn move_image_tag(&self, name: &str) {
        *self.state().ecs.images.0.entry(name.to_owned()).or_default() += 1;
    }
}
