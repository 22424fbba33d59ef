//! The app's database: a file, or a server.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use postgres::NoTls;

/// Where the database is. Shown without the password.
#[derive(Clone)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<postgres::Config>),
}

impl Place {
    pub(crate) fn postgres(url: &str) -> anyhow::Result<Self> {
        // The parser's error doesn't repeat the address, and this message must not either: it may
        // hold a password.
        let config = url
            .parse()
            .context("DATABASE_URL is an address like postgres://app:secret@127.0.0.1:5432/app")?;
        Ok(Self::Postgres(Box::new(config)))
    }

    pub(crate) fn open(&self) -> anyhow::Result<Database> {
        match self {
            Self::Sqlite(path) => {
                rusqlite::Connection::open(path).map(Database::Sqlite).map_err(sqlite_in_words)
            }
            Self::Postgres(config) => config
                .connect(NoTls)
                .map(|client| Database::Postgres(Box::new(client)))
                .map_err(postgres_in_words),
        }
        .with_context(|| format!("cannot open the database {self}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(config) => {
                write!(f, "{} of PostgreSQL", config.get_dbname().unwrap_or("(default)"))
            }
        }
    }
}

/// An open connection.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

impl Database {
    /// Runs one statement whose rows nobody wants.
    pub(crate) fn execute(&mut self, statement: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                connection.execute_batch(statement).map_err(sqlite_in_words)
            }
            Self::Postgres(client) => client.batch_execute(statement).map_err(postgres_in_words),
        }
    }

    /// The first column of a query, which must be text.
    pub(crate) fn column(&mut self, query: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(query).map_err(sqlite_in_words)?;
                let rows = statement.query_map([], |row| row.get(0)).map_err(sqlite_in_words)?;
                rows.collect::<Result<_, _>>().map_err(sqlite_in_words)
            }
            Self::Postgres(client) => {
                let rows = client.query(query, &[]).map_err(postgres_in_words)?;
                rows.iter().map(|row| row.try_get(0).map_err(postgres_in_words)).collect()
            }
        }
    }

    pub(crate) fn has_table(&mut self, name: &str) -> anyhow::Result<bool> {
        let catalogue = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Self::Postgres(_) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
            }
        };
        Ok(self.column(catalogue)?.iter().any(|table| table == name))
    }
}

/// The driver's own words for a refused statement are only "db error": the server's message and its
/// detail line ("Key (email)=(…) is duplicated.") are what a reader needs.
fn postgres_in_words(error: postgres::Error) -> anyhow::Error {
    let Some(refused) = error.as_db_error() else { return error.into() };
    let detail = refused.detail().map(|detail| format!(" {detail}")).unwrap_or_default();
    anyhow::anyhow!("{}: {}.{detail}", refused.severity(), refused.message())
}

/// Without the statement and the error number: who runs a statement names it already.
fn sqlite_in_words(error: rusqlite::Error) -> anyhow::Error {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => anyhow::anyhow!("{msg}"),
        other => anyhow::anyhow!("{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_without_its_password() {
        let place = Place::postgres("postgres://app:hunter2@127.0.0.1:5433/shop").unwrap();
        assert_eq!(place.to_string(), "shop of PostgreSQL");
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let error = Place::postgres("postgres://app:hunter2@host:port/shop").err().unwrap();
        let shown = format!("{error:#}");
        assert!(shown.starts_with("DATABASE_URL is an address like"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_fresh_database_has_no_tables() {
        let mut database = Place::Sqlite(":memory:".into()).open().unwrap();
        assert!(!database.has_table("customers").unwrap());
        database.execute("CREATE TABLE customers (id INTEGER)").unwrap();
        assert!(database.has_table("customers").unwrap());
    }
}
