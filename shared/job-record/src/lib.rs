//! What is remembered of a job between its runs.
