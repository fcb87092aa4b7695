//! What came back wrong in a form post.

/// What had been entered into a form, and what was wrong with it. The page of the form is shown
/// again with both, so that nothing that was entered is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormOutcome {
    /// Field names and what the person had entered there, secrets left out.
    pub values: Vec<(String, String)>,
    /// Field names and a sentence about each; an empty name stands for the whole form.
    pub errors: Vec<(String, String)>,
}

impl FormOutcome {
    /// What the person had entered into this field.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        let found = self.values.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value.as_str())
    }

    /// What was wrong with this field; with the whole form, if its name is empty.
    #[must_use]
    pub fn error(&self, field: &str) -> Option<&str> {
        let found = self.errors.iter().find(|(name, _)| name == field);
        found.map(|(_, sentence)| sentence.as_str())
    }
}
