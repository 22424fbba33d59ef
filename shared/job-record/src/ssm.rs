//! AWS Systems Manager: the parameters.

use anyhow::{Context as _, Result};
use aws_call::Call as _;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Ends, Key, Starts};

impl Key {
    fn name(&self, part: &str) -> String {
        format!("{}/{}/{}/{part}", self.prefix, self.cluster, self.job)
    }

    /// The job of a parameter called `prefix/CLUSTER/JOB/starts`.
    fn of(prefix: &str, name: &str) -> Option<Self> {
        let rest = name.strip_prefix(prefix)?.strip_prefix('/')?.strip_suffix("/starts")?;
        let (cluster, job) = rest.split_once('/')?;
        Some(Self { prefix: prefix.to_owned(), cluster: cluster.into(), job: job.into() })
    }
}

/// What is known of a job's starts; nothing if it never was.
///
/// # Errors
/// The record can't be read.
pub async fn starts(ssm: &Client, key: &Key) -> Result<Starts> {
    read(ssm, &key.name("starts")).await
}

/// Remembers a job's starts.
///
/// # Errors
/// The record can't be written.
pub async fn write_starts(ssm: &Client, key: &Key, starts: &Starts) -> Result<()> {
    write(ssm, &key.name("starts"), starts).await
}

/// What is known of a job's ends; nothing if it never ended.
///
/// # Errors
/// The record can't be read.
pub async fn ends(ssm: &Client, key: &Key) -> Result<Ends> {
    read(ssm, &key.name("ends")).await
}

/// Remembers a job's ends.
///
/// # Errors
/// The record can't be written.
pub async fn write_ends(ssm: &Client, key: &Key, ends: &Ends) -> Result<()> {
    write(ssm, &key.name("ends"), ends).await
}

/// The starts of all jobs.
///
/// # Errors
/// They can't be read.
pub async fn all_starts(ssm: &Client, prefix: &str) -> Result<Vec<(Key, Starts)>> {
    let mut found = Vec::new();
    let mut pages =
        ssm.get_parameters_by_path().path(prefix).recursive(true).into_paginator().send();
    while let Some(page) = pages.next().await {
        for it in page.call("GetParametersByPath")?.parameters.unwrap_or_default() {
            let (name, value) = (it.name.unwrap_or_default(), it.value.unwrap_or_default());
            let Some(key) = Key::of(prefix, &name) else { continue };
            match parsed(&name, &value) {
                Ok(starts) => found.push((key, starts)),
                // One that nobody can read is no reason to forget the others.
                Err(error) => tracing::error!(error = format!("{error:#}"), "a record is left out"),
            }
        }
    }
    Ok(found)
}

async fn read<T: Default + DeserializeOwned>(ssm: &Client, name: &str) -> Result<T> {
    let answer = match ssm.get_parameter().name(name).send().await.call("GetParameter") {
        Err(failed) if failed.is("ParameterNotFound") => return Ok(T::default()),
        answer => answer.with_context(|| format!("parameter {name}"))?,
    };
    parsed(name, &answer.parameter.and_then(|it| it.value).unwrap_or_default())
}

fn parsed<T: DeserializeOwned>(name: &str, value: &str) -> Result<T> {
    serde_json::from_str(value).with_context(|| format!("parameter {name} is unreadable"))
}

async fn write<T: Serialize>(ssm: &Client, name: &str, record: &T) -> Result<()> {
    ssm.put_parameter()
        .name(name)
        .value(serde_json::to_string(record)?)
        .r#type(ParameterType::String)
        .overwrite(true)
        .send()
        .await
        .call("PutParameter")
        .with_context(|| format!("parameter {name}"))?;
    Ok(())
}
