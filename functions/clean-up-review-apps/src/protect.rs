//! Tags that keep an app.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::kind::Kind;
use crate::resource::{Key, Resource, Tags};
use crate::rules::{Claim, Rules, Seen, stack_of};

/// Why a resource, and with it its whole app, is protected now.
///
/// The tag's value is a moment until which it is, `2026-12-01` or `2026-12-01T18:00:00Z`; `false` means not
/// at all. Anything else protects, for what can't be read was certainly meant.
pub(crate) fn protection(rules: &Rules, it: &Resource, now: Timestamp) -> Option<String> {
    let (tag, value) = it.tags.get_key_value(&rules.protect_tag)?;
    match until(value) {
        Until::Never => None,
        Until::Moment(moment) if moment <= now => None,
        Until::Moment(moment) => Some(format!("{} has the tag {tag} until {moment}", it.key)),
        Until::Always => Some(format!("{} has the tag {tag}", it.key)),
        Until::Unreadable => {
            Some(format!("{} has the tag {tag}, and its value `{value}` is no date", it.key))
        }
    }
}

/// Whose apps are protected by a resource that the tagging API names, whatever kind it is. It may name what is
/// gone: that keeps an app a while longer, and nothing worse.
pub(crate) fn hints(
    rules: &Rules,
    tagged: &BTreeMap<String, Tags>,
    seen: &Seen,
    now: Timestamp,
) -> BTreeMap<u32, String> {
    let mut protected = BTreeMap::new();
    for (arn, tags) in tagged.iter().filter(|it| it.1.contains_key(&rules.protect_tag)) {
        let name = arn.rsplit(['/', ':']).next().unwrap_or(arn);
        // An ARN ends with a name, or with a name and something after it.
        let path = arn.splitn(6, ':').nth(5).unwrap_or(arn);
        let whole = path.split_once([':', '/']).map_or(path, |it| it.1);
        let named = tags.get("Name").map(String::as_str);
        let names = path.split(['/', ':']).chain([name, whole]).chain(named);
        // What a stack would take along protects the stack.
        let stack = stack_of(tags).and_then(|it| seen.get(&Key::new(Kind::Stack, it)));
        if let Some(stack) = stack
            && let Claim::Of(number) = rules.claim(stack, seen)
            && let Some(why) =
                protection(rules, &Resource::new(stack.key.clone(), arn).tags(tags.clone()), now)
        {
            protected.entry(number).or_insert(why);
        }
        for name in names {
            for kind in Kind::ALL {
                let it = Resource::new(Key::new(kind, arn), name).tags(tags.clone());
                if let Claim::Of(number) = rules.claim(&it, &Seen::new())
                    && let Some(why) = protection(rules, &it, now)
                {
                    protected.entry(number).or_insert(why);
                }
            }
        }
    }
    protected
}

#[derive(Debug, PartialEq)]
enum Until {
    Never,
    Always,
    Moment(Timestamp),
    Unreadable,
}

fn until(value: &str) -> Until {
    let value = value.trim();
    if value.eq_ignore_ascii_case("false") {
        return Until::Never;
    }
    if value.is_empty() || ["true", "yes", "1"].iter().any(|it| value.eq_ignore_ascii_case(it)) {
        return Until::Always;
    }
    // A day protects to its end.
    let day = || -> Option<Timestamp> {
        let next = value.parse::<Date>().ok()?.tomorrow().ok()?;
        Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let day = if value.len() == 10 { day() } else { None };
    match day.or_else(|| value.parse::<Timestamp>().ok()) {
        Some(moment) => Until::Moment(moment),
        None => Until::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cant_be_read_protects() {
        let moment = |text: &str| Until::Moment(text.parse().unwrap());
        for (value, expected) in [
            ("true", Until::Always),
            ("", Until::Always),
            ("YES", Until::Always),
            ("false", Until::Never),
            ("2026-12-01", moment("2026-12-02T00:00:00Z")),
            ("2026-12-01T18:00:00Z", moment("2026-12-01T18:00:00Z")),
            ("2026-12-01T18:00:00+02:00", moment("2026-12-01T16:00:00Z")),
            ("2026-13-45", Until::Unreadable),
            ("banana", Until::Unreadable),
            ("no", Until::Unreadable),
            ("next week", Until::Unreadable),
        ] {
            assert_eq!(until(value), expected, "{value}");
        }
    }
}
