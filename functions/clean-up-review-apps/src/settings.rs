//! What an operator decides.

mod parse;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::SignedDuration;
use runtime::Environment;
use secret::Reference;

use crate::fuse::Fuses;
use crate::kind::Kind;
use crate::name::Template;
use crate::resource::Tags;
use crate::rules::Rules;
use crate::verdict::Policy;

/// The settings of this function, from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MODE`: `dry-run` only says what would be removed, `apply` removes it. Example: `apply`.
    pub apply: bool,
    /// `REPOSITORY`: the repository of the pull requests. Example: `acme/web`.
    pub repository: String,
    /// `REPOSITORY_ID`: its node id or number, as `gh api repos/acme/web` tells: another repository of the same
    /// name has closed pull requests with the same numbers. Example: `R_kgDOABC123`.
    pub repository_id: String,
    /// `GITHUB_URL`: the API of GitHub, or the address of a GitHub Enterprise Server. Example:
    /// `https://github.example.com`.
    pub github_url: String,
    /// `GITHUB_SECRET`: the secret with a token, or with a GitHub App's `app_id`, `installation_id` and
    /// `private_key`. Example: `review-apps/github`.
    pub github_secret: Reference,
    /// `WEBHOOK_SECRET`: the secret with which GitHub signs its webhooks; without it none is taken. Example:
    /// `review-apps/webhook`.
    pub webhook_secret: Option<Reference>,
    /// `CALL_ROLE_ARN`: the role with which EventBridge Scheduler invokes this function when a webhook asks for
    /// it. Example: `arn:aws:iam::123456789012:role/quayside-call`.
    pub call_role: Option<String>,
    /// `ALLOWED_ACCOUNTS`: where this function may work, as a list of account/region. Example:
    /// `123456789012/eu-west-2`.
    pub allowed_accounts: BTreeSet<(String, String)>,
    /// How review apps are recognised; account and region are not known yet.
    pub rules: Rules,
    /// `KINDS`: the kinds of resources that are looked after, as a list; without it, all. Example:
    /// `service,task,cluster,task-definition`.
    pub kinds: BTreeSet<Kind>,
    /// Which apps go, and when.
    pub policy: Policy,
    /// How many may go at once.
    ///
    /// `MAX_APPS`: how many apps one run may remove; 0 means none. Example: `10`.
    ///
    /// `MAX_SHARE`: which share of all apps, in percent, if there are more than four. Example: `50`.
    pub fuses: Fuses,
    /// `APPROVAL_PARAMETER`: the SSM parameter that remembers what was approved. Example:
    /// `/quayside/clean-up/approved`.
    pub approval: String,
    /// `QUOTA_SHARE`: how much of AWS's request quotas this function uses, in percent. Example: `50`.
    pub quota_share: u32,
    /// `STUCK_AFTER`: after how long an app that should be gone is told of. Example: `24h`.
    pub stuck_after: SignedDuration,
    /// `MAX_COMMENTS`: how many comments on pull requests one run writes; 0 for none. Example: `50`.
    pub max_comments: usize,
    /// What runs before an app's services go.
    pub pre_delete: Option<PreDelete>,
    /// `ALERTS_TOPIC_ARN`: where failures are told. Example: `arn:aws:sns:eu-west-2:123456789012:alerts`.
    pub alerts_topic: String,
}

/// A command that runs once in an app before its services go: it may fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreDelete {
    /// `PRE_DELETE_COMMAND`: what runs, as a JSON list; without it, nothing. Example: `["bin/rails", "db:drop"]`.
    pub command: Vec<String>,
    /// `PRE_DELETE_SERVICE`: the service on whose task definition and network it runs. Example:
    /// `core-review-{pr}-app`.
    pub service: Template,
    /// `PRE_DELETE_CONTAINER`: the container in which it runs; without it, the first one. Example: `app`.
    pub container: Option<String>,
    /// `PRE_DELETE_TIMEOUT`: how long it may take. Example: `10m`.
    pub timeout: Duration,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One is missing or wrong: the error names it, what it holds and an example.
    pub fn read(environment: &Environment) -> Result<Self> {
        let topic = "arn:aws:sns:eu-west-2:123456789012:alerts";
        environment.required("ALERTS_TOPIC_ARN", topic)?;
        let accounts = "123456789012/eu-west-2";
        environment.required("ALLOWED_ACCOUNTS", accounts)?;
        let allowed_accounts =
            environment.parsed("ALLOWED_ACCOUNTS", accounts, BTreeSet::new(), parse::accounts)?;
        protect_accounts(environment, &allowed_accounts)?;
        environment.required("REPOSITORY", "acme/web")?;
        environment.required("REPOSITORY_ID", "R_kgDOABC123")?;
        environment.required("GITHUB_SECRET", "review-apps/github")?;
        let repository =
            environment.parsed("REPOSITORY", "acme/web", String::new(), parse::repository)?;
        let reference = |name: &str| {
            let read = |it: &str| Reference::try_from(it.to_owned()).map(Some);
            environment.parsed(name, "review-apps/github", None, read)
        };
        let Some(github_secret) = reference("GITHUB_SECRET")? else {
            bail!("GITHUB_SECRET is not set; example: GITHUB_SECRET=review-apps/github");
        };
        let rules = rules(environment, &repository)?;
        let kinds = kinds(environment, &rules)?;
        let policy = policy(environment)?;
        let ages = [Kind::Service, Kind::Instance, Kind::Stack];
        if (policy.max_age.is_some() || policy.review_label.is_some())
            && !ages.iter().all(|it| kinds.contains(it))
        {
            bail!(
                "MAX_AGE or REVIEW_LABEL is set, and KINDS lacks service, instance or stack: how old an app is \
                 would not be seen"
            );
        }
        Ok(Self {
            apply: environment.parsed("MODE", "dry-run", false, parse::mode)?,
            repository_id: environment.parsed(
                "REPOSITORY_ID",
                "R_kgDOABC123",
                String::new(),
                parse::repository_id,
            )?,
            github_url: environment.parsed(
                "GITHUB_URL",
                "https://github.example.com",
                "https://api.github.com".to_owned(),
                parse::address,
            )?,
            github_secret,
            webhook_secret: reference("WEBHOOK_SECRET")?,
            call_role: environment.optional("CALL_ROLE_ARN").map(str::to_owned),
            allowed_accounts,
            kinds,
            policy,
            fuses: Fuses {
                max_apps: environment.parsed("MAX_APPS", "10", 10, str::parse)?,
                max_share: environment.parsed("MAX_SHARE", "50", 50, parse::percent)?,
            },
            approval: environment.parsed(
                "APPROVAL_PARAMETER",
                "/quayside/clean-up/approved",
                "/quayside/clean-up/approved".to_owned(),
                parse::path,
            )?,
            quota_share: environment.parsed("QUOTA_SHARE", "50", 50, parse::share)?,
            stuck_after: environment.parsed(
                "STUCK_AFTER",
                "24h",
                SignedDuration::from_hours(24),
                parse::duration,
            )?,
            max_comments: environment.parsed("MAX_COMMENTS", "50", 50, str::parse)?,
            pre_delete: pre_delete(environment)?,
            alerts_topic: environment.parsed(
                "ALERTS_TOPIC_ARN",
                topic,
                String::new(),
                alert::topic_arn,
            )?,
            repository,
            rules,
        })
    }
}

/// `PROTECTED_ACCOUNTS`: accounts in which this function never works, whatever else is set. Example:
/// `210987654321`.
fn protect_accounts(environment: &Environment, allowed: &BTreeSet<(String, String)>) -> Result<()> {
    let protected = environment.parsed(
        "PROTECTED_ACCOUNTS",
        "210987654321",
        BTreeSet::new(),
        parse::account_numbers,
    )?;
    match allowed.iter().find(|(account, _)| protected.contains(account)) {
        Some((account, region)) => bail!(
            "ALLOWED_ACCOUNTS has {account}/{region}, and PROTECTED_ACCOUNTS says that nothing is \
             removed in account {account}"
        ),
        None => Ok(()),
    }
}

/// `PREVIEW_TAGS`: the tags that everything of a review app has. Example: `environment=preview`.
///
/// `PR_TAG`: the tag that holds the pull request's number. Example: `github-pr`.
///
/// `REPOSITORY_TAG`: a tag that names the repository, where several share an account. Example:
/// `github-repository`.
///
/// `NAME_TEMPLATES`: names of review apps, as a JSON list. Example:
/// `["core-review-{pr}", "core-review-{pr}-app"]`.
///
/// `PROTECT_TAG`: the tag that protects a whole app. Example: `quayside.protect`.
fn rules(environment: &Environment, repository: &str) -> Result<Rules> {
    let rules = Rules {
        preview_tags: environment.parsed(
            "PREVIEW_TAGS",
            "environment=preview",
            Tags::new(),
            parse::tags,
        )?,
        pr_tag: environment.optional("PR_TAG").unwrap_or("github-pr").to_owned(),
        repository_tag: environment
            .optional("REPOSITORY_TAG")
            .map(|it| (it.to_owned(), repository.to_owned())),
        templates: environment.parsed(
            "NAME_TEMPLATES",
            r#"["core-review-{pr}", "core-review-{pr}-app"]"#,
            Vec::new(),
            parse::templates,
        )?,
        protect_tag: environment.optional("PROTECT_TAG").unwrap_or("quayside.protect").to_owned(),
        ..Rules::default()
    };
    if rules.preview_tags.is_empty() && rules.templates.is_empty() {
        bail!(
            "neither PREVIEW_TAGS nor NAME_TEMPLATES is set: nothing says what a review app is; \
             example: PREVIEW_TAGS=environment=preview"
        );
    }
    Ok(rules)
}

/// Records and images belong to zones and repositories that are shared: only templates that name their kind
/// are about them.
fn kinds(environment: &Environment, rules: &Rules) -> Result<BTreeSet<Kind>> {
    let all = || Kind::ALL.into_iter().collect();
    let mut kinds: BTreeSet<Kind> =
        environment.parsed("KINDS", "service,task,cluster", all(), parse::kinds)?;
    kinds.retain(|kind| {
        !matches!(kind, Kind::Image | Kind::RecordSet)
            || rules.templates.iter().any(|it| it.is_only_for(*kind))
    });
    Ok(kinds)
}

/// `GRACE_PERIOD`: how long a closed pull request keeps its app, counted from its end or from the last
/// deployment, whichever is later. Example: `30m`.
///
/// `KEEP_LABEL`: a label on the pull request that keeps its app. Example: `keep-review-app`.
///
/// `REVIEW_LABEL`: a label without which an open pull request has no app. Example: `review-app`.
///
/// `MAX_AGE`: after how long without a deployment the app of an open pull request goes. Example: `168h`.
///
/// `KEEP_NEWEST_INSTANCE`: of several instances of an open pull request only the newest stays. Example: `true`.
fn policy(environment: &Environment) -> Result<Policy> {
    let some = |it: &str| parse::duration(it).map(Some);
    Ok(Policy {
        grace: environment.parsed(
            "GRACE_PERIOD",
            "30m",
            SignedDuration::from_mins(30),
            parse::duration,
        )?,
        keep_label: environment.optional("KEEP_LABEL").unwrap_or("keep-review-app").to_owned(),
        review_label: environment.optional("REVIEW_LABEL").map(str::to_owned),
        max_age: environment.parsed("MAX_AGE", "168h", None, some)?,
        keep_newest_instance: environment.parsed(
            "KEEP_NEWEST_INSTANCE",
            "true",
            false,
            parse::yes_or_no,
        )?,
    })
}

fn pre_delete(environment: &Environment) -> Result<Option<PreDelete>> {
    let command = environment.parsed(
        "PRE_DELETE_COMMAND",
        r#"["bin/rails", "db:drop"]"#,
        Vec::new(),
        parse::command,
    )?;
    if command.is_empty() {
        return Ok(None);
    }
    let example = "core-review-{pr}-app";
    environment.required("PRE_DELETE_SERVICE", example)?;
    let read = |it: &str| Template::read(it).map(Some);
    let service = environment.parsed("PRE_DELETE_SERVICE", example, None, read)?;
    let timeout = SignedDuration::from_mins(10);
    let timeout = environment.parsed("PRE_DELETE_TIMEOUT", "10m", timeout, parse::duration)?;
    Ok(service.map(|service| PreDelete {
        command,
        service,
        container: environment.optional("PRE_DELETE_CONTAINER").map(str::to_owned),
        timeout: Duration::try_from(timeout).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts"),
        ("ALLOWED_ACCOUNTS", "123456789012/eu-west-2, 123456789012/us-east-1"),
        ("REPOSITORY", "acme/web"),
        ("REPOSITORY_ID", "R_kgDOABC123"),
        ("GITHUB_SECRET", "review-apps/github"),
        ("NAME_TEMPLATES", r#"["core-review-{pr}-app"]"#),
    ];

    fn with(name: &str, value: &str) -> Result<Settings> {
        let changed = [(name, value)];
        let variables = GOOD.iter().filter(|it| it.0 != name).chain(&changed);
        let variables = variables.map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Settings::read(&variables.collect())
    }

    #[test]
    fn nothing_is_removed_unless_somebody_says_so() {
        let settings = with("MODE", "").unwrap();
        assert!(!settings.apply);
        assert_eq!(settings.policy.grace, SignedDuration::from_mins(30));
        assert_eq!(settings.fuses, Fuses { max_apps: 10, max_share: 50 });
        assert_eq!(settings.quota_share, 50);
        assert_eq!(settings.allowed_accounts.len(), 2);
        assert!(!settings.kinds.contains(&Kind::Image));
        assert!(with("MODE", "apply").unwrap().apply);
        assert_eq!(with("MAX_APPS", "0").unwrap().fuses.max_apps, 0);
        let images = r#"["core-review-{pr}", "image:review-{pr}-*"]"#;
        assert!(with("NAME_TEMPLATES", images).unwrap().kinds.contains(&Kind::Image));
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        let check = |name: &str, value: &str, why: &str| {
            let error = format!("{:#}", with(name, value).unwrap_err());
            assert!(error.contains(name) && error.contains(why), "{error}");
        };
        for (name, _) in GOOD.iter().take(5) {
            check(name, "", "is not set");
        }
        check("NAME_TEMPLATES", "", "PREVIEW_TAGS");
        check("NAME_TEMPLATES", r#"["core-review-app"]"#, "no {pr}");
        check("NAME_TEMPLATES", r#"["core-review-{pr}*"]"#, "isn't anchored");
        check("NAME_TEMPLATES", "core-review-{pr}", "JSON list");
        check("NAME_TEMPLATES", "[]", "JSON list");
        check("PREVIEW_TAGS", "environment", "key=value");
        check("REPOSITORY", "web", "owner/name");
        check("REPOSITORY_ID", "acme/web", "id");
        check("GITHUB_URL", "http://github.example.com", "https://");
        check("GITHUB_SECRET", "https://x", "the name or ARN");
        check("GRACE_PERIOD", "soon", "duration");
        check("GRACE_PERIOD", "-5m", "duration");
        check("MAX_AGE", "a week", "duration");
        check("MAX_APPS", "-1", "invalid digit");
        check("MAX_APPS", "many", "invalid digit");
        check("MAX_SHARE", "101", "percent");
        check("QUOTA_SHARE", "0", "percent");
        check("MODE", "delete", "dry-run or apply");
        check("KINDS", "service,thing", "`thing`");
        check("KEEP_NEWEST_INSTANCE", "perhaps", "true or false");
        check("ALLOWED_ACCOUNTS", "123456789012", "account/region");
        check("ALLOWED_ACCOUNTS", "*/eu-west-2", "account/region");
        check("PROTECTED_ACCOUNTS", "production", "account");
        check("PROTECTED_ACCOUNTS", "111111111111,123456789012", "account 123456789012");
        check("PRE_DELETE_COMMAND", "rake db:drop", "JSON list");
        let error = with("PRE_DELETE_COMMAND", r#"["rake"]"#).unwrap_err();
        assert!(error.to_string().starts_with("PRE_DELETE_SERVICE is not set"), "{error}");
        check("ALERTS_TOPIC_ARN", "alerts", "SNS topic");
    }
}
