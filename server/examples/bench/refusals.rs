//! Whoever is quick because nothing is checked is not measured.

use crate::{
    client::Client,
    people::{Person, Says},
    seed::Outcome,
    site::{RP_ID, Site},
};

/// Whose challenge an answer is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Challenge {
    Own,
    /// One that was answered before.
    Used,
    /// One that another browser was given.
    Foreign,
}

/// An answer that is wrong in one way, or right.
struct Attempt<'a> {
    name: &'static str,
    challenge: Challenge,
    /// Whose passkey answers.
    person: &'a Person,
    origin: Option<&'a str>,
    rp_id: &'a str,
}

/// Signs in once, and then tries what has to be refused.
///
/// # Errors
/// What was not.
pub async fn check(site: &Site, person: &Person, other: &Person) -> Outcome {
    let right = Attempt {
        name: "a right answer",
        challenge: Challenge::Own,
        person,
        origin: None,
        rp_id: RP_ID,
    };
    let impostor = Person::with_key_of(&person.account, other);
    let status = attempt(site, &right).await?;
    if status != 200 {
        return Err(format!("{} gets {status} of {:?}", right.name, site.kind).into());
    }
    for wrong in [
        Attempt { name: "a challenge used twice", challenge: Challenge::Used, ..right },
        Attempt { name: "a foreign challenge", challenge: Challenge::Foreign, ..right },
        Attempt { name: "another key", person: &impostor, ..right },
        Attempt { name: "another origin", origin: Some("http://localhost:1"), ..right },
        Attempt { name: "another RP ID", rp_id: "example.org", ..right },
    ] {
        let status = attempt(site, &wrong).await?;
        if !(400..500).contains(&status) {
            return Err(format!("{} gets {status} of {:?}", wrong.name, site.kind).into());
        }
    }
    Ok(())
}

async fn attempt(site: &Site, attempt: &Attempt<'_>) -> Outcome<u16> {
    let mut client = Client::new(site.address);
    let started = site.start(&mut client).await?;
    let cookies = match attempt.challenge {
        Challenge::Foreign => site.start(&mut client).await?.cookies,
        _ => started.cookies,
    };
    let says = Says {
        challenge: &started.challenge,
        origin: attempt.origin.unwrap_or(&site.origin),
        rp_id: attempt.rp_id,
    };
    let answer = attempt.person.answer(&says);
    if attempt.challenge == Challenge::Used {
        let first = site.finish(&mut client, cookies.clone(), answer.clone()).await?;
        if first.status != 200 {
            return Ok(first.status);
        }
    }
    Ok(site.finish(&mut client, cookies, answer).await?.status)
}
