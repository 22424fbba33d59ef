//! Money: Budgets, by text or JSON, and Cost Anomaly Detection.

use serde_json::Value;

use super::message::{Message, at, encoded, first, list, text};
use super::text::line;
use crate::{Notice, Severity};

/// A notice of a budget that is used up, or of costs nobody expected.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let body = &message.body;
    match body {
        Value::String(said) => {
            let get = |name: &str| told_in(said, name);
            get("Budget Name").map(|name| budget(&name, said, get))
        }
        _ if at(body, "impact").is_some()
            && first(body, &["anomalyId", "monitorArn"]).is_some() =>
        {
            Some(anomaly(message))
        }
        _ => {
            // `Budget Name`, `budgetName` and `BudgetName` are one.
            let get = |name: &str| {
                let same = |it: &str| it.replace([' ', '_', '-'], "").to_lowercase();
                let found = body.as_object()?.iter().find(|(it, _)| same(it) == same(name));
                found.and_then(|(it, _)| text(body, it).or_else(|| amount(at(body, it)?)))
            };
            let named = get("Budget Name").or_else(|| text(body, "budget/budgetName"))?;
            let said = first(body, &["message", "Message"]).unwrap_or_default();
            Some(budget(&named, &said, get))
        }
    }
}

/// `{"amount": "80", "unit": "USD"}`
fn amount(value: &Value) -> Option<String> {
    let number = first(value, &["amount", "Amount"])?;
    let unit = first(value, &["unit", "Unit"]).map(|it| format!(" {it}"));
    Some(format!("{number}{}", unit.unwrap_or_default()))
}

fn told_in(said: &str, name: &str) -> Option<String> {
    let mut lines = said.lines().filter_map(|it| it.split_once(':'));
    let (_, value) = lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(line(value)).filter(|it| !it.is_empty())
}

fn budget(name: &str, said: &str, get: impl Fn(&str) -> Option<String>) -> Notice {
    let alert = get("Alert Type").or_else(|| get("Notification Type")).unwrap_or_default();
    let forecast = alert.to_ascii_uppercase().contains("FORECAST");
    let limit = get("Budgeted Amount").or_else(|| get("Budget Limit"));
    let actual = get("ACTUAL Amount").or_else(|| get("Actual Spend"));
    let forecasted = get("FORECASTED Amount").or_else(|| get("Forecasted Spend"));
    let now = if forecast { forecasted.clone().or_else(|| actual.clone()) } else { actual.clone() };
    let mut title = format!("Budget {name}");
    title.extend(now.as_deref().map(|it| format!(": {it}")));
    title.push_str(if forecast { " expected" } else { "" });
    title.extend(limit.as_deref().map(|it| format!(" of {it}")));
    let mut notice = Notice::of("budgets.alert", "aws.budgets", title);
    let number = |it: &Option<String>| it.as_deref().and_then(money);
    let over = number(&actual).zip(number(&limit)).is_some_and(|(actual, limit)| actual > limit);
    notice.severity = if over { Severity::Error } else { Severity::Warning };
    // The lines become fields; what is left are the sentences, without the salutation.
    let sentences = said.lines().filter(|it| it.contains("You requested") || it.contains("exceed"));
    notice.text = sentences.map(str::trim).collect::<Vec<_>>().join("\n");
    if notice.text.is_empty() && (limit.is_none() || !said.contains("Budget Name:")) {
        said.clone_into(&mut notice.text);
    }
    notice.field("Budget", Some(name));
    notice.field("Type", get("Budget Type"));
    notice.field("Budgeted", limit);
    notice.field("Alert", Some(alert).filter(|it| !it.is_empty()));
    notice.field("Threshold", get("Alert Threshold").or_else(|| get("Threshold")));
    notice.field("Actual", actual);
    notice.field("Forecast", forecasted);
    let account = said.split_once("AWS Account ").and_then(|(_, it)| it.split_whitespace().next());
    notice.account = get("Account Id").or_else(|| account.map(str::to_owned));
    let account = notice.account.clone().unwrap_or_default();
    // There is one console for money, in one region.
    notice.link(
        "Budgets",
        "https://us-east-1.console.aws.amazon.com/costmanagement/home#/budgets/overview",
    );
    notice.dedup_key =
        format!("budgets/{account}/{name}/{}", get("Alert Threshold").unwrap_or_default());
    // What was only expected is another matter than what has happened.
    notice.dedup_key.push_str(if forecast { "/forecast" } else { "" });
    notice.resource = Some(name.to_owned());
    notice
}

/// `1,234.50 USD`, `> $80.00`
fn money(told: &str) -> Option<f64> {
    told.chars().filter(|it| it.is_ascii_digit() || *it == '.').collect::<String>().parse().ok()
}

fn anomaly(message: &Message) -> Notice {
    let body = &message.body;
    let about = first(body, &["dimensionalValue", "rootCauses/0/service", "monitorName"])
        .unwrap_or_else(|| "an account".to_owned());
    let dollars = |path: &str| text(body, path).map(|it| format!("${it}"));
    let total = dollars("impact/totalImpact");
    let more = total.as_deref().map(|it| format!("{it} more than expected"));
    let title = format!("{}: {about}", more.as_deref().unwrap_or("Costs nobody expected"));
    let mut notice = Notice::of("cost.anomaly", "aws.ce", title);
    notice.severity = Severity::Warning;
    let causes: Vec<_> = list(body, "rootCauses").iter().filter_map(cause).collect();
    notice.text = causes.join("\n");
    notice.field("Impact", total);
    notice.field("Impact in percent", text(body, "impact/totalImpactPercentage"));
    notice.field("Spent", dollars("impact/totalActualSpend"));
    notice.field("Expected", dollars("impact/totalExpectedSpend"));
    notice.field("Greatest on one day", dollars("impact/maxImpact"));
    notice.members(
        body,
        &[
            ("Began", "anomalyStartDate"),
            ("Until", "anomalyEndDate"),
            ("Monitor", "monitorName"),
            ("Subscription", "subscriptionName"),
            ("Account", "accountName"),
        ],
    );
    notice.account = text(body, "accountId");
    let id = text(body, "anomalyId");
    match (text(body, "anomalyDetailsLink"), &id) {
        (Some(link), _) => notice.given("Anomaly", Some(link)),
        (None, Some(id)) => {
            let console = "https://us-east-1.console.aws.amazon.com/cost-management/home";
            notice
                .link("Anomaly", format!("{console}#/anomaly-detection/anomalies/{}", encoded(id)))
        }
        (None, None) => &mut notice,
    };
    notice.dedup_key = id.unwrap_or_default();
    notice.resource = Some(about);
    notice
}

/// `Amazon EC2, eu-west-2, BoxUsage:m5.large, account live (123456789012): $120`
fn cause(cause: &Value) -> Option<String> {
    let account = text(cause, "linkedAccount").map(|id| match text(cause, "linkedAccountName") {
        Some(name) => format!("account {name} ({id})"),
        None => format!("account {id}"),
    });
    let parts = ["service", "region", "usageType"].map(|it| text(cause, it));
    let parts: Vec<_> = parts.into_iter().chain([account]).flatten().collect();
    let impact = first(cause, &["impact/contribution", "impact"]).map(|it| format!(": ${it}"));
    (!parts.is_empty()).then(|| format!("{}{}", parts.join(", "), impact.unwrap_or_default()))
}
