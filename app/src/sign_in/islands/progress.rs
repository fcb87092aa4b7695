//! What a control and its ceremony share, and how it looks.

use leptos::{ev::MouseEvent, prelude::*};

/// What a control shows while its ceremony runs, and after.
#[derive(Clone, Copy)]
pub(in crate::sign_in) struct Progress {
    pub(super) busy: RwSignal<bool>,
    pub(super) message: RwSignal<String>,
    /// Whether the browser could not do what the control is for: there is a sentence instead.
    pub(super) unsupported: RwSignal<bool>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            message: RwSignal::default(),
            unsupported: RwSignal::new(false),
        }
    }

    /// Says a sentence next to the control, in place of the one before.
    pub(in crate::sign_in) fn say(self, sentence: impl Into<String>) {
        self.message.set(sentence.into());
    }

    /// Runs a ceremony. While one runs, another is not begun.
    pub(super) fn run(self, ceremony: impl Future<Output = ()> + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.say("");
        leptos::task::spawn_local(async move {
            ceremony.await;
            self.busy.set(false);
        });
    }
}

/// The ceremony of a button, which the children hold, and what it has to say.
#[component]
pub(super) fn Ceremony(
    progress: Progress,
    on_press: impl Fn(MouseEvent) + 'static,
    children: Children,
) -> impl IntoView {
    // There is nothing to fall back on: a press before anything listens would be lost.
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));
    view! {
        <div class="passkey" data-busy=move || progress.busy.get().then_some("")>
            <fieldset
                class="passkey-control"
                role="presentation"
                disabled=move || !ready.get()
                hidden=move || progress.unsupported.get()
                on:click=on_press
            >
                {children()}
            </fieldset>
            <Status progress link=None/>
        </div>
    }
}

/// What a ceremony has to say, for eyes and screen readers. `link` is where else to go, and in
/// what words, once there is something to say.
#[component]
pub(super) fn Status(progress: Progress, link: Option<(String, String)>) -> impl IntoView {
    let link = move || {
        let link = link.clone().filter(|_| !progress.message.get().is_empty());
        link.map(|(to, words)| view! { " " <a href=to>{words}</a> })
    };
    view! {
        <p class="passkey-status" role="status" aria-live="polite">
            {move || progress.message.get()} {link}
        </p>
    }
}
