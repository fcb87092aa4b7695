//! Statements that run together, in one transaction.
//!
//! To SQLite, every statement is a way to its thread and back, which takes longer than most
//! statements do. So those of a ceremony go as one text; PostgreSQL, which takes one at a time, gets
//! them in turn. Whatever is good once is decided by the rows that a statement affects, and the
//! first one that fails undoes them all.

use std::borrow::Cow;

use futures::TryStreamExt;
use sqlx::{
    Any, Arguments, AssertSqlSafe, Either, Executor, Row, Transaction, any::AnyArguments,
    query_with,
};

use super::{Result, StoreError};

/// What a batch has given back: the last number that one of its statements returned.
pub(super) type Returned = Option<i64>;

#[derive(Debug, Default)]
pub(super) struct Batch(Vec<Statement>);

#[derive(Debug)]
pub(super) struct Statement {
    /// With places from `$1`, as everywhere.
    sql: Cow<'static, str>,
    values: Vec<Value>,
    /// What it means that no row is affected, where one has to be.
    or: Option<fn() -> StoreError>,
    if_none: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Null,
}

impl Batch {
    pub(super) fn add(&mut self, sql: impl Into<Cow<'static, str>>) -> &mut Statement {
        let (sql, values, or, if_none) = (sql.into(), vec![], None, false);
        self.0.push(Statement { sql, values, or, if_none });
        self.0.last_mut().expect("it was just added")
    }

    pub(super) fn of(fill: impl FnOnce(&mut Self)) -> Self {
        let mut batch = Self::default();
        fill(&mut batch);
        batch
    }

    /// Puts a statement without values before the others.
    pub(super) fn begin_with(&mut self, sql: &'static str) {
        self.add(sql);
        self.0.rotate_right(1);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs them, each after the one before.
    ///
    /// # Errors
    /// That of the first statement that failed, or affected no row where it had to.
    pub(super) async fn run(self, tx: &mut Transaction<'_, Any>) -> Result<Returned> {
        let at_once = tx.backend_name() == "SQLite";
        let (mut affected, mut returned) = (0, None);
        let mut rest = self.0.into_iter().peekable();
        while let Some(first) = rest.next() {
            if first.if_none && affected > 0 {
                continue;
            }
            let mut text = Text::default();
            text.push(first)?;
            while at_once && let Some(next) = rest.next_if(|next| !next.if_none) {
                text.push(next)?;
            }
            affected = text.run(tx, &mut returned).await?;
        }
        Ok(returned)
    }
}

/// Some statements as one text.
#[derive(Default)]
struct Text {
    sql: String,
    arguments: AnyArguments,
    expected: Vec<Option<fn() -> StoreError>>,
}

impl Text {
    fn push(&mut self, statement: Statement) -> sqlx::Result<()> {
        push_renumbered(&mut self.sql, &statement.sql, self.arguments.len());
        self.expected.push(statement.or);
        for value in statement.values {
            match value {
                Value::Text(text) => self.arguments.add(text),
                Value::Integer(number) => self.arguments.add(number),
                Value::Null => self.arguments.add(None::<String>),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }

    /// How many rows the last one has affected.
    async fn run(self, tx: &mut Transaction<'_, Any>, returned: &mut Returned) -> Result<u64> {
        let mut results = tx.fetch_many(query_with(AssertSqlSafe(self.sql), self.arguments));
        let (mut expected, mut affected) = (self.expected.into_iter(), 0);
        while let Some(result) = results.try_next().await? {
            match result {
                Either::Left(done) => {
                    affected = done.rows_affected();
                    if let (0, Some(Some(error))) = (affected, expected.next()) {
                        return Err(error());
                    }
                }
                Either::Right(row) => *returned = Some(row.try_get(0)?),
            }
        }
        Ok(affected)
    }
}

impl Statement {
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self
    }

    /// The error that it is to affect no row.
    pub(super) fn or(&mut self, error: fn() -> StoreError) -> &mut Self {
        self.or = Some(error);
        self
    }

    /// It is only run if the one before has affected no row.
    pub(super) fn if_none(&mut self) -> &mut Self {
        self.if_none = true;
        self
    }
}

/// Adds a statement to others, whose values come before its own: `$1` becomes `$8` after seven.
fn push_renumbered(text: &mut String, sql: &str, before: usize) {
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().unwrap_or_default();
        text.push('$');
        text.push_str(&(number + before).to_string());
        text.push_str(rest);
    }
    text.push_str(";\n");
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::push_renumbered;

    #[test]
    fn places_count_on() {
        let mut text = String::new();
        push_renumbered(&mut text, "INSERT INTO t VALUES ($1, $2), ($1, $12)", 0);
        push_renumbered(&mut text, "DELETE FROM t WHERE a = $1", 12);
        assert_eq!(
            text,
            "INSERT INTO t VALUES ($1, $2), ($1, $12);\nDELETE FROM t WHERE a = $13;\n"
        );
    }
}
