//! `migrate`: brings the database to where this image needs it.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use crate::database::{Database, Place};
use crate::migrations::{self, Migration};

/// Applies what is pending, one transaction per migration, and stops at the first that fails.
pub(crate) fn run(place: &Place, folder: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let all = migrations::of_image(folder)?;
    let mut database = place.open()?;
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version VARCHAR(100) PRIMARY KEY)",
    )?;
    let pending = migrations::pending(all, &applied(&mut database)?);
    if pending.is_empty() {
        writeln!(out, "nothing to migrate")?;
        return Ok(());
    }
    writeln!(out, "{} to apply to {place}", count(pending.len()))?;
    for migration in &pending {
        writeln!(out, "{}: applying", migration.version)?;
        apply(&mut database, migration)
            .with_context(|| format!("{} failed and was rolled back", migration.version))?;
        writeln!(out, "{}: applied", migration.version)?;
    }
    writeln!(out, "migrated")?;
    Ok(())
}

/// The versions a database has seen, oldest first. None for a database that was never migrated.
pub(crate) fn applied(database: &mut Database) -> anyhow::Result<Vec<String>> {
    if !database.has_table("schema_migrations")? {
        return Ok(Vec::new());
    }
    database.column("SELECT version FROM schema_migrations ORDER BY version")
}

/// Both databases take back `CREATE` and `ALTER` with the transaction.
fn apply(database: &mut Database, migration: &Migration) -> anyhow::Result<()> {
    database.execute("BEGIN")?;
    let done = statements(database, migration).and_then(|()| database.execute("COMMIT"));
    if done.is_err() {
        // The first error is the one to tell; a lost connection has rolled back by itself.
        let _ = database.execute("ROLLBACK");
    }
    done
}

fn statements(database: &mut Database, migration: &Migration) -> anyhow::Result<()> {
    for statement in &migration.statements {
        database.execute(statement).with_context(|| statement.clone())?;
    }
    let seen = format!("INSERT INTO schema_migrations (version) VALUES ('{}')", migration.version);
    database.execute(&seen).with_context(|| seen.clone())
}

fn count(migrations: usize) -> String {
    match migrations {
        1 => "1 migration".to_owned(),
        n => format!("{n} migrations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(statements: &[&str]) -> Migration {
        let statements = statements.iter().map(|it| (*it).to_owned()).collect();
        Migration { version: "007_bond".to_owned(), statements }
    }

    #[test]
    fn a_failed_migration_leaves_nothing_of_itself() {
        let mut database = Place::Sqlite(":memory:".into()).open().unwrap();
        let wrong = migration(&["CREATE TABLE gadgets (id INTEGER)", "CREATE TABLE gadgets (x)"]);
        let error = apply(&mut database, &wrong).unwrap_err();
        assert_eq!(format!("{error:#}"), "CREATE TABLE gadgets (x): table gadgets already exists");
        assert!(!database.has_table("gadgets").unwrap());
        database.execute("BEGIN").unwrap();
    }

    #[test]
    fn the_version_is_recorded_with_the_change_or_not_at_all() {
        let mut database = Place::Sqlite(":memory:".into()).open().unwrap();
        // No schema_migrations table here: recording fails, so the change must go too.
        apply(&mut database, &migration(&["CREATE TABLE gadgets (id INTEGER)"])).unwrap_err();
        assert!(!database.has_table("gadgets").unwrap());
    }
}
