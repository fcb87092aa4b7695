//! What a document promises is there.

use std::{fs, path::Path};

#[test]
fn files_and_tests_that_the_security_page_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join(".github/SECURITY.md")).unwrap();
    let mut sources = String::new();
    for folder in ["app/src", "server/src", "server/tests", "end2end/tests"] {
        read(&root.join(folder), &mut sources);
    }
    for named in every_second(&page, '`') {
        let is_path = (named.contains('/') || named.ends_with(".rs")) && !named.contains(':');
        let found = ["", "server/src"].map(|folder| root.join(folder).join(named).exists());
        assert!(!is_path || found.contains(&true), "there is no {named}");
    }
    // The last column of each requirement.
    let is_requirement =
        |line: &&str| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit());
    let mut tests = 0;
    for line in page.lines().filter(is_requirement) {
        let column = line.rsplit('|').nth(1).unwrap();
        for name in every_second(column, '`').filter(|name| !name.ends_with(".spec.ts")) {
            assert!(sources.contains(&format!("fn {name}(")), "there is no test {name}");
            tests += 1;
        }
        for title in every_second(column, '"') {
            assert!(sources.contains(&format!("'{title}'")), "there is no test “{title}”");
        }
    }
    assert!(tests > 100, "{tests}");
}

/// What stands between two of these signs.
fn every_second(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.split(sign).skip(1).step_by(2)
}

/// All that is written in a folder and those below.
fn read(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "ts") {
            *sources += &fs::read_to_string(&path).unwrap();
        }
    }
}
