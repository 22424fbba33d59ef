//! Schedule expressions of `EventBridge` and `EventBridge` Scheduler, evaluated in UTC.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// When something is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// `rate(5 minutes)`: again and again, counted from the moment it was set.
    Rate(Duration),
    /// `cron(0 8 ? * MON-FRI *)`.
    Cron(Cron),
    /// `at(2026-11-21T08:00:00)`: once. Only `EventBridge` Scheduler knows it.
    At(Timestamp),
}

/// The six fields of a cron expression, each as the set of values it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    /// `None` where the field is `?`.
    days_of_month: Option<BTreeSet<u16>>,
    months: BTreeSet<u16>,
    /// 1 is Sunday. `None` where the field is `?`.
    days_of_week: Option<BTreeSet<u16>>,
    years: BTreeSet<u16>,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Expression {
    /// Reads an expression; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (kind, inside) = text
            .strip_suffix(')')
            .and_then(|it| it.split_once('('))
            .ok_or("Parameter ScheduleExpression is not valid.")?;
        match kind {
            "rate" => rate(inside).map(Self::Rate),
            "cron" => Cron::parse(inside).map(Self::Cron),
            "at" => inside
                .parse::<DateTime>()
                .ok()
                .and_then(|it| it.to_zoned(TimeZone::UTC).ok())
                .map(|it| Self::At(it.timestamp()))
                .ok_or_else(|| format!("Invalid Schedule Expression at({inside}).")),
            _ => Err("Parameter ScheduleExpression is not valid.".to_owned()),
        }
    }

    /// The first moment after `now` that it names; `since` is when it was set.
    pub(crate) fn next_after(&self, now: Timestamp, since: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(every) => {
                let passed = now.duration_since(since).as_millis().max(0);
                let every = i128::try_from(every.as_millis()).ok()?;
                let ahead = (passed / every + 1) * every;
                Some(since + SignedDuration::from_millis(i64::try_from(ahead).ok()?))
            }
            Self::Cron(cron) => cron.next_after(now),
            Self::At(moment) => (*moment > now).then_some(*moment),
        }
    }
}

/// AWS wants the unit in the singular for 1 and in the plural for more.
fn rate(inside: &str) -> Result<Duration, String> {
    let wrong = || format!("Parameter ScheduleExpression is not valid: rate({inside})");
    let (value, unit) = inside.split_once(' ').ok_or_else(wrong)?;
    let value: u64 = value.parse().map_err(|_| wrong())?;
    let seconds = match (value, unit) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 3600,
        (1, "day") | (2.., "days") => 86_400,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(value.saturating_mul(seconds).min(10_000 * 86_400)))
}

impl Cron {
    fn parse(inside: &str) -> Result<Self, String> {
        let fields: Vec<&str> = inside.split_whitespace().collect();
        let [minutes, hours, dom, months, dow, years] = fields.as_slice() else {
            return Err(format!(
                "Parameter ScheduleExpression is not valid: cron has six fields, not {}",
                fields.len()
            ));
        };
        // "You can't specify the Day-of-month and Day-of-week fields in the same cron expression.
        // If you specify a value or a * (asterisk) in one of the fields, you must use a ?
        // (question mark) in the other."
        if (*dom == "?") == (*dow == "?") {
            return Err("Parameter ScheduleExpression is not valid: exactly one of day-of-month \
                        and day-of-week must be ?"
                .to_owned());
        }
        let day = |field: &str, from, to, names: &[&str]| match field {
            "?" => Ok(None),
            field => values(field, from, to, names).map(Some),
        };
        Ok(Self {
            minutes: values(minutes, 0, 59, &[])?,
            hours: values(hours, 0, 23, &[])?,
            days_of_month: day(dom, 1, 31, &[])?,
            months: values(months, 1, 12, &MONTHS)?,
            days_of_week: day(dow, 1, 7, &DAYS)?,
            years: values(years, 1970, 2199, &[])?,
        })
    }

    fn allows(&self, date: Date) -> bool {
        let number = |it: i8| u16::try_from(it).unwrap_or_default();
        let weekday = number(date.weekday().to_sunday_one_offset());
        self.years.contains(&u16::try_from(date.year()).unwrap_or_default())
            && self.months.contains(&number(date.month()))
            && self.days_of_month.as_ref().is_none_or(|it| it.contains(&number(date.day())))
            && self.days_of_week.as_ref().is_none_or(|it| it.contains(&weekday))
    }

    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let last_year = i16::try_from(*self.years.last()?).ok()?;
        let mut date = now.to_zoned(TimeZone::UTC).date();
        while date.year() <= last_year {
            if self.allows(date) {
                for hour in &self.hours {
                    for minute in &self.minutes {
                        let hour = i8::try_from(*hour).ok()?;
                        let minute = i8::try_from(*minute).ok()?;
                        let at = date.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).ok()?;
                        if at.timestamp() > now {
                            return Some(at.timestamp());
                        }
                    }
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }
}

/// One field: `*`, values, names, lists, ranges and steps.
fn values(field: &str, from: u16, to: u16, names: &[&str]) -> Result<BTreeSet<u16>, String> {
    let wrong = || format!("Parameter ScheduleExpression is not valid: {field}");
    let value = |text: &str| {
        let upper = text.to_ascii_uppercase();
        let named = names.iter().position(|it| *it == upper).and_then(|it| u16::try_from(it).ok());
        let value = named.map(|it| it + from).or_else(|| text.parse().ok());
        value.filter(|it| (from..=to).contains(it))
    };
    let mut all = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().map_err(|_| wrong())?),
            None => (part, 1_u16),
        };
        let (first, last) = match (range, range.split_once('-')) {
            ("*", _) => (from, to),
            (_, Some((first, last))) => {
                (value(first).ok_or_else(wrong)?, value(last).ok_or_else(wrong)?)
            }
            (single, None) => match value(single) {
                // A step counts from the value to the end of the field.
                Some(first) if part.contains('/') => (first, to),
                Some(only) => (only, only),
                None if single.contains(['L', 'W', '#']) => {
                    return Err(format!("local-aws lacks L, W and # in cron expressions: {field}"));
                }
                None => return Err(wrong()),
            },
        };
        if step == 0 || first > last {
            return Err(wrong());
        }
        all.extend((first..=last).step_by(usize::from(step)));
    }
    Ok(all)
}
