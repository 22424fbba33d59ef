//! The migrations an image carries, and which of them a database still needs.

use std::path::Path;

use anyhow::{Context, ensure};

/// One file of the `migrations` folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migration {
    /// The file's name without `.sql`, e.g. `002_add_name`.
    pub(crate) version: String,
    pub(crate) statements: Vec<String>,
}

/// The image's migrations in the order of their names.
pub(crate) fn of_image(folder: &Path) -> anyhow::Result<Vec<Migration>> {
    let which = || format!("cannot read the migrations in {}", folder.display());
    let mut migrations = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(which)? {
        let path = entry.with_context(which)?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let version = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(is_plain(&version), "the migration {version:?} needs a name like 002_add_name");
        let sql = std::fs::read_to_string(&path).with_context(|| format!("{version}.sql"))?;
        migrations.push(Migration { version, statements: statements(&sql) });
    }
    migrations.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(migrations)
}

/// What the database hasn't seen, in order.
pub(crate) fn pending(all: Vec<Migration>, applied: &[String]) -> Vec<Migration> {
    all.into_iter().filter(|migration| !applied.contains(&migration.version)).collect()
}

/// Versions are written into SQL as they are, so they may hold nothing that SQL could understand.
fn is_plain(version: &str) -> bool {
    !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A statement ends with a semicolon at the end of a line. That is all the SQL this app has to know
/// to say which statement failed.
fn statements(sql: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut current = String::new();
    for line in sql.lines().map(str::trim_end) {
        if line.is_empty() || line.trim_start().starts_with("--") {
            continue;
        }
        if !current.is_empty() {
            current.push('\n');
        }
        match line.strip_suffix(';') {
            Some(last) => {
                current.push_str(last);
                done.push(std::mem::take(&mut current));
            }
            None => current.push_str(line),
        }
    }
    if !current.is_empty() {
        done.push(current);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(versions: &[&str]) -> Vec<Migration> {
        let migration = |it: &&str| Migration { version: (*it).to_owned(), statements: vec![] };
        versions.iter().map(migration).collect()
    }

    #[test]
    fn a_file_is_cut_into_its_statements() {
        #[track_caller]
        fn check(sql: &str, expected: &[&str]) {
            assert_eq!(statements(sql), expected);
        }
        check("", &[]);
        check("-- only a comment\n", &[]);
        check("SELECT 1;", &["SELECT 1"]);
        check("SELECT 1;\n\nSELECT 2;\n", &["SELECT 1", "SELECT 2"]);
        check("SELECT\n  1;\n", &["SELECT\n  1"]);
        check("SELECT 1; SELECT 2;", &["SELECT 1; SELECT 2"]);
        check("SELECT 1;\r\n-- why\r\nSELECT 2", &["SELECT 1", "SELECT 2"]);
        check("SELECT 'a;b';", &["SELECT 'a;b'"]);
    }

    #[test]
    fn what_was_applied_is_not_pending() {
        let all = named(&["001", "002", "003"]);
        let pending = |applied: &[&str]| {
            let applied: Vec<String> = applied.iter().map(|it| (*it).to_owned()).collect();
            pending(all.clone(), &applied)
        };
        assert_eq!(pending(&[]), all);
        assert_eq!(pending(&["001", "002"]), named(&["003"]));
        assert_eq!(pending(&["003", "002", "001", "004"]), []);
    }

    #[test]
    fn versions_hold_nothing_that_sql_understands() {
        assert!(is_plain("002_add_name"));
        for wrong in ["", "2'); DROP TABLE customers; --", "add name", "naïve"] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
