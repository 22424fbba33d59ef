//! The three images, run as ECS would run them: the program in a folder with its migrations.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails its test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A database of its own for every test, removed with it.
struct Database(PathBuf);

impl Database {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sample-app-{}-{next}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn command(&self, image: &str, arguments: &[&str]) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(image);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sample-app"));
        command.args(arguments).current_dir(folder).env_clear();
        command.env("DATABASE_PATH", self.0.join("app.sqlite3"));
        command
    }

    /// Exit code, what was printed, and what was said on stderr.
    fn run(&self, image: &str, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(image, arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn migrated(image: &str) -> Self {
        let it = Self::new();
        let (code, _, errors) = it.run(image, &["migrate"]);
        assert_eq!(code, 0, "{errors}");
        it
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `serve` on a free port, ended with the test.
struct Server(Child, String);

impl Server {
    fn start(database: &Database, image: &str) -> Self {
        let mut command = database.command(image, &["serve"]);
        let mut child = command.env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving on http://").unwrap().to_owned();
        Self(child, address)
    }

    fn request(&self, line: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        write!(stream, "{line} HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_second_image_migrates_what_the_first_one_left() {
    let database = Database::migrated("v1");
    let (code, printed, errors) = database.run("v2", &["migrate"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let lines: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(lines, ["002_add_name: applying", "002_add_name: applied", "migrated"]);
}

#[test]
fn migrating_twice_is_migrating_once() {
    let database = Database::migrated("v2");
    let again = database.run("v2", &["migrate"]);
    assert_eq!(again, (0, "nothing to migrate\n".to_owned(), String::new()));
}

#[test]
fn an_older_image_finds_nothing_to_migrate() {
    let database = Database::migrated("v2");
    assert_eq!(database.run("v1", &["migrate"]).1, "nothing to migrate\n");
}

#[test]
fn the_third_image_fails_and_names_the_statement_and_the_reason() {
    let database = Database::migrated("v2");
    let (code, printed, errors) = database.run("v3", &["migrate"]);
    assert_eq!(code, 1);
    assert!(printed.ends_with("003_unique_email: applying\n"), "{printed}");
    assert_eq!(
        errors,
        "003_unique_email failed and was rolled back: \
         CREATE UNIQUE INDEX customers_email ON customers (email): \
         UNIQUE constraint failed: customers.email\n"
    );
}

#[test]
fn after_the_failed_migration_the_old_image_still_works_and_trying_again_fails_alike() {
    let database = Database::migrated("v2");
    let first = database.run("v3", &["migrate"]);
    let second = database.run("v3", &["migrate"]);
    // The same error twice: the column added before the failing statement went with it.
    assert_eq!(first, second);
    assert_eq!(database.run("v2", &["jobs", "count-customers"]).1, "3 customers\n");
}

#[test]
fn a_failure_in_the_middle_keeps_the_migrations_before_it() {
    let database = Database::new();
    assert_eq!(database.run("v3", &["migrate"]).0, 1);
    assert_eq!(database.run("v2", &["migrate"]).1, "nothing to migrate\n");
}

#[test]
fn a_job_reads_the_rows_and_says_how_many() {
    let database = Database::migrated("v1");
    let (code, printed, _) = database.run("v1", &["jobs", "send-reminders"]);
    assert_eq!(code, 0);
    assert!(printed.ends_with("reminding ada@example.com\n3 reminders sent\n"), "{printed}");
}

#[test]
fn a_job_without_its_table_fails() {
    let (code, _, errors) = Database::new().run("v1", &["jobs", "send-reminders"]);
    assert_eq!(code, 1);
    assert!(errors.contains("no such table: customers"), "{errors}");
}

#[test]
fn wrong_usage_is_told_apart_from_failed_work() {
    let database = Database::new();
    for arguments in [&[][..], &["migrated"], &["jobs"], &["jobs", "send-invoices"]] {
        let (code, _, errors) = database.run("v1", arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(errors.contains("usage: sample-app COMMAND"), "{errors}");
    }
}

#[test]
fn an_image_without_migrations_folder_fails() {
    let database = Database::new();
    let mut command = database.command("v1", &["migrate"]);
    let output = command.env("MIGRATIONS", "nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with("cannot read the migrations in nowhere"), "{errors}");
}

#[test]
fn each_image_carries_the_migrations_of_the_one_before_unchanged() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    for (older, newer) in [("v1", "v2"), ("v2", "v3")] {
        for file in std::fs::read_dir(images.join(older).join("migrations")).unwrap() {
            let file = file.unwrap();
            let carried = images.join(newer).join("migrations").join(file.file_name());
            assert_eq!(std::fs::read(file.path()).unwrap(), std::fs::read(carried).unwrap());
        }
    }
}

#[test]
fn the_page_shows_the_schema_of_the_database_and_of_the_image() {
    let database = Database::migrated("v1");
    let server = Server::start(&database, "v2");
    let ok = "HTTP/1.1 200 OK".to_owned();
    let before = "schema 001_create_customers, image 002_add_name\n".to_owned();
    assert_eq!(server.request("GET /"), (ok.clone(), before));
    database.run("v2", &["migrate"]);
    let after = "schema 002_add_name, image 002_add_name\n".to_owned();
    assert_eq!(server.request("GET /"), (ok, after));
}

#[test]
fn a_database_never_migrated_is_served_too() {
    let database = Database::new();
    let server = Server::start(&database, "v1");
    assert_eq!(server.request("GET /").1, "schema none, image 001_create_customers\n");
    assert_eq!(server.request("GET /health").1, "healthy\n");
    assert_eq!(server.request("GET /admin").0, "HTTP/1.1 404 Not Found");
    assert_eq!(server.request("DELETE /").0, "HTTP/1.1 405 Method Not Allowed");
}
