//! The CPU and memory of a task: how they are written, and which of them Fargate has.

use serde_json::Value;

use crate::wire::AwsError;

/// A member of a task definition and the unit its text can have, 1024 times the integer's.
const MEMBERS: [(&str, &str); 2] = [("cpu", "vcpu"), ("memory", "gb")];

/// CPU units of Fargate, and the least memory, the most and the step between, all in GB.
const FARGATE: [(u64, u64, u64, u64); 6] = [
    (512, 1, 4, 1),
    (1024, 2, 8, 1),
    (2048, 4, 16, 1),
    (4096, 8, 30, 1),
    (8192, 16, 60, 4),
    (16384, 32, 120, 8),
];

/// Makes sizes integers. AWS, of both: "String values are converted to an integer … when the task
/// definition is registered"; one that cannot be is an "Invalid 'cpu' setting for task."
pub(super) fn normalize(definition: &mut Value) -> Result<(), AwsError> {
    for (member, unit) in MEMBERS {
        if definition[member].is_null() {
            continue;
        }
        let size = definition[member].as_str().and_then(|it| read(it, unit)).ok_or_else(|| {
            let message = format!("Invalid '{member}' setting for task.");
            AwsError::bad("ClientException", message)
        })?;
        definition[member] = size.to_string().into();
    }
    Ok(())
}

/// "It can be expressed as an integer using CPU units (for example, 1024) or as a string using
/// vCPUs (for example, 1 vCPU or 1 vcpu)"; for memory: "as an integer using MiB (for example ,1024)
/// or as a string using GB (for example, 1GB or 1 GB)".
fn read(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    match text.strip_suffix(unit) {
        None => text.parse().ok(),
        Some(number) => {
            let size = number.trim().parse::<f64>().ok()? * 1024.0;
            (size >= 1.0 && size.fract() == 0.0).then_some(size as u64)
        }
    }
}

/// AWS: "If using the Fargate launch type, this field is required and you must use one of the
/// following values. This determines your range of supported values for the cpu parameter."
pub(super) fn is_fargate(cpu: u64, memory: u64) -> bool {
    if cpu == 256 {
        return [512, 1024, 2048].contains(&memory);
    }
    FARGATE.iter().any(|(units, least, most, step)| {
        let gigabytes = memory / 1024;
        *units == cpu
            && memory.is_multiple_of(1024)
            && (*least..=*most).contains(&gigabytes)
            && (gigabytes - least).is_multiple_of(*step)
    })
}

/// The refusal of a pair of sizes, as AWS words it.
pub(super) fn no_such_size() -> AwsError {
    AwsError::bad("ClientException", "No Fargate configuration exists for given values.")
}

/// A size of a task, 0 if it has none.
pub(super) fn of(task: &Value, member: &str) -> u64 {
    task[member].as_str().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// Whether the containers have room in the task, where the task says how large it is.
///
/// AWS: "the only requirement is that the total amount of CPU reserved for all containers within a
/// task be lower than the task-level cpu value", and "The total amount of memory reserved for all
/// containers within a task must be lower than the task memory value, if one is specified." As
/// much as the task has is allowed.
pub(super) fn check_containers(task: &Value, containers: &[Value]) -> Result<(), AwsError> {
    let (cpu, memory) = (of(task, "cpu"), of(task, "memory"));
    let number = |it: &Value, member: &str| it[member].as_u64().unwrap_or(0);
    let refused = |name: &Value, member: &str| {
        Err(AwsError::bad(
            "ClientException",
            format!(
                "Invalid setting for container '{}'. The '{member}' setting for container is \
                 greater than for the task.",
                name.as_str().unwrap_or_default()
            ),
        ))
    };
    let (mut reserved_cpu, mut reserved_memory) = (0_u64, 0_u64);
    for container in containers {
        // "If you specify memoryReservation, then that value is subtracted from the available
        // memory resources … Otherwise, the value of memory is used." And: "If you specify both,
        // memory must be greater than memoryReservation."
        let soft = number(container, "memoryReservation");
        let hard = number(container, "memory");
        reserved_cpu += number(container, "cpu");
        reserved_memory += if soft > 0 { soft } else { hard };
        if cpu > 0 && reserved_cpu > cpu {
            return refused(&container["name"], "cpu");
        }
        if memory > 0 && (hard > memory || reserved_memory > memory) {
            return refused(&container["name"], "memory");
        }
        if hard > 0 && soft >= hard {
            let message = "memory must be greater than memoryReservation.";
            return Err(AwsError::bad("ClientException", message));
        }
    }
    Ok(())
}

/// AWS: "The minimum supported value is 21 GiB and the maximum supported value is 200 GiB."
pub(super) fn check_storage(storage: &Value) -> Result<(), AwsError> {
    match storage["sizeInGiB"].as_u64() {
        Some(21..=200) => Ok(()),
        None if storage.is_null() => Ok(()),
        _ => Err(AwsError::bad(
            "ClientException",
            "The ephemeral storage of a task must be between 21 GiB and 200 GiB.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_an_integer_or_has_its_unit() {
        for (text, unit, expected) in [
            ("1024", "vcpu", Some(1024)),
            ("1 vCPU", "vcpu", Some(1024)),
            (".25vcpu", "vcpu", Some(256)),
            ("1GB", "gb", Some(1024)),
            ("0.5 GB", "gb", Some(512)),
            ("1 GB", "vcpu", None),
            ("0.3 GB", "gb", None),
            ("-1 GB", "gb", None),
            ("much", "gb", None),
            ("", "gb", None),
        ] {
            assert_eq!(read(text, unit), expected, "{text}");
        }
    }

    #[test]
    fn fargate_has_some_sizes_and_not_others() {
        for (cpu, memory, expected) in [
            (256, 512, true),
            (256, 2048, true),
            (256, 3072, false),
            (512, 512, false),
            (512, 4096, true),
            (1024, 1024, false),
            (2048, 16384, true),
            (2048, 4100, false),
            (4096, 31744, false),
            (8192, 20480, true),
            (8192, 18432, false),
            (16384, 122_880, true),
            (300, 512, false),
        ] {
            assert_eq!(is_fargate(cpu, memory), expected, "{cpu} {memory}");
        }
    }
}
