//! What is measured.

use crate::{
    load::{Act, Task},
    report::short,
};

/// Tasks that are done at once. The first one is what is measured.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub tasks: Vec<Task>,
}

/// Each is turned by strangers, and by people who are signed in.
const PAGES: [&str; 3] = ["/", "/products/lantern", "/cart"];

fn one(name: &str, act: Act, clients: usize, rate: Option<f64>) -> Scenario {
    Scenario { name: name.to_owned(), tasks: vec![Task { act, clients, rate }] }
}

pub const SIGN_INS: &str = "sign-ins";

pub fn sign_ins(clients: usize) -> Scenario {
    one(SIGN_INS, Act::SignIn, clients, None)
}

pub fn pages(clients: usize) -> Vec<Scenario> {
    let both = PAGES.iter().flat_map(|path| [(*path, false), (*path, true)]);
    both.map(|(path, signed_in)| page(path, signed_in, clients)).collect()
}

pub fn page(path: &'static str, signed_in: bool, clients: usize) -> Scenario {
    let name = if signed_in { format!("{path}, signed in") } else { path.to_owned() };
    one(&name, Act::Page { path, signed_in }, clients, None)
}

/// Sign-ins beside as many clients that turn pages.
pub fn mixed(clients: usize) -> Scenario {
    let page = Act::Page { path: "/", signed_in: false };
    let tasks = [Act::SignIn, page].map(|act| Task { act, clients, rate: None });
    Scenario { name: "sign-ins beside as many clients at /".to_owned(), tasks: tasks.into() }
}

/// Enough connections for what waits.
const WAITING: usize = 64;

pub fn pages_at(rate: f64) -> Scenario {
    let page = Act::Page { path: "/", signed_in: false };
    one(&format!("/ at {} a second", short(rate)), page, WAITING, Some(rate))
}

pub fn sign_ins_at(rate: f64) -> Scenario {
    one(&format!("sign-ins at {rate:.0} a second"), Act::SignIn, WAITING, Some(rate))
}

pub fn flooded(rate: f64, clients: usize) -> Scenario {
    let mut scenario = sign_ins_at(rate);
    scenario.name += &format!(", beside {clients} clients that try passwords");
    scenario.tasks.push(Task { act: Act::WrongPassword, clients, rate: None });
    scenario
}
