//! The log: one stream, and one line for each entry, whatever is in it.

use std::fmt::{self, Write};

use tracing_subscriber::{
    EnvFilter,
    field::MakeExt,
    fmt::{MakeWriter, format::debug_fn},
};

/// Has the whole process log to `writer` what `filter` lets through.
pub fn start<W>(filter: EnvFilter, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let fields = debug_fn(|writer, field, value| match field.name() {
        "message" => write!(OneLine(writer), "{value:?}"),
        name => write!(OneLine(writer), "{name}={value:?}"),
    });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    log.with_ansi(false).fmt_fields(fields.delimited(" ")).init();
}

/// Escapes what ends a line or moves a cursor: an entry that somebody else has a part in, such as
/// what a provider answered, is not to look like two (ASVS 16.4.1).
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(char::is_control) {
            let (line, control) = rest.split_at(at);
            let mut others = control.chars();
            self.0.write_str(line)?;
            write!(self.0, "{}", others.next().unwrap_or_default().escape_default())?;
            rest = others.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_another_line() {
        let mut line = String::new();
        write!(OneLine(&mut line), "a\nb\r\n\u{1b}[31mc é").unwrap();
        assert_eq!(line, "a\\nb\\r\\n\\u{1b}[31mc é");
    }
}
