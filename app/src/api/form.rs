//! What came back wrong in a form post.

/// The page of a form is shown again with it, so that nothing that was entered is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormOutcome {
    /// What the person had entered, secrets left out.
    pub values: Vec<(String, String)>,
    /// Field name and sentence; an empty field name speaks of the whole form.
    pub errors: Vec<(String, String)>,
}

impl FormOutcome {
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        let found = self.values.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn error(&self, field: &str) -> Option<&str> {
        let found = self.errors.iter().find(|(name, _)| name == field);
        found.map(|(_, sentence)| sentence.as_str())
    }
}
