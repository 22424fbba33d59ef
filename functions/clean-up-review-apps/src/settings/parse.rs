//! How settings are spelt.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::kind::Kind;
use crate::name::Template;
use crate::resource::Tags;

pub(super) fn mode(value: &str) -> Result<bool, &'static str> {
    match value {
        "apply" => Ok(true),
        "dry-run" => Ok(false),
        _ => Err("expected dry-run or apply"),
    }
}

pub(super) fn yes_or_no(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("expected true or false"),
    }
}

pub(super) fn repository(value: &str) -> Result<String, &'static str> {
    let is_name = |it: &str| {
        !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
    };
    match value.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(value.to_owned()),
        _ => Err("expected owner/name"),
    }
}

pub(super) fn repository_id(value: &str) -> Result<String, &'static str> {
    let is_id = value.chars().all(|it| it.is_ascii_alphanumeric() || "_=-".contains(it));
    match is_id && value.chars().any(|it| it.is_ascii_digit() || it.is_ascii_uppercase()) {
        true => Ok(value.to_owned()),
        false => Err("expected the repository's node id or number, not its name"),
    }
}

pub(super) fn address(value: &str) -> Result<String, String> {
    crate::github::base(value).map(|_| value.to_owned())
}

fn account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|it| it.is_ascii_digit())
}

pub(super) fn accounts(value: &str) -> Result<BTreeSet<(String, String)>, &'static str> {
    let is_region = |it: &str| {
        it.contains('-')
            && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    items(value)
        .map(|item| match item.split_once('/') {
            Some((number, region)) if account(number) && is_region(region) => {
                Ok((number.to_owned(), region.to_owned()))
            }
            _ => Err("expected a list of account/region"),
        })
        .collect()
}

pub(super) fn account_numbers(value: &str) -> Result<BTreeSet<String>, &'static str> {
    items(value)
        .map(|it| if account(it) { Ok(it.to_owned()) } else { Err("expected account numbers") })
        .collect()
}

pub(super) fn tags(value: &str) -> Result<Tags, &'static str> {
    items(value)
        .map(|item| match item.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
                Ok((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err("expected a list of key=value"),
        })
        .collect()
}

pub(super) fn templates(value: &str) -> Result<Vec<Template>, String> {
    let list: Vec<String> =
        serde_json::from_str(value).map_err(|_| "expected a JSON list of templates")?;
    if list.is_empty() {
        return Err("expected a JSON list of at least one template".to_owned());
    }
    list.iter().map(|it| Template::read(it)).collect()
}

pub(super) fn kinds(value: &str) -> Result<BTreeSet<Kind>, String> {
    items(value)
        .map(|it| {
            Kind::called(it).ok_or_else(|| {
                let all = Kind::ALL.map(Kind::word).join(", ");
                format!("`{it}` is no kind; there are {all}")
            })
        })
        .collect()
}

pub(super) fn command(value: &str) -> Result<Vec<String>, &'static str> {
    match serde_json::from_str::<Vec<String>>(value) {
        Ok(words) if !words.is_empty() => Ok(words),
        _ => Err("expected a JSON list of words"),
    }
}

pub(super) fn path(value: &str) -> Result<String, &'static str> {
    match value.starts_with('/') && value.len() > 1 && !value.ends_with('/') {
        true => Ok(value.to_owned()),
        false => Err("expected a path that begins with a slash"),
    }
}

pub(super) fn duration(value: &str) -> Result<SignedDuration, &'static str> {
    let read = value.parse::<SignedDuration>().ok();
    read.filter(|it| !it.is_negative()).ok_or("expected a duration, such as 30m or 24h")
}

pub(super) fn percent(value: &str) -> Result<u32, &'static str> {
    value.parse().ok().filter(|it| *it <= 100).ok_or("expected a percentage, 0 to 100")
}

pub(super) fn share(value: &str) -> Result<u32, &'static str> {
    percent(value).ok().filter(|it| *it > 0).ok_or("expected a percentage, 1 to 100")
}

/// The items of a list, however people space it.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|it| !it.is_empty())
}
