//! What GitHub answers, and the words it refuses with.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Reply {
    #[expect(clippy::needless_pass_by_value, reason = "as json! gives it")]
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::of(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::of(status, "text/plain; charset=utf-8", body.to_owned())
    }

    /// The page that people see who come at the wrong time.
    pub(super) fn page(status: u16) -> Self {
        let what = match status {
            502 | 504 => "This page is taking too long to load.",
            503 => "GitHub Enterprise is currently down for maintenance.",
            _ => "Something went wrong.",
        };
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>Unicorn!</title></head>\n<body><h1>{what}</h1>\
             </body></html>\n"
        );
        Self::of(status, "text/html; charset=utf-8", page)
    }

    /// A refusal of the REST API.
    pub(super) fn refused(status: u16, message: &str) -> Self {
        Self::json(
            status,
            json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }

    /// Also what somebody gets who may not know that it exists: "GitHub uses a 404 Not Found
    /// response instead of a 403 Forbidden response to avoid confirming the existence".
    pub(super) fn not_found() -> Self {
        Self::refused(404, "Not Found")
    }

    /// A member of the body is missing or wrong.
    pub(super) fn invalid(message: &str) -> Self {
        Self::refused(422, message)
    }

    /// GraphQL's way: 200, with errors.
    pub(super) fn errors(errors: &[Value]) -> Self {
        Self::json(200, json!({"errors": errors}))
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn of(status: u16, kind: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(self.body.into()).expect("a status between 100 and 999, and plain headers")
    }
}
