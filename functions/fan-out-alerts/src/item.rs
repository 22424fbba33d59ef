//! What waits in the queues: one alert for one destination.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::notice::{Field, Link, Notice};
use crate::outcome::Why;

/// SQS takes 1 MiB in all.
const MOST: usize = 1_000_000;
/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(900);
/// The shortest, where the first attempt may have arrived: whatever swallowed its answer should be over.
const UNSURE: Duration = Duration::from_secs(120);
/// An alert that is older says so.
const LATE: SignedDuration = SignedDuration::from_secs(300);

/// One alert for one destination, in the retry queue or in the failed queue. Both have the same form, so
/// that what has failed can be moved back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// `delivery/1`.
    pub(crate) quayside: String,
    /// Who is to be told.
    pub(crate) destination: String,
    /// When it was tried first.
    pub(crate) first_tried: Timestamp,
    /// Whether it may have arrived already.
    #[serde(default)]
    pub(crate) unsure: bool,
    /// Whether it stands in for another destination.
    #[serde(default)]
    pub(crate) instead: bool,
    /// The page with the whole event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) full: Option<Link>,
    /// Why it is here.
    pub(crate) why: Why,
    /// Since when it has failed for good; only in the failed queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Timestamp>,
    /// Whether somebody has moved it back from the failed queue.
    #[serde(skip)]
    pub(crate) moved_back: bool,
    /// The alert.
    pub(crate) notice: Notice,
}

const VERSION: &str = "delivery/1";

impl Item {
    /// An alert that is to be tried later.
    pub(crate) fn new(destination: &str, notice: &Notice, why: Why, now: Timestamp) -> Self {
        Self {
            quayside: VERSION.to_owned(),
            destination: destination.to_owned(),
            first_tried: now,
            unsure: false,
            instead: false,
            full: None,
            why,
            failed: None,
            moved_back: false,
            notice: notice.clone(),
        }
    }

    /// The item in a message, if it is one of ours. Whoever moves it back from the failed queue wants it
    /// to be tried from the beginning.
    pub(crate) fn read(body: &str) -> Option<Self> {
        let item: Self =
            serde_json::from_str(body).ok().filter(|it: &Self| it.quayside == VERSION)?;
        let moved_back = item.failed.is_some();
        Some(Self { failed: None, unsure: item.unsure && !moved_back, moved_back, ..item })
    }

    /// The message. An alert that is too large for a queue, or too deep to be read back, loses the least
    /// readable first: what it came as, then its log and the ends of its texts.
    pub(crate) fn body(&self) -> String {
        let fits = |body: &String| body.len() <= MOST && Self::read(body).is_some();
        let whole = self.json();
        if fits(&whole) {
            return whole;
        }
        let mut item = self.clone();
        item.notice.original = json!({"left_out": "too large", "bytes": whole.len()});
        let without = item.json();
        if fits(&without) {
            return without;
        }
        // A byte may become six in JSON.
        let cut = |text: &mut String, most: usize| text.truncate(text.floor_char_boundary(most));
        let notice = &mut item.notice;
        notice.lines.clear();
        notice.attributes.clear();
        notice.fields.truncate(30);
        notice.links.retain(|it| it.url.len() <= 2_048);
        notice.links.truncate(5);
        notice.fields.iter_mut().for_each(|it| {
            cut(&mut it.name, 200);
            cut(&mut it.value, 1_000);
        });
        notice.links.iter_mut().for_each(|it| cut(&mut it.title, 200));
        let texts = [&mut notice.title, &mut notice.text, &mut notice.kind, &mut notice.source];
        let ids = [&mut notice.dedup_key, &mut notice.id];
        let places = [&mut notice.resource, &mut notice.account, &mut notice.region];
        let places = places.into_iter().chain([&mut notice.topic]).flatten();
        texts.into_iter().chain(ids).chain(places).for_each(|it| cut(it, 8_000));
        item.json()
    }

    /// SQS takes no message with the two characters of Unicode that are none.
    fn json(&self) -> String {
        let body = json!(self).to_string();
        body.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff")
    }

    /// How long to wait after this many attempts: 5 seconds, doubled each time up to a quarter of an hour;
    /// two minutes at least if the next answer is the last one that counts; as long as the destination asks
    /// for; and up to a quarter longer, so that what failed together doesn't come back together.
    pub(crate) fn wait(&self, attempts: u32, asked: Option<Duration>) -> Duration {
        let doubled = 5_u64.saturating_mul(1 << attempts.saturating_sub(1).min(10));
        let base = Duration::from_secs(doubled).min(LONGEST);
        let base = if self.unsure { base.max(UNSURE) } else { base };
        let base = base.max(asked.unwrap_or_default()).min(Duration::from_secs(12 * 3600));
        let id = self.notice.id.bytes();
        let spread = id.fold(7_u32, |it, byte| it.wrapping_mul(31) + u32::from(byte)) % 100;
        base + base * spread / 400
    }

    /// The alert, which says so if it comes late.
    pub(crate) fn late(&self, sent: Option<Timestamp>, now: Timestamp) -> Notice {
        let mut notice = self.notice.clone();
        let since = sent.map_or(self.first_tried, |it| it.min(self.first_tried));
        if now.duration_since(since) >= LATE {
            let value = format!("was first tried at {since:.0}");
            notice.fields.insert(0, Field { name: "Late".to_owned(), value });
        }
        notice
    }
}

/// Whether a message is one of ours, readable or not.
pub(crate) fn is_ours(body: &str) -> bool {
    body.starts_with('{') && body.contains("\"quayside\":\"delivery/")
}

/// The `Records` of a batch from SQS.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Names the message in the answer.
    pub(crate) message_id: String,
    /// Names this delivery of the message.
    pub(crate) receipt: String,
    /// The queue's ARN.
    pub(crate) queue: String,
    /// How often it was delivered, this time included.
    pub(crate) attempts: u32,
    /// When it came into the queue.
    pub(crate) sent: Option<Timestamp>,
    /// The message.
    pub(crate) body: String,
    /// The whole, as the only record of an event.
    pub(crate) event: Value,
}

/// The records, if the event is a batch from SQS.
pub(crate) fn records(event: &Value) -> Option<Vec<Record>> {
    let records = event.get("Records")?.as_array()?;
    let ours = |it: &Value| it.get("eventSource").is_some_and(|it| it == "aws:sqs");
    (!records.is_empty() && records.iter().all(ours))
        .then(|| records.iter().map(Record::read).collect())
}

impl Record {
    fn read(record: &Value) -> Self {
        let text = |path: &str| {
            record.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let sent = text("/attributes/SentTimestamp").parse().ok();
        Self {
            message_id: text("/messageId"),
            receipt: text("/receiptHandle"),
            queue: text("/eventSourceARN"),
            attempts: text("/attributes/ApproximateReceiveCount").parse().unwrap_or(1),
            sent: sent.and_then(|it| Timestamp::from_millisecond(it).ok()),
            body: text("/body"),
            event: json!({"Records": [record]}),
        }
    }
}

/// The event that a failure record of this very function keeps.
pub(crate) fn replayed<'a>(event: &'a Value, function: Option<&str>) -> &'a Value {
    let of = event.pointer("/requestContext/functionArn").and_then(Value::as_str);
    // Either may have a qualifier behind the name.
    let name = |arn: &str| arn.split(':').take(7).map(str::to_owned).collect::<Vec<_>>();
    match (of, function, event.get("requestPayload")) {
        (Some(of), Some(function), Some(payload)) if name(of) == name(function) => payload,
        _ => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;

    fn item(notice: &Notice) -> Item {
        let why = Why::new(Reason::ServerError, "500 rollup_error");
        Item::new("chat", notice, why, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_item_comes_back_as_it_went() {
        let notice = Notice { id: "1".into(), title: "Too slow".into(), ..Notice::default() };
        let item = Item { unsure: true, ..item(&notice) };
        assert_eq!(Item::read(&item.body()), Some(item.clone()));
        let failed = Item { failed: Some(Timestamp::UNIX_EPOCH), ..item.clone() };
        let back = Item { unsure: false, moved_back: true, ..item };
        assert_eq!(Item::read(&failed.body()), Some(back));
        for other in ["", "{}", "[]", "{\"quayside\": \"alert/1\"}", "text"] {
            assert_eq!(Item::read(other), None);
        }
    }

    #[test]
    fn an_item_fits_the_queue_and_keeps_what_is_read_first() {
        let check = |notice: &Notice| {
            let body = item(notice).body();
            assert!(body.len() <= 1_048_576, "{}", body.len());
            assert_eq!(Item::read(&body).unwrap().notice.title.chars().next(), Some('T'));
        };
        let long = "ü\"\u{1}".repeat(150_000);
        check(&Notice { title: "T".into(), original: long.clone().into(), ..Notice::default() });
        check(&Notice { title: "T".into(), lines: vec![long.clone(); 9], ..Notice::default() });
        let field = Field { name: long.clone(), value: long.clone() };
        let link = Link { title: long.clone(), url: "https://example.org/".to_owned() + &long };
        let mut deep = json!(1);
        for _ in 0..126 {
            deep = json!([deep]);
        }
        check(&Notice { title: "T\u{FFFF}".into(), original: deep, ..Notice::default() });
        check(&Notice {
            title: format!("T{long}"),
            text: long.clone(),
            dedup_key: long,
            fields: vec![field; 60],
            links: vec![link; 20],
            ..Notice::default()
        });
    }

    #[test]
    fn a_failure_record_of_this_function_is_the_event_it_kept() {
        let arn = "arn:aws:lambda:eu-west-2:123456789012:function:fan-out-alerts";
        let of = |name: &str| {
            json!({
                "requestContext": {"functionArn": format!("{name}:$LATEST")},
                "requestPayload": {"title": "Too slow"},
            })
        };
        let own = of(arn);
        assert_eq!(replayed(&own, Some(arn)), &json!({"title": "Too slow"}));
        let others = of("arn:aws:lambda:eu-west-2:123456789012:function:other");
        assert_eq!(replayed(&others, Some(arn)), &others);
        assert_eq!(replayed(&own, None), &own);
        assert_eq!(replayed(&own, arn.strip_suffix("-alerts")), &own);
    }

    #[test]
    fn waits_grow_and_are_spread() {
        let seconds = |attempts, asked: Option<u64>, id: &str| {
            let notice = Notice { id: id.into(), ..Notice::default() };
            item(&notice).wait(attempts, asked.map(Duration::from_secs)).as_secs()
        };
        assert!((5..7).contains(&seconds(1, None, "a")));
        assert!((20..26).contains(&seconds(3, None, "a")));
        assert!((900..1126).contains(&seconds(u32::MAX, None, "a")));
        assert!((3600..4501).contains(&seconds(1, Some(3600), "a")));
        assert!((43_200..54_001).contains(&seconds(1, Some(u64::MAX), "a")));
        let different: std::collections::BTreeSet<u64> =
            (0..50).map(|n| seconds(7, None, &format!("message-{n}"))).collect();
        assert!(different.len() > 10, "{different:?}");
    }
}
