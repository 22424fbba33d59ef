//! The `AppSpec` file: what `CodeDeploy` itself has to read of it.

use std::io::{Cursor, Read as _};

use bytes::Bytes;
use serde_json::Value;

use super::revisions;
use crate::wire::{Call, Reply, Service};
use crate::world::World;

/// What a deployment does; an `AppSpec` that cannot be read has no hooks and nothing to install.
pub(super) struct AppSpec {
    /// The task definition to install, or why there is none.
    pub(super) task_definition: Result<String, String>,
    /// Lifecycle event and function, in the order of the file.
    pub(super) hooks: Vec<(String, String)>,
}

impl AppSpec {
    /// Reads the `AppSpec` of a revision.
    pub(super) fn of(world: &World, revision: &Value) -> Self {
        match text(world, revision).and_then(|text| parse(&text)) {
            Ok(file) => Self { task_definition: task_definition(&file), hooks: hooks(&file) },
            Err(reason) => Self { task_definition: Err(reason), hooks: Vec::new() },
        }
    }
}

/// YAML or JSON, which is YAML too.
fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let file: Value = yaml_serde::from_str(text)
        .map_err(|error| format!("The AppSpec file is neither YAML nor JSON: {error}"))?;
    if file.is_object() { Ok(file) } else { Err("The AppSpec file has no content".to_owned()) }
}

/// A member whatever its case: both `Resources` and `resources` are deployed by AWS's own actions.
fn member<'a>(file: &'a Value, name: &str) -> &'a Value {
    let members = file.as_object().into_iter().flatten();
    let mut found = members.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map_or(&Value::Null, |(_, value)| value)
}

fn task_definition(file: &Value) -> Result<String, String> {
    let resources = member(file, "Resources").as_array().map_or(&[][..], Vec::as_slice);
    let [resource] = resources else {
        return Err(format!("The AppSpec file names {} resources, not one", resources.len()));
    };
    let named = resource.as_object().into_iter().flatten().map(|(_, value)| value);
    let mut found = named.map(|it| member(member(it, "Properties"), "TaskDefinition"));
    found
        .find_map(Value::as_str)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "The AppSpec file names no task definition".to_owned())
}

fn hooks(file: &Value) -> Vec<(String, String)> {
    let entries = member(file, "Hooks").as_array().into_iter().flatten();
    let pairs = entries.filter_map(Value::as_object).flatten();
    pairs.filter_map(|(event, name)| Some((event.clone(), name.as_str()?.to_owned()))).collect()
}

fn text(world: &World, revision: &Value) -> Result<String, String> {
    let kind = revision["revisionType"].as_str().unwrap_or_default();
    if kind != "S3" {
        let content = revision[revisions::member(kind)]["content"].as_str();
        return content.map(str::to_owned).ok_or_else(|| "The revision is empty".to_owned());
    }
    let location = &revision["s3Location"];
    let object = object(world, location)?;
    let file = match location["bundleType"].as_str() {
        Some("zip") => from_zip(&object),
        Some("tar") => from_tar(Cursor::new(&object)),
        Some("tgz") => from_tar(flate2::read::GzDecoder::new(Cursor::new(&object))),
        _ => Some(object.to_vec()),
    };
    let file = file.ok_or("The bundle holds no AppSpec file")?;
    String::from_utf8(file).map_err(|_| "The AppSpec file is not UTF-8".to_owned())
}

/// Reads the object as anybody else would.
fn object(world: &World, location: &Value) -> Result<Bytes, String> {
    let part = |member: &str| location[member].as_str().unwrap_or_default();
    let escape = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let key: Vec<String> = part("key").split('/').map(escape).collect();
    let mut path = format!("/{}/{}", part("bucket"), key.join("/"));
    if let Some(version) = location["version"].as_str() {
        path = format!("{path}?versionId={}", escape(version));
    }
    let call = Call {
        service: Service::S3,
        operation: "GetObject".to_owned(),
        input: Value::Null,
        method: http::Method::GET,
        uri: path.parse().map_err(|error| format!("{path}: {error}"))?,
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
        caller: None,
    };
    match crate::s3::answer(world, &call) {
        Ok(Reply::Raw(_, _, body)) => Ok(body),
        Ok(Reply::Json(_)) => Err(format!("{path} is no object")),
        Err(error) => Err(format!("{path}: {}: {}", error.code, error.message)),
    }
}

fn is_appspec(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "appspec.yaml" | "appspec.yml" | "appspec.json")
}

fn from_zip(object: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(object)).ok()?;
    let mut names = archive.file_names().filter_map(Result::ok);
    let name = names.find(|name| is_appspec(name))?.into_owned();
    drop(names);
    let mut content = Vec::new();
    archive.by_name(&name).ok()?.read_to_end(&mut content).ok()?;
    Some(content)
}

fn from_tar(bytes: impl std::io::Read) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        if is_appspec(&entry.path().ok()?.to_string_lossy()) {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).ok()?;
            return Some(content);
        }
    }
    None
}
