//! What a person sees: headings, a timeline, and a line that moves while something takes time.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::time::Instant;

/// Where the story is told.
pub(crate) struct Show {
    json: bool,
    colour: bool,
    started: Instant,
    spinner: Mutex<Option<ProgressBar>>,
}

impl Show {
    pub(crate) fn new(json: bool) -> Self {
        let colour = std::io::stdout().is_terminal() && !json;
        Self { json, colour, started: Instant::now(), spinner: Mutex::new(None) }
    }

    /// A new chapter.
    pub(crate) fn chapter(&self, title: &str) {
        if self.json {
            self.machine("chapter", title);
        } else {
            self.say(&format!("\n{}", self.paint("1", title)));
        }
    }

    /// Something happened by itself, `after` the chapter began.
    pub(crate) fn happened(&self, after: Duration, what: &str) {
        if self.json {
            return self.machine("happened", what);
        }
        let (who, what) = what.split_once(": ").unwrap_or(("", what));
        let time = self.paint("2", &format!("{:>6.1} s", after.as_secs_f64()));
        let who = self.paint(colour_of(who), &format!("{who:<11}"));
        self.say(&format!("  {time}  {who} {what}"));
    }

    /// Something was checked and is as told.
    pub(crate) fn checked(&self, what: &str) {
        if self.json {
            self.machine("checked", what);
        } else {
            self.say(&format!("  {}  {what}", self.paint("32", "    ✔   ")));
        }
    }

    /// A text somebody would read, such as an alert.
    pub(crate) fn quote(&self, title: &str, lines: &[String]) {
        if self.json {
            return self.machine(title, &lines.join("\n"));
        }
        self.say(&format!("            {}", self.paint("1;31", &format!("┌ {title}"))));
        for line in lines {
            self.say(&format!("            {} {line}", self.paint("31", "│")));
        }
        self.say(&format!("            {}", self.paint("31", "└")));
    }

    /// Whether a person looks on while it happens.
    pub(crate) fn is_watched(&self) -> bool {
        self.colour && std::io::stderr().is_terminal()
    }

    /// Something begins that shows its own progress.
    pub(crate) fn step(&self, what: &str) {
        self.say(&format!("  … {what}"));
    }

    /// Begins something that takes a while.
    pub(crate) fn busy(&self, what: &str) {
        if !self.colour {
            if !self.json {
                self.step(what);
            }
            return;
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(90));
        self.quiet();
        *self.lock() = Some(bar);
    }

    /// Ends what [`Show::busy`] began.
    pub(crate) fn quiet(&self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    pub(crate) fn done(&self, what: &str) {
        self.quiet();
        let took = format!("{:.1} s", self.started.elapsed().as_secs_f64());
        if self.json {
            self.machine("done", what);
        } else {
            self.say(&format!("\n{} {}", self.paint("1;32", what), self.paint("2", &took)));
        }
    }

    #[expect(clippy::print_stderr, reason = "errors are told on standard error")]
    pub(crate) fn failed(&self, why: &str) {
        self.quiet();
        if self.json {
            self.machine("failed", why);
        }
        eprintln!("\n{} {why}", self.paint("1;31", "Not as told:"));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.spinner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn machine(&self, kind: &str, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.say(&json!({"at": seconds, "kind": kind, "text": text}).to_string());
    }

    #[expect(clippy::print_stdout, reason = "a story is told on a terminal")]
    fn say(&self, line: &str) {
        match self.lock().as_ref() {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn colour_of(who: &str) -> &'static str {
    match who {
        "codedeploy" => "36",
        "ecs" => "34",
        "lambda" => "35",
        "sns" => "33",
        _ => "2",
    }
}
