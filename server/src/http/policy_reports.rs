//! What browsers say that a page's policy has kept out: in the log, where a host sees an attack, or
//! that the policy keeps out too much.

use axum::{body::Bytes, extract, http::StatusCode};
use serde_json::Value;

use crate::state::State;

/// Of each member, in characters.
const ENOUGH: usize = 200;

/// Logs reports, a few a minute: anybody can send them.
pub(super) async fn log(extract::State(state): extract::State<State>, body: Bytes) -> StatusCode {
    let reports = serde_json::from_slice(&body).unwrap_or_default();
    for report in reports_in(&reports) {
        if !state.newcomers.report() {
            break;
        }
        let [directive, blocked, page] = [
            ["effectiveDirective", "violated-directive"],
            ["blockedURL", "blocked-uri"],
            ["documentURL", "document-uri"],
        ]
        .map(|names| text(report, names));
        tracing::warn!(target: "security", event = "policy_report", directive, blocked, page);
    }
    StatusCode::NO_CONTENT
}

/// As the Reporting API sends them, several at once; or one, as `report-uri` does (CSP3 §5.3).
fn reports_in(body: &Value) -> Vec<&Value> {
    match body {
        Value::Array(reports) => reports.iter().filter_map(|report| report.get("body")).collect(),
        report => report.get("csp-report").into_iter().collect(),
    }
}

/// A member, under one of its two names: short, in one line, and without a query, which may name
/// somebody.
fn text(report: &Value, names: [&str; 2]) -> String {
    let found = names.iter().find_map(|name| report.get(name)?.as_str()).unwrap_or_default();
    let path = found.split(['?', '#']).next().unwrap_or_default();
    path.chars().filter(|c| !c.is_control()).take(ENOUGH).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_kinds_of_report_are_read() {
        let new = json!([{ "type": "csp-violation", "body": { "effectiveDirective": "img-src" } }]);
        let old = json!({ "csp-report": { "violated-directive": "img-src" } });
        for body in [new, old] {
            let reports = reports_in(&body);
            assert_eq!(text(reports[0], ["effectiveDirective", "violated-directive"]), "img-src");
        }
        for nonsense in [json!(null), json!([1, "a"]), json!("text"), json!({})] {
            assert!(reports_in(&nonsense).is_empty());
        }
    }

    #[test]
    fn a_line_of_the_log_is_one_line_and_short() {
        let report = json!({ "blockedURL": format!("https://e\n{}?who=robin", "a".repeat(900)) });
        let text = text(&report, ["blockedURL", "blocked-uri"]);
        assert!(text.len() == ENOUGH && !text.contains('\n'), "{text}");
    }
}
