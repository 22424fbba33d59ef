//! A revision as it lies in a bucket: the AppSpec itself, or an archive with it inside.

use std::io::{Cursor, Read as _};

use anyhow::{Context as _, Result, bail};

/// An AppSpec is a few hundred bytes; more than this is a mistake or a decompression bomb.
const LIMIT: u64 = 1 << 20;

/// The AppSpec's text inside an object of a bucket, by what the bytes are, not by what the key or
/// the bundle type calls them.
pub(crate) fn appspec(bytes: &[u8]) -> Result<String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        from_zip(bytes).context("in the zip archive")
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut tar = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes)
            .take(64 * LIMIT)
            .read_to_end(&mut tar)
            .context("the gzip stream is broken")?;
        if is_tar(&tar) { from_tar(&tar).context("in the tgz archive") } else { text(&tar) }
    } else if is_tar(bytes) {
        from_tar(bytes).context("in the tar archive")
    } else {
        text(bytes)
    }
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

fn from_zip(bytes: &[u8]) -> Result<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).context("it is broken")?;
    let names = archive
        .file_names()
        .map(|name| name.map(|it| it.into_owned()))
        .collect::<Result<Vec<String>, _>>()
        .context("it is broken")?;
    let name = choose(&names)?;
    let mut content = Vec::new();
    archive
        .by_name(&name)
        .with_context(|| format!("{name} is unreadable"))?
        .take(LIMIT + 1)
        .read_to_end(&mut content)
        .with_context(|| format!("{name} is unreadable"))?;
    text(&content)
}

fn from_tar(bytes: &[u8]) -> Result<String> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes).entries().context("it is broken")? {
        let entry = entry.context("it is broken")?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        if is_appspec(&name) {
            entry.take(LIMIT + 1).read_to_end(&mut content).context("it is broken")?;
        }
        files.push((name, content));
    }
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let name = choose(&names)?;
    let content = files.into_iter().find(|(it, _)| *it == name).map(|(_, content)| content);
    text(&content.unwrap_or_default())
}

/// CodeDeploy wants one `appspec.yaml` or `appspec.json`; some tools wrap it in a folder.
fn choose(names: &[String]) -> Result<String> {
    let mut found: Vec<&String> = names.iter().filter(|name| is_appspec(name)).collect();
    found.sort_by_key(|name| (depth(name), (*name).clone()));
    match found.as_slice() {
        [] => bail!("there is no appspec.yaml, appspec.yml or appspec.json; it holds {names:?}"),
        [only] => Ok((*only).clone()),
        [first, second, ..] if depth(first) < depth(second) => Ok((*first).clone()),
        [first, second, ..] => bail!("both `{first}` and `{second}` could be the AppSpec"),
    }
}

fn depth(name: &str) -> usize {
    name.trim_start_matches("./").matches('/').count()
}

fn is_appspec(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    matches!(base.as_str(), "appspec.yaml" | "appspec.yml" | "appspec.json")
}

fn text(bytes: &[u8]) -> Result<String> {
    if bytes.len() as u64 > LIMIT {
        bail!("the AppSpec is larger than 1 MiB");
    }
    String::from_utf8(bytes.to_vec()).context("the AppSpec is not UTF-8 text")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn tar(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_kind_of_bundle_gives_the_same_text() {
        let files = [("taskdef.json", "{}"), ("appspec.yaml", "version: 0.0")];
        let check = |bytes: &[u8]| assert_eq!(appspec(bytes).unwrap(), "version: 0.0");
        check(b"version: 0.0");
        check(&zip(&files));
        check(&tar(&files));
        check(&gzip(&tar(&files)));
        check(&gzip(b"version: 0.0"));
        check(&zip(&[("bundle/appspec.yml", "version: 0.0"), ("bundle/x/appspec.yml", "no")]));
        check(&gzip(&tar(&[("bundle/APPSPEC.JSON", "version: 0.0")])));
    }

    #[test]
    fn a_bundle_without_one_appspec_says_what_it_holds() {
        let check = |bytes: &[u8], why: &str| {
            let error = format!("{:#}", appspec(bytes).unwrap_err());
            assert!(error.contains(why), "{error}");
        };
        check(&zip(&[("taskdef.json", "{}")]), "it holds [\"taskdef.json\"]");
        check(&tar(&[("appspec.yaml", "a"), ("appspec.json", "b")]), "both");
        check(b"PK\x03\x04 but no zip", "broken");
        check(&[0x1f, 0x8b, 8, 0, 1], "broken");
        check(&[0xff, 0xfe, 0x00], "not UTF-8");
        check(&vec![b'a'; (LIMIT + 1) as usize], "larger than 1 MiB");
    }
}
