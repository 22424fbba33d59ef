//! The pause switch: one SSM parameter that holds migrations and jobs.
