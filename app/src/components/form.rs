//! Form fields that are shown again with what was entered and what was wrong.

use leptos::prelude::*;

use crate::{api::FormOutcome, request::form_outcome};

/// What a field of a form is filled in with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    #[default]
    Text,
    /// Text that browsers are not to correct, such as a username or a code.
    Username,
    Password,
    /// Several lines.
    Lines,
}

/// A field of a form: a label, its control, a hint, and what was wrong with it. The control's id is
/// its name. It is filled in with what had been entered, secrets left out.
#[component]
pub fn Field(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] control: Control,
    #[prop(optional)] hint: &'static str,
    autocomplete: &'static str,
    /// What is suggested until something has been entered.
    #[prop(optional)]
    value: String,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let outcome = form_outcome();
    let error = outcome.error(name).map(str::to_owned);
    let value = outcome.value(name).map_or(value, str::to_owned);

    let hint = (!hint.is_empty()).then_some(hint);
    let described_by: Vec<_> = [hint.map(|_| "hint"), error.as_ref().map(|_| "error")]
        .into_iter()
        .flatten()
        .map(|part| format!("{name}-{part}"))
        .collect();
    let described_by = (!described_by.is_empty()).then(|| described_by.join(" "));
    let invalid = error.is_some();
    let aria_invalid = invalid.then_some("true");

    let control = match control {
        Control::Lines => view! {
            <textarea
                id=name
                name=name
                rows="4"
                autocomplete=autocomplete
                required=required
                autofocus=invalid
                aria-invalid=aria_invalid
                aria-describedby=described_by
                inner_html=escape(&value)
            />
        }
        .into_any(),
        Control::Password => view! {
            <input
                id=name
                name=name
                type="password"
                autocomplete=autocomplete
                required=required
                autofocus=invalid
                aria-invalid=aria_invalid
                aria-describedby=described_by
            />
        }
        .into_any(),
        Control::Text | Control::Username => {
            let verbatim = control == Control::Username;
            view! {
                <input
                    id=name
                    name=name
                    type="text"
                    autocomplete=autocomplete
                    autocapitalize=verbatim.then_some("none")
                    spellcheck=verbatim.then_some("false")
                    value=value
                    required=required
                    autofocus=invalid
                    aria-invalid=aria_invalid
                    aria-describedby=described_by
                />
            }
            .into_any()
        }
    };

    view! {
        <div class="field">
            <label for=name>{label}</label>
            {hint.map(|hint| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
            {control}
            {error.map(|error| view! { <p class="error" id=format!("{name}-error")>{error}</p> })}
        </div>
    }
}

/// What was wrong with the form as a whole.
#[component]
pub fn FormAlert() -> impl IntoView {
    let outcome: FormOutcome = form_outcome();
    let sentence = outcome.error("").map(str::to_owned);
    sentence.map(|sentence| view! { <p class="alert" role="alert">{sentence}</p> })
}

/// Text as it can stand in a `<textarea>`, into which Leptos writes what it is given as it is.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_textarea() {
        assert_eq!(escape("A & B\n</textarea>"), "A &amp; B\n&lt;/textarea>");
    }
}
