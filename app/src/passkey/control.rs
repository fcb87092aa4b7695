//! The state that a control and its ceremony share.

use leptos::prelude::*;

/// What a control shows while its ceremony runs, and after.
#[derive(Clone, Copy)]
pub(super) struct Control {
    pub(super) busy: RwSignal<bool>,
    pub(super) message: RwSignal<String>,
    /// Instead of a button that could not do anything.
    pub(super) unsupported: RwSignal<bool>,
}

impl Control {
    pub(super) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            message: RwSignal::default(),
            unsupported: RwSignal::new(false),
        }
    }

    pub(super) fn say(self, sentence: impl Into<String>) {
        self.message.set(sentence.into());
    }

    /// Runs a ceremony, one at a time.
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
