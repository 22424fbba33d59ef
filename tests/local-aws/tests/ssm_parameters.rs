//! Parameters: written once or again, read by name, version and path, tagged, deleted.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

struct Parameters(World);

impl Parameters {
    fn none() -> Self {
        Self(World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL))
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let answer = self.0.call(Service::Ssm, operation, input).await;
        answer.map_err(|error| error.code)
    }

    async fn put(&self, name: &str, value: &str) -> Value {
        let input = json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true});
        self.call("PutParameter", input).await.unwrap()
    }

    async fn value(&self, name: &str) -> Result<String, String> {
        let answer = self.call("GetParameter", json!({"Name": name})).await?;
        Ok(answer["Parameter"]["Value"].as_str().unwrap().to_owned())
    }

    /// The names in an answer's `Parameters`.
    async fn names(&self, operation: &str, input: Value) -> Vec<String> {
        let answer = self.call(operation, input).await.unwrap();
        let found = answer["Parameters"].as_array().unwrap().iter();
        found.map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_parameter_is_made_once_and_overwritten_only_on_demand() {
    let it = Parameters::none();
    let mut input = json!({"Name": "/app/url", "Value": "one", "Type": "String"});
    let answer = it.call("PutParameter", input.clone()).await.unwrap();
    assert_eq!(answer, json!({"Version": 1, "Tier": "Standard"}));
    let again = it.call("PutParameter", input.clone()).await;
    assert_eq!(again.unwrap_err(), "ParameterAlreadyExists");
    input["Overwrite"] = json!(true);
    input["Value"] = json!("two");
    assert_eq!(it.call("PutParameter", input).await.unwrap()["Version"], 2);
    assert_eq!(it.value("/app/url").await.unwrap(), "two");
    assert_eq!(it.value("/app/url:1").await.unwrap(), "one");
    let arn = "arn:aws:ssm:eu-west-2:123456789012:parameter/app/url";
    assert_eq!(it.value(arn).await.unwrap(), "two");
    assert_eq!(it.value(&format!("{arn}:1")).await.unwrap(), "one");
    assert_eq!(it.value("/app/url:3").await.unwrap_err(), "ParameterVersionNotFound");
    assert_eq!(it.value("/app").await.unwrap_err(), "ParameterNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_versions_are_kept() {
    let it = Parameters::none();
    for n in 1..=101 {
        it.put("url", &n.to_string()).await;
    }
    assert_eq!(it.value("url:1").await.unwrap_err(), "ParameterVersionNotFound");
    let page = json!({"Name": "url", "MaxResults": 50});
    let first = it.call("GetParameterHistory", page.clone()).await.unwrap();
    assert_eq!(first["Parameters"][0]["Version"], 2);
    let mut rest = page;
    rest["NextToken"] = first["NextToken"].clone();
    let rest = it.call("GetParameterHistory", rest).await.unwrap();
    assert_eq!(rest["Parameters"][49]["Value"], "101");
    assert!(rest["NextToken"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_secure_string_is_told_only_to_who_decrypts_it() {
    let it = Parameters::none();
    let input = json!({"Name": "/db", "Value": "hunter2", "Type": "SecureString"});
    it.call("PutParameter", input).await.unwrap();
    let sealed = it.value("/db").await.unwrap();
    assert!(sealed.starts_with("kms:alias/aws/ssm:") && !sealed.contains("hunter2"), "{sealed}");
    for (operation, input) in [
        ("GetParameter", json!({"Name": "/db"})),
        ("GetParameters", json!({"Names": ["/db"]})),
        ("GetParametersByPath", json!({"Path": "/"})),
        ("GetParameterHistory", json!({"Name": "/db"})),
    ] {
        let mut decrypted = input.clone();
        decrypted["WithDecryption"] = json!(true);
        let text = it.call(operation, input).await.unwrap().to_string();
        assert!(!text.contains("hunter2"), "{operation}");
        let text = it.call(operation, decrypted).await.unwrap().to_string();
        assert!(text.contains("hunter2"), "{operation}");
    }
    let described = it.call("DescribeParameters", json!({})).await.unwrap();
    assert_eq!(described["Parameters"][0]["KeyId"], "alias/aws/ssm");
    assert!(!described.to_string().contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_refused() {
    let it = Parameters::none();
    it.put("/app/url", "one").await;
    let put = |more: Value| {
        let mut input = json!({"Name": "/new", "Value": "one", "Type": "String"});
        input.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        ("PutParameter", input)
    };
    let tag = json!([{"Key": "team", "Value": "pay"}]);
    let names: Vec<String> = (0..11).map(|n| format!("/{n}")).collect();
    let long = "x".repeat(4097);
    for ((operation, input), code) in [
        (put(json!({"Type": null})), "ValidationException"),
        (put(json!({"Type": "Text"})), "ValidationException"),
        (put(json!({"Value": ""})), "ValidationException"),
        (put(json!({"Value": "{{other}}"})), "ValidationException"),
        (put(json!({"Value": long})), "ValidationException"),
        (put(json!({"Value": long.repeat(2), "Tier": "Advanced"})), "ValidationException"),
        (put(json!({"Overwrite": true, "Tags": tag})), "ValidationException"),
        (put(json!({"Name": "/a b"})), "ValidationException"),
        (put(json!({"Name": "a/b"})), "ValidationException"),
        (put(json!({"Name": "/aws/b"})), "ValidationException"),
        (put(json!({"Name": "/a".repeat(16)})), "HierarchyLevelLimitExceededException"),
        (
            put(json!({"Name": "/app/url", "Overwrite": true, "Type": "SecureString"})),
            "HierarchyTypeMismatchException",
        ),
        (("GetParameter", json!({"Name": "/none"})), "ParameterNotFound"),
        (("GetParameterHistory", json!({"Name": "/none"})), "ParameterNotFound"),
        (("DeleteParameter", json!({"Name": "/none"})), "ParameterNotFound"),
        (("GetParameters", json!({"Names": []})), "ValidationException"),
        (("GetParameters", json!({"Names": names})), "ValidationException"),
        (("DeleteParameters", json!({"Names": names})), "ValidationException"),
        (("GetParametersByPath", json!({"Path": "app"})), "ValidationException"),
        (("GetParametersByPath", json!({"Path": "/", "MaxResults": 11})), "ValidationException"),
        (("GetParametersByPath", json!({"Path": "/", "NextToken": "?"})), "InvalidNextToken"),
        (
            ("GetParametersByPath", json!({"Path": "/", "ParameterFilters": [{"Key": "Name"}]})),
            "InvalidFilterKey",
        ),
        (("DescribeParameters", json!({"NextToken": "?"})), "InvalidNextToken"),
        (
            ("ListTagsForResource", json!({"ResourceType": "Parameter", "ResourceId": "/none"})),
            "InvalidResourceId",
        ),
        (
            ("ListTagsForResource", json!({"ResourceType": "Document", "ResourceId": "/app/url"})),
            "InvalidResourceType",
        ),
    ] {
        let refused = it.call(operation, input.clone()).await;
        assert_eq!(refused.unwrap_err(), code, "{operation} {input}");
    }
    assert_eq!(it.names("DescribeParameters", json!({})).await, ["/app/url"]);
}

#[tokio::test(start_paused = true)]
async fn a_large_value_needs_the_advanced_tier_and_there_is_no_way_back() {
    let it = Parameters::none();
    let put = |tier: &str, size: usize| {
        json!({
            "Name": "/big", "Type": "String", "Overwrite": true, "Tier": tier,
            "Value": "x".repeat(size),
        })
    };
    let tier = async |input| it.call("PutParameter", input).await.map(|it| it["Tier"].clone());
    assert_eq!(tier(put("Intelligent-Tiering", 4096)).await.unwrap(), "Standard");
    assert_eq!(tier(put("Intelligent-Tiering", 4097)).await.unwrap(), "Advanced");
    assert_eq!(tier(put("Advanced", 8192)).await.unwrap(), "Advanced");
    assert_eq!(tier(put("Standard", 10)).await.unwrap_err(), "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn parameters_are_found_by_path_page_by_page() {
    let it = Parameters::none();
    for name in ["/app/a", "/app/b", "/app/deep/c", "/application/d", "plain"] {
        it.put(name, "x").await;
    }
    let path = "GetParametersByPath";
    assert_eq!(it.names(path, json!({"Path": "/app"})).await, ["/app/a", "/app/b"]);
    assert_eq!(it.names(path, json!({"Path": "/app/"})).await, ["/app/a", "/app/b"]);
    assert_eq!(it.names(path, json!({"Path": "/app/a"})).await, [""; 0]);
    let all = json!({"Path": "/app", "Recursive": true, "MaxResults": 2});
    let first = it.call(path, all.clone()).await.unwrap();
    let mut rest = all;
    rest["NextToken"] = first["NextToken"].clone();
    assert_eq!(it.names(path, rest).await, ["/app/deep/c"]);

    let named = |option: &str, value: &str| json!({"ParameterFilters": [{"Key": "Name", "Option": option, "Values": [value]}]});
    let describe = "DescribeParameters";
    assert_eq!(it.names(describe, named("Contains", "plication")).await, ["/application/d"]);
    assert_eq!(it.names(describe, named("Equals", "plain")).await, ["plain"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_names_among_others_are_no_error() {
    let it = Parameters::none();
    it.put("/a", "x").await;
    let names = json!({"Names": ["/none", "/a"]});
    let answer = it.call("GetParameters", names.clone()).await.unwrap();
    assert_eq!(answer["Parameters"][0]["Name"], "/a");
    assert_eq!(answer["InvalidParameters"], json!(["/none"]));
    let answer = it.call("DeleteParameters", names).await.unwrap();
    assert_eq!(answer, json!({"DeletedParameters": ["/a"], "InvalidParameters": ["/none"]}));
    assert_eq!(it.value("/a").await.unwrap_err(), "ParameterNotFound");
    // A new one of that name starts again.
    assert_eq!(it.put("/a", "x").await["Version"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_has_tags() {
    let it = Parameters::none();
    let tags = json!([{"Key": "team", "Value": "pay"}]);
    let input = json!({"Name": "/a", "Value": "x", "Type": "String", "Tags": tags});
    it.call("PutParameter", input).await.unwrap();
    let of = |mut more: Value| {
        more["ResourceType"] = json!("Parameter");
        more["ResourceId"] = json!("/a");
        more
    };
    let added = json!([{"Key": "app", "Value": "shop"}]);
    it.call("AddTagsToResource", of(json!({"Tags": added}))).await.unwrap();
    it.call("RemoveTagsFromResource", of(json!({"TagKeys": ["team"]}))).await.unwrap();
    let listed = it.call("ListTagsForResource", of(json!({}))).await.unwrap();
    assert_eq!(listed["TagList"], added);
    let many: Vec<Value> = (0..50).map(|n| json!({"Key": n.to_string(), "Value": ""})).collect();
    let refused = it.call("AddTagsToResource", of(json!({"Tags": many}))).await;
    assert_eq!(refused.unwrap_err(), "TooManyTagsError");
}
