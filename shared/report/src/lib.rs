//! What is told about a task: the alert with the end of its log, the metrics, the result event.
