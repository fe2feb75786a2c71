//! The two text formats of metrics: OpenMetrics 1.0.0 as the library writes it, and Prometheus' own 0.0.4, which
//! every scraper and `promtool` read. Not here: which one somebody asked for (`http`).

use std::collections::HashMap;

/// A format that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// 0.0.4.
    Plain,
    /// OpenMetrics 1.0.0, for those that ask for it.
    OpenMetrics,
}

impl TextFormat {
    /// Its media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// OpenMetrics as 0.0.4: families there are named as their samples are, know fewer types and no units, and the text
/// just ends.
pub(super) fn plain(open: &str) -> String {
    let comment = |line: &'_ str, what: &str| -> Option<(String, String)> {
        let (name, rest) = line.strip_prefix("# ")?.strip_prefix(what)?.strip_prefix(' ')?.split_once(' ')?;
        Some((name.to_owned(), rest.to_owned()))
    };
    let types: HashMap<String, String> = open.lines().filter_map(|line| comment(line, "TYPE")).collect();
    let renamed = |name: &str| match types.get(name).map(String::as_str) {
        Some("counter") => format!("{name}_total"),
        Some("info") => format!("{name}_info"),
        _ => name.to_owned(),
    };
    let mut text = String::with_capacity(open.len());
    for line in open.lines() {
        let line = if let Some((name, help)) = comment(line, "HELP") {
            format!("# HELP {} {help}", renamed(&name))
        } else if let Some((name, kind)) = comment(line, "TYPE") {
            let kind = match kind.as_str() {
                "info" | "stateset" => "gauge",
                "unknown" | "gaugehistogram" => "untyped",
                same => same,
            };
            format!("# TYPE {} {kind}", renamed(&name))
        } else if line.starts_with('#') {
            continue;
        } else {
            line.to_owned()
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_named_as_their_samples() {
        let open = "# HELP a_b Events.\n# TYPE a_b counter\na_b_total 3\n# HELP c Build.\n# TYPE c info\n\
                    c_info{version=\"1\"} 1\n# HELP d_seconds Time.\n# TYPE d_seconds histogram\n\
                    # UNIT d_seconds seconds\nd_seconds_sum 1.5\nd_seconds_bucket{le=\"+Inf\"} 1\n# EOF\n";
        let expected = "# HELP a_b_total Events.\n# TYPE a_b_total counter\na_b_total 3\n# HELP c_info Build.\n\
                        # TYPE c_info gauge\nc_info{version=\"1\"} 1\n# HELP d_seconds Time.\n\
                        # TYPE d_seconds histogram\nd_seconds_sum 1.5\nd_seconds_bucket{le=\"+Inf\"} 1\n";
        assert_eq!(plain(open), expected);
    }
}
