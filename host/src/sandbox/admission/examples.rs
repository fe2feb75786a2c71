//! Runs a plugin's own examples: it must keep its word before it is taken. Not here: what an
//! example is made of (`manifest`, `expect`).

use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::sandbox::admission::expect::ExampleAnswer;
use crate::sandbox::admission::manifest::ManifestExample;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::instance::ran::ConfigRefusal;
use crate::sandbox::plugin::Plugin;

/// Runs all of them; the refusal has a line for each that has another result.
pub(crate) async fn run(plugin: &Plugin, examples: &[ManifestExample]) -> Result<(), Refusal> {
    let mut failed = Vec::new();
    for example in examples {
        let difference = match answer(plugin, example).await {
            Ok(answer) => example.expect.difference(&answer),
            Err(fault) if fault.blame() == Blame::Host => {
                return Err(Refusal::new(RefusalCode::Host, fault.to_string()));
            }
            Err(fault) => Some(fault.to_string()),
        };
        failed.extend(difference.map(|what| format!("example {:?}: {what}", example.name)));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(RefusalCode::ExampleFailed, failed.join("\n"))),
    }
}

pub(crate) async fn answer(plugin: &Plugin, example: &ManifestExample) -> Result<ExampleAnswer, Fault> {
    match plugin.check_config(&example.config).await {
        Ok(()) => {}
        Err(ConfigRefusal::Refused { message }) => return Ok(ExampleAnswer::BadConfig(message)),
        Err(ConfigRefusal::Faulted { fault }) => return Err(fault),
    }
    match plugin.run(example.config.as_str().into(), example.event.clone()).await {
        Ok(ran) => Ok(ExampleAnswer::Verdict(ran.verdict)),
        Err(failure) => match failure.fault {
            Fault::Refused { message } => Ok(ExampleAnswer::Error(message)),
            fault => Err(fault),
        },
    }
}
