//! What processes of this machine take.

/// The largest memory and the processor time of all children of this process with a name so far: kilobytes of
/// the largest one, and seconds of all of them.
pub(crate) fn of_children(name: &str) -> (u64, f64) {
    let own = std::process::id().to_string();
    let (mut largest, mut seconds) = (0, 0.0);
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read =
            |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let status = read("status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_whitespace().next()?.to_owned())
        };
        // The kernel keeps fifteen characters of a name.
        let is_named = field("Name:").is_some_and(|it| name.starts_with(&it) && it.len() > 8);
        if is_named && field("PPid:").as_deref() == Some(&own) {
            largest = largest.max(field("VmHWM:").and_then(|it| it.parse().ok()).unwrap_or(0));
            seconds += processor_time(&read("stat"));
        }
    }
    (largest, seconds)
}

/// The processor time of this process so far, in seconds.
pub(crate) fn busy() -> f64 {
    processor_time(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default())
}

fn processor_time(stat: &str) -> f64 {
    // Behind the name in brackets: user and system time are the 14th and 15th field, in hundredths.
    let after = stat.rsplit_once(')').map(|it| it.1).unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}
