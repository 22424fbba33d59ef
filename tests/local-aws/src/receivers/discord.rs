//! A webhook of Discord: <https://docs.discord.com/developers/resources/webhook#execute-webhook>

use serde_json::{Value, json};

use super::reply::{Message, Reply, Verdict, utf16};

type Valid = Result<(), (String, String)>;

pub(super) fn judge(message: &Message<'_>) -> Verdict {
    let Some(body) = &message.json else {
        return Verdict::refused(
            "no JSON",
            error(400, 50109, "The request body contains invalid JSON."),
        );
    };
    let content = body["content"].as_str().unwrap_or_default();
    let embeds = body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    if content.is_empty() && embeds.is_empty() {
        return Verdict::refused("empty", error(400, 50006, "Cannot send an empty message"));
    }
    if let Err((place, why)) = valid(content, embeds) {
        let reason = format!("{place}: {why}");
        return Verdict::refused(reason, invalid_form(&place, &why));
    }
    let waits = url::form_urlencoded::parse(message.query.as_bytes())
        .any(|(name, value)| name == "wait" && matches!(&*value, "true" | "1"));
    let reply = match waits {
        true => {
            let id = format!("{:019}", message.number);
            let at = message.now;
            let answer =
                json!({"id": id, "type": 0, "content": content, "embeds": embeds, "timestamp": at});
            Reply::json(200, answer)
        }
        false => Reply::empty(204),
    };
    Verdict::shown(body.clone(), reply)
}

fn valid(content: &str, embeds: &[Value]) -> Valid {
    at_most(utf16(content), 2000, "content")?;
    at_most(embeds.len(), 10, "embeds")?;
    let mut sum = 0;
    for (index, it) in embeds.iter().enumerate() {
        sum += embed(it).map_err(|(place, why)| (format!("embeds.{index}.{place}"), why))?;
    }
    match sum > 6000 {
        true => Err(("embeds".to_owned(), "Embed size exceeds maximum size of 6000".to_owned())),
        false => Ok(()),
    }
}

/// How long the texts of an embed are together.
fn embed(embed: &Value) -> Result<usize, (String, String)> {
    let parts = [
        ("title", &embed["title"], 256),
        ("description", &embed["description"], 4096),
        ("footer.text", &embed["footer"]["text"], 2048),
        ("author.name", &embed["author"]["name"], 256),
    ];
    let mut sum = 0;
    for (place, text, limit) in parts {
        let length = text.as_str().map_or(0, utf16);
        at_most(length, limit, place)?;
        sum += length;
    }
    let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
    at_most(fields.len(), 25, "fields")?;
    for (index, field) in fields.iter().enumerate() {
        for (member, limit) in [("name", 256), ("value", 1024)] {
            let length = field[member].as_str().map_or(0, utf16);
            let place = format!("fields.{index}.{member}");
            if length == 0 {
                return Err((place, "This field is required".to_owned()));
            }
            at_most(length, limit, &place)?;
            sum += length;
        }
    }
    Ok(sum)
}

fn at_most(length: usize, limit: usize, place: &str) -> Valid {
    match length > limit {
        true => Err((place.to_owned(), format!("Must be {limit} or fewer in length."))),
        false => Ok(()),
    }
}

/// Discord repeats the form, with the errors where the values were.
fn invalid_form(place: &str, why: &str) -> Reply {
    let errors = json!({"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": why}]});
    let errors = place.rsplit('.').fold(errors, |inner, name| json!({name: inner}));
    Reply::json(400, json!({"message": "Invalid Form Body", "code": 50035, "errors": errors}))
}

pub(super) fn unknown() -> Reply {
    error(404, 10015, "Unknown Webhook")
}

pub(super) fn invalid_token() -> Reply {
    error(401, 50027, "Invalid Webhook Token")
}

pub(super) fn usual(status: u16, retry_after: Option<u64>) -> Reply {
    match status {
        401 => invalid_token(),
        404 => unknown(),
        429 => {
            let seconds = retry_after.map_or(1.0, |it| it as f64);
            let message = "You are being rate limited.";
            Reply::json(429, json!({"message": message, "retry_after": seconds, "global": false}))
        }
        other => error(other, 0, &format!("{other}")),
    }
}

fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(status, json!({"message": message, "code": code}))
}
