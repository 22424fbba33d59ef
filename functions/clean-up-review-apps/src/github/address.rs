//! Where GitHub is.

use http::Uri;

/// The addresses of one GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Scheme, host and port: what the token is sent to, and nothing else.
    pub(crate) origin: String,
    /// In front of every path of the REST API; ends without a slash.
    pub(crate) rest: String,
    /// Where GraphQL is answered.
    pub(crate) graphql: String,
}

/// Reads `https://api.github.com`, `https://api.acme.ghe.com` or the address of a GitHub Enterprise Server:
/// `https://github.example.com`, with or without `/api/v3`.
///
/// # Errors
/// It is no such address; says which it should be.
pub fn base(url: &str) -> Result<Base, String> {
    let wrong =
        |why: &str| format!("{why}: expected https://api.github.com or https://<your server>");
    let uri: Uri = url.trim().parse().map_err(|_| wrong("this is no address"))?;
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let local = matches!(host.as_str(), "127.0.0.1" | "localhost");
    match uri.scheme_str() {
        Some("https") => (),
        Some("http") if local => (),
        _ => return Err(wrong("a token is only sent over https")),
    }
    let port = match uri.port() {
        Some(port) => format!(":{port}"),
        None => String::new(),
    };
    let authority = uri.authority().map(|it| it.as_str().to_ascii_lowercase());
    if host.is_empty() || authority != Some(format!("{host}{port}")) || uri.query().is_some() {
        return Err(wrong("there is more in it than a host"));
    }
    let origin = format!("{}://{host}{port}", uri.scheme_str().unwrap_or_default());
    let path = uri.path().trim_end_matches('/');
    let is_cloud =
        host == "api.github.com" || (host.starts_with("api.") && host.ends_with(".ghe.com"));
    match path {
        "" if is_cloud => {
            let graphql = format!("{origin}/graphql");
            Ok(Base { rest: origin.clone(), graphql, origin })
        }
        _ if is_cloud => Err(wrong("this address has a path too many")),
        _ if host == "github.com" || host.ends_with(".ghe.com") => {
            Err(wrong("the API has another host, which begins with api."))
        }
        "" | "/api/v3" => {
            let (rest, graphql) = (format!("{origin}/api/v3"), format!("{origin}/api/graphql"));
            Ok(Base { rest, graphql, origin })
        }
        // On one machine it shares a port with AWS.
        _ if local => {
            let (rest, graphql) =
                (format!("{origin}{path}/api/v3"), format!("{origin}{path}/api/graphql"));
            Ok(Base { rest, graphql, origin })
        }
        _ => Err(wrong("this address has a path too many")),
    }
}

impl Base {
    /// Where a redirect leads, if it stays where the token may be sent.
    pub(crate) fn same_host(&self, location: &str) -> Option<String> {
        let uri: Uri = location.parse().ok()?;
        let Some(authority) = uri.authority() else {
            let is_path = location.starts_with('/') && !location.starts_with("//");
            return is_path.then(|| format!("{}{location}", self.origin));
        };
        let origin = format!("{}://{authority}", uri.scheme_str()?);
        let path = uri.path_and_query().map_or("", |it| it.as_str());
        origin.eq_ignore_ascii_case(&self.origin).then(|| format!("{}{path}", self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_it_leads_to_the_same_place() {
        let check = |url: &str, rest: &str, graphql: &str| {
            let base = base(url).unwrap();
            assert_eq!((base.rest.as_str(), base.graphql.as_str()), (rest, graphql), "{url}");
        };
        let cloud = "https://api.github.com";
        check("https://api.github.com", cloud, "https://api.github.com/graphql");
        check("https://API.github.com/", cloud, "https://api.github.com/graphql");
        let residency = "https://api.acme.ghe.com";
        check(residency, residency, "https://api.acme.ghe.com/graphql");
        for url in ["", "/", "/api/v3", "/api/v3/"].map(|it| format!("https://git.acme.com{it}")) {
            check(&url, "https://git.acme.com/api/v3", "https://git.acme.com/api/graphql");
        }
        let local = "http://127.0.0.1:8080/api/v3";
        check("http://127.0.0.1:8080", local, "http://127.0.0.1:8080/api/graphql");
        let local = "http://127.0.0.1:8080/_github/api";
        check("http://127.0.0.1:8080/_github", &format!("{local}/v3"), &format!("{local}/graphql"));
    }

    #[test]
    fn a_token_goes_nowhere_else() {
        for url in [
            "",
            "api.github.com",
            "http://api.github.com",
            "http://127.0.0.1.evil.example",
            "https://github.com",
            "https://acme.ghe.com",
            "https://api.github.com/repos",
            "https://git.acme.com/api/v4",
            "https://git.acme.com?x=1",
            "https://user@git.acme.com",
            "ftp://git.acme.com",
        ] {
            assert!(base(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_redirect_stays_on_its_host() {
        let check = |location: &str, expected: Option<&str>| {
            let base = base("https://git.acme.com").unwrap();
            assert_eq!(base.same_host(location).as_deref(), expected, "{location}");
        };
        let there = Some("https://git.acme.com/api/v3/repositories/7/pulls/1?a=b");
        check("https://git.acme.com/api/v3/repositories/7/pulls/1?a=b", there);
        check("/api/v3/repositories/7/pulls/1?a=b", there);
        check("https://git.acme.com.evil.example/api/v3", None);
        check("https://evil@git.acme.com/api/v3", None);
        check("http://git.acme.com/api/v3", None);
        check("https://git.acme.com:444/api/v3", None);
        check("//evil.example/api/v3", None);
        check("repositories/7", None);
        check("", None);
    }
}
