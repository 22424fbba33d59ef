//! What a parameter may be called.

use super::invalid;
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION};

/// AWS: "A hierarchy can have a maximum of 15 levels."
const LEVELS: usize = 15;

/// AWS: "The maximum length for a parameter name that you specify is 1011 characters. This count of
/// 1011 characters includes the characters in the ARN that precede the name you specify."
const LONGEST: usize = 1011;

/// Name or ARN, and the version after it: `/app/url:3`.
pub(super) fn split(reference: &str) -> (&str, Option<&str>) {
    // An ARN has five colons of its own.
    let own = if reference.starts_with("arn:") { 5 } else { 0 };
    match reference.match_indices(':').nth(own) {
        Some((at, _)) => (&reference[..at], Some(&reference[at + 1..])),
        None => (reference, None),
    }
}

/// The name of a new parameter.
///
/// AWS: "Parameter names can include only the following symbols and letters: a-zA-Z0-9_.-  In
/// addition, the slash character ( / ) is used to delineate hierarchies in parameter names."
pub(super) fn of_new(name: &str) -> Result<&str, AwsError> {
    // "The service removes any spaces specified for the beginning or end of a parameter name."
    let name = name.trim_matches(' ');
    let fits = |it: char| it.is_ascii_alphanumeric() || "_.-/".contains(it);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a \
             path, it can consist of sub-paths divided by slash symbol; each sub-path can be \
             formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    // "A parameter name can't be prefixed with "aws" or "ssm" (case-insensitive)."
    let plain = name.trim_start_matches('/').to_ascii_lowercase();
    if plain.starts_with("aws") || plain.starts_with("ssm") {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    // "For parameters in a hierarchy, you must include a leading forward slash character (/) when
    // you create or reference a parameter."
    let levels: Vec<&str> = name.strip_prefix('/').unwrap_or(name).split('/').collect();
    if levels.contains(&"") || (levels.len() > 1 && !name.starts_with('/')) {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if levels.len() > LEVELS {
        let message = format!("A hierarchy can have a maximum of {LEVELS} levels.");
        return Err(AwsError::bad("HierarchyLevelLimitExceededException", message));
    }
    let before = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/").len();
    if before + name.len() > LONGEST {
        return Err(invalid(format!("Parameter name: must be at most {LONGEST} characters long.")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_a_name_or_an_arn() {
        let arn = "arn:aws:ssm:eu-west-2:123456789012:parameter/app/url";
        for (reference, expected) in [
            ("/app/url", ("/app/url", None)),
            ("/app/url:3", ("/app/url", Some("3"))),
            (arn, (arn, None)),
            (&format!("{arn}:3"), (arn, Some("3"))),
        ] {
            assert_eq!(split(reference), expected);
        }
    }

    #[test]
    fn a_name_has_levels_letters_and_no_reserved_prefix() {
        let deep = "/a".repeat(15);
        for name in ["url", "/url", "/app/live.db_url-1", &deep, " url "] {
            assert!(of_new(name).is_ok(), "{name}");
        }
        let deeper = "/a".repeat(16);
        let long = "x".repeat(1011);
        let wrong = [
            "",
            "a b",
            "a:1",
            "app/url",
            "/app/",
            "/app//url",
            "//app",
            "aws",
            "/AWS/x",
            "ssm-x",
            "/ssm/x",
            &deeper,
            &long,
        ];
        for name in wrong {
            assert!(of_new(name).is_err(), "{name}");
        }
    }
}
