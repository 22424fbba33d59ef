//! `serve`: the web app. One request at a time is plenty for what it is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::database::Place;
use crate::migrate;
use crate::migrations;

/// A client that sends nothing must not keep the health check waiting.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any real request line, so that a client can't fill the memory.
const LONGEST_REQUEST_LINE: u64 = 8 * 1024;

pub(crate) fn run(
    place: &Place,
    folder: &Path,
    port: u16,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    // Loopback only: this app answers anybody who asks.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    writeln!(out, "serving on http://{}", listener.local_addr()?)?;
    out.flush()?;
    for client in listener.incoming().flatten() {
        // A client that goes away is its own problem, never the server's.
        let _ = answer(client, place, folder);
    }
    Ok(())
}

fn answer(mut client: TcpStream, place: &Place, folder: &Path) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new((&client).take(LONGEST_REQUEST_LINE)).read_line(&mut line)?;
    let (status, body) = match line.split_whitespace().take(2).collect::<Vec<_>>().as_slice() {
        ["GET", "/"] => page(place, folder),
        ["GET", "/health"] => ("200 OK", "healthy\n".to_owned()),
        ["GET", _] => ("404 Not Found", "there is nothing here\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    client.write_all(format!("{head}{body}").as_bytes())
}

fn page(place: &Place, folder: &Path) -> (&'static str, String) {
    match versions(place, folder) {
        Ok(versions) => ("200 OK", versions),
        Err(error) => ("503 Service Unavailable", format!("{error:#}\n")),
    }
}

fn versions(place: &Place, folder: &Path) -> anyhow::Result<String> {
    let of_image = migrations::of_image(folder)?.pop().map(|newest| newest.version);
    let of_database = migrate::applied(&mut place.open()?)?.pop();
    let or_none = |version: Option<String>| version.unwrap_or_else(|| "none".to_owned());
    Ok(format!("schema {}, image {}\n", or_none(of_database), or_none(of_image)))
}
