//! Domain names as Route 53 keeps and sorts them.

/// A name as Route 53 answers it: in lowercase, with its last dot, other characters as octal
/// escapes; `None` if it is no domain name.
///
/// AWS: "If the domain name includes any characters other than a to z, 0 to 9, - (hyphen), or _
/// (underscore), Route 53 API actions return the characters as escape codes."
pub(super) fn domain(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.len() > 254 || !name.split('.').all(|it| (1..=63).contains(&it.len())) {
        return None;
    }
    let mut escaped = String::new();
    for it in name.chars() {
        match it {
            // A backslash begins an escape that is kept as it came.
            'a'..='z' | '0'..='9' | '-' | '_' | '.' | '\\' => escaped.push(it),
            it if it.is_ascii_graphic() => escaped.push_str(&format!("\\{:03o}", it as u32)),
            _ => return None,
        }
    }
    Some(escaped + ".")
}

/// AWS: "`ListResourceRecordSets` sorts results first by DNS name with the labels reversed, for
/// example: `com.example.www.` Note the trailing dot".
pub(super) fn reversed(domain: &str) -> String {
    let labels = domain.trim_end_matches('.').rsplit('.');
    labels.map(|it| format!("{it}.")).collect()
}

/// Whether a name is the zone's own or below it.
pub(super) fn is_in(domain: &str, zone: &str) -> bool {
    domain.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
