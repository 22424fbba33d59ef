//! Whether Fargate has a task of a size: told before it is asked for.

use std::fmt;

use anyhow::{Result, bail};
use aws_sdk_ecs::types::TaskDefinition;
use serde::de::{Deserializer, Error as _, Visitor};

/// CPU units, and the least memory, the most and the step between, all in MiB.
const FARGATE: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];
/// GiB of ephemeral storage; 20 are there without being asked for.
const STORAGE: std::ops::RangeInclusive<u32> = 21..=200;

/// What a task is to have instead of what its definition says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// CPU units.
    pub(crate) cpu: Option<u32>,
    /// Memory in MiB.
    pub(crate) memory: Option<u32>,
    /// Ephemeral storage in GiB.
    pub(crate) storage: Option<u32>,
}

impl Size {
    /// Refuses what ECS would refuse, or start and then fail.
    ///
    /// # Errors
    /// What does not fit, with what would.
    pub(crate) fn check(
        self,
        definition: &TaskDefinition,
        on_fargate: bool,
        platform_version: Option<&str>,
    ) -> Result<()> {
        if self == Self::default() {
            return Ok(());
        }
        let number = |text: Option<&str>| text.and_then(|it| it.parse().ok());
        let cpu = self.cpu.or_else(|| number(definition.cpu()));
        let memory = self.memory.or_else(|| number(definition.memory()));
        if let (true, Some(cpu), Some(memory)) = (on_fargate, cpu, memory) {
            check_pair(cpu, memory)?;
        }
        for container in definition.container_definitions() {
            let name = container.name().unwrap_or("?");
            let units = u32::try_from(container.cpu()).unwrap_or(0);
            let mebibytes = container.memory().and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
            if cpu.is_some_and(|it| units > it) {
                bail!("cpu: container {name} alone has {units} units");
            }
            if memory.is_some_and(|it| mebibytes > it) {
                bail!("memory: container {name} alone has {mebibytes} MiB");
            }
        }
        self.check_storage(on_fargate, platform_version)
    }

    /// AWS: "This parameter is only supported for tasks hosted on Fargate using … Linux platform version
    /// 1.4.0 or later."
    fn check_storage(self, on_fargate: bool, platform_version: Option<&str>) -> Result<()> {
        let Some(storage) = self.storage else { return Ok(()) };
        if !STORAGE.contains(&storage) {
            bail!(
                "ephemeral_storage is {storage}: Fargate has {} to {} GiB",
                STORAGE.start(),
                STORAGE.end()
            );
        }
        if !on_fargate {
            bail!("ephemeral_storage is for Fargate only");
        }
        if let Some(version @ ("1.0.0" | "1.1.0" | "1.2.0" | "1.3.0")) = platform_version {
            bail!("ephemeral_storage needs platform version 1.4.0, the service has {version}");
        }
        Ok(())
    }
}

fn check_pair(cpu: u32, memory: u32) -> Result<()> {
    let Some((_, least, most, step)) = FARGATE.iter().find(|(units, ..)| *units == cpu) else {
        let all: Vec<String> = FARGATE.iter().map(|(units, ..)| units.to_string()).collect();
        bail!("cpu is {cpu}: Fargate has {}", all.join(", "));
    };
    let fits = (*least..=*most).contains(&memory) && (memory - least).is_multiple_of(*step);
    if !fits {
        bail!(
            "memory is {memory} MiB: with cpu {cpu}, Fargate has {least} to {most} MiB in steps of \
             {step}"
        );
    }
    Ok(())
}

/// A size as a number of the small unit, or as text with the large one: `1024`, `"1 vCPU"`, `"2 GB"`.
pub(crate) fn units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Units;

    impl Visitor<'_> for Units {
        type Value = Option<u32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, or text such as \"1 vCPU\" or \"2 GB\"")
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<u32>, E> {
            u32::try_from(value).map(Some).map_err(|_| E::custom("the number is too large"))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<u32>, E> {
            let lower = text.trim().to_ascii_lowercase();
            let large = ["vcpu", "gib", "gb"].iter().find_map(|it| lower.strip_suffix(it));
            let read = match large {
                None => lower.parse::<f64>().ok(),
                Some(number) => number.trim().parse::<f64>().ok().map(|it| it * 1024.0),
            };
            read.filter(|it| *it >= 1.0 && it.fract() == 0.0 && *it <= f64::from(u32::MAX))
                .map(|it| Some(it as u32))
                .ok_or_else(|| E::custom(format!("`{text}` is no size")))
        }

        fn visit_none<E>(self) -> Result<Option<u32>, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Option<u32>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Units).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::ContainerDefinition;

    use super::*;

    fn check(cpu: Option<u32>, memory: Option<u32>, storage: Option<u32>, expected: &str) {
        let app = ContainerDefinition::builder().name("app").cpu(256).memory(512).build();
        let definition =
            TaskDefinition::builder().cpu("512").memory("1024").container_definitions(app).build();
        let told = match (Size { cpu, memory, storage }).check(&definition, true, Some("1.4.0")) {
            Ok(()) => "fits".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expected), "{cpu:?} {memory:?} {storage:?}: {told}");
    }

    #[test]
    fn fargate_has_these_sizes_and_no_others() {
        check(None, None, None, "fits");
        check(Some(4096), Some(8192), Some(50), "fits");
        check(Some(16_384), Some(122_880), Some(200), "fits");
        check(None, Some(4096), None, "fits");
        check(Some(256), None, None, "fits");
        check(
            Some(1024),
            None,
            None,
            "memory is 1024 MiB: with cpu 1024, Fargate has 2048 to 8192",
        );
        check(Some(1000), None, None, "cpu is 1000: Fargate has 256, 512");
        check(None, Some(1500), None, "steps of 1024");
        check(Some(8192), Some(17_408), None, "steps of 4096");
        check(Some(256), Some(256), None, "512 to 2048");
        check(None, None, Some(20), "21 to 200 GiB");
        check(None, None, Some(201), "21 to 200 GiB");
    }

    #[test]
    fn a_container_must_fit_into_its_task() {
        let app = ContainerDefinition::builder().name("app").cpu(512).memory(2048).build();
        let definition = TaskDefinition::builder().container_definitions(app).build();
        let told = |cpu, memory| {
            let size = Size { cpu: Some(cpu), memory: Some(memory), storage: None };
            size.check(&definition, true, None).unwrap_err().to_string()
        };
        assert_eq!(told(256, 2048), "cpu: container app alone has 512 units");
        assert_eq!(told(512, 1024), "memory: container app alone has 2048 MiB");
    }

    #[test]
    fn storage_needs_fargates_newer_platform() {
        let size = Size { storage: Some(50), ..Size::default() };
        let definition = TaskDefinition::builder().build();
        let told = |on_fargate, version| {
            size.check(&definition, on_fargate, version).map_err(|error| error.to_string())
        };
        assert_eq!(told(true, Some("LATEST")), Ok(()));
        assert!(told(true, Some("1.3.0")).unwrap_err().contains("1.4.0"));
        assert!(told(false, None).unwrap_err().contains("Fargate only"));
    }
}
