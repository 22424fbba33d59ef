//! Who is told, and how.

use secret::Reference;
use serde::Deserialize;

/// Hosts that chat services have; a secret that leads elsewhere is refused.
const SLACK: &[&str] = &["slack.com", "slack-gov.com"];
const TEAMS: &[&str] =
    &["logic.azure.com", "api.powerplatform.com", "webhook.office.com", "powerautomate.com"];
const PAGERDUTY: &[&str] = &["pagerduty.com"];
const DISCORD: &[&str] = &["discord.com", "discordapp.com"];

/// Who is told. Secrets are named, never written here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Destination {
    /// Slack: an incoming webhook, or a bot's token and a channel.
    Slack {
        /// The secret that holds the webhook's address.
        #[serde(default)]
        webhook: Option<Reference>,
        /// The secret that holds the bot's token.
        #[serde(default)]
        token: Option<Reference>,
        /// The channel that the bot writes to.
        #[serde(default)]
        channel: Option<String>,
        /// The address of `chat.postMessage`, where it is not Slack's own: a proxy's.
        #[serde(default)]
        endpoint: Option<String>,
    },
    /// Microsoft Teams: the address of a workflow.
    Teams {
        /// The secret that holds it.
        webhook: Reference,
    },
    /// `PagerDuty`'s Events API v2.
    Pagerduty {
        /// The secret that holds the integration's key.
        routing_key: Reference,
        /// Whether the account is in the EU.
        #[serde(default)]
        eu: bool,
        /// The address of its Events API, where it is not `PagerDuty`'s own: a proxy's.
        #[serde(default)]
        endpoint: Option<String>,
    },
    /// Discord: a webhook.
    Discord {
        /// The secret that holds its address.
        webhook: Reference,
    },
    /// Anybody else: a webhook signed as Standard Webhooks says.
    Webhook {
        /// The secret that holds its address.
        webhook: Reference,
        /// The secret that signs; several, separated by blanks, while one replaces another.
        #[serde(default)]
        signing_secret: Option<Reference>,
    },
    /// E-mail: an SNS topic with e-mail subscriptions.
    Email {
        /// The topic's ARN. Not one that this function hears.
        topic: String,
    },
}

impl Destination {
    /// What is wrong with it, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Slack { webhook, token, channel, endpoint } => {
                let by_webhook = token.is_none() && channel.is_none() && endpoint.is_none();
                let by_token = token.is_some() && channel.is_some();
                let fits = if webhook.is_some() { by_webhook } else { by_token };
                (!fits).then(|| "give `webhook`, or `token` and `channel`".to_owned())
            }
            Self::Email { topic } => alert::topic_arn(topic).err().map(str::to_owned),
            Self::Teams { .. }
            | Self::Pagerduty { .. }
            | Self::Discord { .. }
            | Self::Webhook { .. } => None,
        }
    }

    /// The secret whose value is its address or its key.
    pub(crate) fn secret(&self) -> Option<&Reference> {
        match self {
            Self::Slack { webhook, token, .. } => webhook.as_ref().or(token.as_ref()),
            Self::Teams { webhook } | Self::Discord { webhook } | Self::Webhook { webhook, .. } => {
                Some(webhook)
            }
            Self::Pagerduty { routing_key, .. } => Some(routing_key),
            Self::Email { .. } => None,
        }
    }

    /// The secret that signs.
    pub(crate) fn signing_secret(&self) -> Option<&Reference> {
        match self {
            Self::Webhook { signing_secret, .. } => signing_secret.as_ref(),
            _ => None,
        }
    }

    /// All its secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Reference> {
        self.secret().into_iter().chain(self.signing_secret())
    }

    /// Whether it knows an alert that comes twice, by its key.
    pub(crate) fn tells_twice_apart(&self) -> bool {
        matches!(self, Self::Pagerduty { .. } | Self::Webhook { .. })
    }

    /// The word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::Pagerduty { .. } => "pagerduty",
            Self::Discord { .. } => "discord",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
        }
    }

    fn hosts(&self) -> &'static [&'static str] {
        match self {
            Self::Slack { .. } => SLACK,
            Self::Teams { .. } => TEAMS,
            Self::Pagerduty { .. } => PAGERDUTY,
            Self::Discord { .. } => DISCORD,
            Self::Webhook { .. } | Self::Email { .. } => &[],
        }
    }

    /// Whether alerts may go to an address: `https`, and a host of the service, or one that the operator
    /// has allowed. The reason never tells the address.
    ///
    /// # Errors
    /// They may not.
    pub(crate) fn check_address(&self, address: &str, allowed: &[String]) -> Result<(), String> {
        let uri: http::Uri = address.parse().map_err(|_| "it is no address".to_owned())?;
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let within = |it: &str| host == it || host.ends_with(&format!(".{it}"));
        let named = allowed.iter().any(|it| within(it));
        if uri.scheme_str() != Some("https") && !(named && is_loopback(&host)) {
            return Err("it is no https address".to_owned());
        }
        let hosts = self.hosts();
        let known = hosts.iter().any(|it| within(it)) || (hosts.is_empty() && allowed.is_empty());
        if known || named {
            return Ok(());
        }
        if hosts.is_empty() {
            return Err("its host is not among `allowed_hosts`".to_owned());
        }
        let hosts = hosts.join(", ");
        Err(format!("its host is none of {hosts}; `allowed_hosts` may name others"))
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teams() -> Destination {
        let webhook = Reference::try_from("alerts/teams".to_owned()).unwrap();
        Destination::Teams { webhook }
    }

    #[test]
    fn addresses_must_be_where_the_service_is() {
        let check = |address: &str, allowed: &[&str], expected: &str| {
            let allowed: Vec<String> = allowed.iter().map(|it| (*it).to_owned()).collect();
            let told = teams().check_address(address, &allowed).err().unwrap_or_default();
            assert!(told.starts_with(expected) && expected.is_empty() == told.is_empty(), "{told}");
            assert!(!told.contains("key"), "{told}");
        };
        check("https://prod-1.uksouth.logic.azure.com/workflows/key", &[], "");
        check("https://logic.azure.com.evil.example/key", &[], "its host is none of logic.azure");
        check("http://prod-1.uksouth.logic.azure.com/key", &[], "it is no https address");
        check("not an address", &[], "it is no address");
        check("https://proxy.example/key", &["proxy.example"], "");
        check("http://127.0.0.1:9000/key", &[], "it is no https address");
        check("http://127.0.0.1:9000/key", &["127.0.0.1"], "");
        check("http://proxy.example/key", &["proxy.example"], "it is no https address");
    }
}
