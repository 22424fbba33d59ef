//! Apps: what they sign, and the tokens they get for it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use local_aws::{TEST_APP_KEY, World};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use super::{Answer, ask, get, world};

const TOKENS: &str = "https://api.github.com/app/installations/67890/access_tokens";

/// A JSON Web Token, signed with the key that is only for tests.
fn assertion(header: &Value, claims: &Value) -> String {
    let der: String = TEST_APP_KEY.lines().filter(|it| !it.starts_with("-----")).collect();
    let key = KeyPair::from_der(&STANDARD.decode(der).unwrap()).unwrap();
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Issued and expiring this many seconds from now.
fn claims(world: &World, issued: i64, expires: i64) -> Value {
    let now = world.clock().now().as_second();
    json!({"iss": "12345", "iat": now + issued, "exp": now + expires})
}

async fn token(world: &World, claims: &Value, body: &str) -> Answer {
    let assertion = assertion(&json!({"alg": "RS256", "typ": "JWT"}), claims);
    ask(world, "POST", TOKENS, &assertion, body).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_installations_token_is_good_for_an_hour() {
    let (world, _) = world();
    world.github_app(12345, 67890, TEST_APP_KEY);
    let made = token(&world, &claims(&world, -60, 540), "").await;
    assert_eq!((made.status, &made.json()["expires_at"]), (201, &json!("2026-11-21T13:00:00Z")));
    let key = made.json()["token"].as_str().unwrap().to_owned();
    assert!(key.starts_with("ghs_") && key.len() == 40, "{key}");

    let url = "https://api.github.com/repos/acme/web/issues/2/comments";
    let comment = ask(&world, "POST", url, &key, r#"{"body": "Gone."}"#).await.unwrap();
    let user = comment.json()["user"].clone();
    assert_eq!(user, json!({"login": "app-12345[bot]", "type": "Bot"}));
    world.clock().sleep(std::time::Duration::from_secs(3599)).await;
    assert_eq!(get(&world, &key, "/repos/acme/web").await.status, 200);
    world.clock().sleep(std::time::Duration::from_secs(1)).await;
    let expired = get(&world, &key, "/repos/acme/web").await;
    assert_eq!(expired.message(), (401, "Bad credentials".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_assertion_is_of_now_and_of_this_app() {
    let (world, personal) = world();
    world.github_app(12345, 67890, TEST_APP_KEY);
    for (issued, expires, refused) in [
        (60, 600, ""),
        (-60, 600, ""),
        (61, 600, "'Issued at' claim"),
        (0, 601, "'exp') is too far"),
        (-600, 0, "'exp') must be"),
    ] {
        let answer = token(&world, &claims(&world, issued, expires), "").await;
        let expected = if refused.is_empty() { 201 } else { 401 };
        assert_eq!(answer.status, expected, "{issued} {expires}");
        assert!(answer.text.contains(refused), "{}", answer.text);
    }
    let good = claims(&world, 0, 60);
    let mut other = good.clone();
    other["iss"] = json!("1");
    let unknown = token(&world, &other, "").await;
    assert_eq!(unknown.message(), (404, "Integration not found".to_owned()));
    other["iss"] = json!(12345);
    assert_eq!(token(&world, &other, "").await.status, 201);

    let undecodable = (401, "A JSON web token could not be decoded".to_owned());
    let other_algorithm = assertion(&json!({"alg": "HS256"}), &good);
    let signed = assertion(&json!({"alg": "RS256"}), &good);
    let later = assertion(&json!({"alg": "RS256"}), &claims(&world, 0, 61));
    let (later, signature) =
        (later.rsplit_once('.').unwrap().0, signed.rsplit_once('.').unwrap().1);
    let forged = format!("{later}.{signature}");
    for wrong in [other_algorithm, forged, "a.b.c".to_owned(), personal] {
        let answer = ask(&world, "POST", TOKENS, &wrong, "").await.unwrap();
        assert_eq!(answer.message(), undecodable, "{wrong}");
    }
    let elsewhere = TOKENS.replace("67890", "1");
    let answer = ask(&world, "POST", &elsewhere, &signed, "").await.unwrap();
    assert_eq!(answer.message(), (404, "Not Found".to_owned()));
    assert_eq!(get(&world, &signed, "/repos/acme/web").await.status, 404);
}

#[tokio::test]
async fn a_token_may_have_less_than_its_app_but_not_more() {
    let (world, _) = world();
    world.repository("acme/shop", "R_shop", 4712);
    world.github_app(12345, 67890, TEST_APP_KEY);
    world.github_app_may(12345, &[("metadata", "read"), ("pull_requests", "read")]);
    let good = claims(&world, 0, 60);
    let less = json!({"repositories": ["web"], "permissions": {"pull_requests": "read"}});
    let made = token(&world, &good, &less.to_string()).await.json();
    let key = made["token"].as_str().unwrap();
    assert_eq!(get(&world, key, "/repos/acme/web/pulls/2").await.status, 200);
    assert_eq!(get(&world, key, "/repos/acme/shop").await.status, 404);
    let url = "https://api.github.com/repos/acme/web/issues/2/comments";
    let refused = ask(&world, "POST", url, key, r#"{"body": "a"}"#).await.unwrap();
    assert_eq!(refused.message(), (403, "Resource not accessible by integration".to_owned()));

    for more in [
        json!({"permissions": {"pull_requests": "write"}}),
        json!({"permissions": {"contents": "read"}}),
        json!({"repositories": ["nothing"]}),
    ] {
        assert_eq!(token(&world, &good, &more.to_string()).await.status, 422, "{more}");
    }
}
