//! What plain text search can say about Rust.

use std::collections::BTreeSet;

use crate::File;

/// The code of a file: without its comments and without the tests at its end.
pub fn code_of(file: &File) -> String {
    if file.name().ends_with("tests.rs") {
        return String::new();
    }
    let code = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether the code of a file waits for anything.
pub fn awaits(file: &File) -> bool {
    code_of(file).contains(".await")
}

/// The functions in some code, each from its `fn` to the next one's: enough to say in which a call stands.
pub fn functions_in(code: &str) -> Vec<&str> {
    let begins =
        |at: &usize| code.get(..*at).is_some_and(|it| it.is_empty() || it.ends_with(['\n', ' ']));
    let starts: Vec<usize> = code.match_indices("fn ").map(|it| it.0).filter(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([code.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| code.get(*start..end)).collect()
}

/// The operations of AWS that some code names where it calls them.
pub fn named_calls(code: &str) -> BTreeSet<&str> {
    let named = |before| code.split(before).skip(1).filter_map(|rest: &str| rest.split('"').next());
    named(".call(\"").chain(named("OPERATION: &str = \"")).collect()
}

/// The variables that a settings file documents: ``/// `NAME`: what it means``.
pub fn documented_settings(text: &str) -> BTreeSet<String> {
    let documented = text.lines().filter_map(|line| line.trim_start().strip_prefix("/// `"));
    let names = documented.filter_map(|rest| rest.split_once("`:")).map(|(name, _)| name);
    names.filter(|name| is_variable(name)).map(str::to_owned).collect()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// How the SDK spells an action: `DescribeTasks` is `describe_tasks`.
pub fn snake_case(action: &str) -> String {
    let mut snake = String::new();
    for c in action.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: bool) {
        let file = File { path: format!("shared/x/src/{name}"), text: text.to_owned() };
        assert_eq!(awaits(&file), expected);
    }

    #[test]
    fn only_code_awaits() {
        check("plan.rs", "ecs.list_tasks().send().await", true);
        check("plan.rs", "    .send()\n    .await?;", true);
        check("plan.rs", "//! `.send().await` in words", false);
        check("plan.rs", "let a = 1;\n    // then .await", false);
        check("plan.rs", "#[cfg(test)]\nmod tests {\n handle().await\n}", false);
        check("plan.rs", "#[cfg(test)]\nfn one() {}\nasync fn two() { x.await }", true);
        check("verdict_tests.rs", "handle().await", false);
    }

    #[test]
    fn a_function_ends_where_the_next_one_begins() {
        let code = "use x;\npub(crate) async fn one(a: &A) {\n  a.b()\n}\n\nfn two<'a>() {}";
        let found = functions_in(code);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("fn one(a: &A)") && found[0].contains("a.b()"));
        assert_eq!(found[1], "fn two<'a>() {}");
    }

    #[test]
    fn a_call_names_its_operation_there_or_in_a_constant() {
        let code = "x.send().await.call(\"ListTasks\")?;\nconst OPERATION: &str = \"StopTask\";";
        assert_eq!(named_calls(code), BTreeSet::from(["ListTasks", "StopTask"]));
    }

    #[test]
    fn a_documented_setting_is_a_name_in_backticks_with_a_colon() {
        let text = "/// `TIMEOUT`: how long. Example: `55m`.\n    /// `LOG_2`: x\n\
                    /// `not_one`: y\n/// `QUIET` has no colon\n// `GONE`: a comment";
        let names: Vec<String> = documented_settings(text).into_iter().collect();
        assert_eq!(names, ["LOG_2", "TIMEOUT"]);
    }

    #[test]
    fn actions_are_spelt_as_the_sdk_does() {
        assert_eq!(snake_case("GetObject"), "get_object");
        assert_eq!(
            snake_case("PutLifecycleEventHookExecutionStatus"),
            "put_lifecycle_event_hook_execution_status"
        );
    }
}
