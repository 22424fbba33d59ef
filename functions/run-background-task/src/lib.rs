//! A schedule starts a job on the image that is live.
