//! Puts parameters into a preset's documents: `{"$param": "name"}` becomes the parameter's value, whatever it is; with
//! `$then` and `$else` these where there is one or none, with `$prefix` and `$suffix` a text between these. What has no
//! value is left out.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::suggest::suggest;
use crate::rules::config_presets::ConfigPreset;
use crate::rules::config_presets::EventTypeGroup;
use crate::rules::config_presets::ParameterKind;
use crate::rules::config_presets::PresetParameter;

/// Stands for every event type.
const ALL: &str = "all";

/// A parameter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterFault {
    /// Which.
    pub name: String,
    /// Why, and what would do.
    pub detail: String,
}

impl ConfigPreset {
    /// The documents with these parameters, or all that is wrong with them.
    pub fn render(&self, given: &Map<String, Value>) -> Result<Vec<Value>, Vec<ParameterFault>> {
        let mut faults: Vec<ParameterFault> = given.keys().filter_map(|name| self.unknown(name)).collect();
        let mut values = Map::new();
        for parameter in &self.parameters {
            match self.value(parameter, given) {
                Ok(Some(value)) => drop(values.insert(parameter.name.clone(), value)),
                Ok(None) => {}
                Err(detail) => faults.push(ParameterFault { name: parameter.name.clone(), detail }),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut documents: Vec<Value> =
            self.documents.iter().filter_map(|document| fill(document, &values)).collect();
        if self.catalogue {
            documents.extend(self.event_types.iter().flat_map(|group| self.catalogued(group)));
        }
        Ok(documents)
    }

    /// The event types of a group, each as a document, with a sample as its example.
    fn catalogued(&self, group: &EventTypeGroup) -> impl Iterator<Item = Value> {
        group.types.iter().map(|about| {
            let mut document = json!({"resource": "event_type", "name": about.name, "group": group.group,
                "description": about.about});
            if let Some(sample) = self.samples.iter().find(|sample| sample.event_type == about.name) {
                document["example"] = sample.payload.clone();
            }
            document
        })
    }

    fn unknown(&self, name: &str) -> Option<ParameterFault> {
        let known = || self.parameters.iter().map(|parameter| parameter.name.as_str());
        if known().any(|have| have == name) {
            return None;
        }
        let detail = match suggest(name, known()) {
            Some(near) => format!("`{}` has no such parameter; did you mean `{near}`?", self.name),
            None => format!(
                "`{}` has no such parameter; it has {}",
                self.name,
                known().collect::<Vec<_>>().join(", ")
            ),
        };
        Some(ParameterFault { name: name.to_owned(), detail })
    }

    fn value(
        &self,
        parameter: &PresetParameter,
        given: &Map<String, Value>,
    ) -> Result<Option<Value>, String> {
        let value = given.get(&parameter.name).filter(|value| !value.is_null());
        if let (Some(_), Some(other)) = (value, &parameter.needs)
            && given.get(other).is_none_or(Value::is_null)
        {
            return Err(format!("it means nothing without `{other}`"));
        }
        let Some(value) = value.or(parameter.default.as_ref()) else {
            return if parameter.required { Err(missing(parameter)) } else { Ok(None) };
        };
        match (parameter.kind, value) {
            (ParameterKind::Text | ParameterKind::Secret, Value::String(_)) => Ok(Some(value.clone())),
            (ParameterKind::Object, Value::Object(_)) => Ok(Some(value.clone())),
            // As it comes from a command line or a form.
            (ParameterKind::Object, Value::String(json)) => match serde_json::from_str(json) {
                Ok(Value::Object(members)) => Ok(Some(members.into())),
                _ => Err("expected an object, such as {\"name\": \"value\"}".to_owned()),
            },
            (ParameterKind::Events, Value::String(one)) => {
                self.patterns(one.split(',').map(str::trim)).map(Some)
            }
            (ParameterKind::Events, Value::Array(several)) if several.iter().all(Value::is_string) => {
                self.patterns(several.iter().filter_map(Value::as_str)).map(Some)
            }
            (ParameterKind::List, Value::Array(_)) => Ok(Some(value.clone())),
            (ParameterKind::List, Value::String(text)) => list(text).map(Some),
            (ParameterKind::List, _) => Err("expected a list, such as [\"a\", \"b\"]".to_owned()),
            (ParameterKind::Text | ParameterKind::Secret, _) => Err("expected a text".to_owned()),
            (ParameterKind::Object, _) => Err("expected an object, such as {\"name\": \"value\"}".to_owned()),
            (ParameterKind::Events, _) => Err("expected a list of event types".to_owned()),
        }
    }

    /// Groups become their types, and `all` every type.
    fn patterns<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<Value, String> {
        let mut patterns: Vec<Value> = Vec::new();
        for name in names {
            if name == ALL {
                return Ok(vec!["*"].into());
            }
            let group = self.event_types.iter().find(|group| group.group == name && !group.open);
            match group {
                Some(group) => {
                    patterns.extend(group.types.iter().map(|about| Value::from(about.name.as_str())))
                }
                None => patterns.push(self.one_type(name)?.into()),
            }
        }
        Ok(patterns.into())
    }

    /// Where all types are named, one that is not is a slip.
    fn one_type<'n>(&self, name: &'n str) -> Result<&'n str, String> {
        let groups = || self.event_types.iter();
        let types = || groups().flat_map(|group| &group.types).map(|about| about.name.as_str());
        if groups().any(|group| group.open) || groups().next().is_none() || types().any(|have| have == name) {
            return Ok(name);
        }
        let known = || types().chain(groups().map(|group| group.group.as_str())).chain([ALL]);
        Err(match suggest(name, known()) {
            Some(near) => format!("there is no event type or group `{name}`; did you mean `{near}`?"),
            None => {
                let groups: Vec<&str> = groups().map(|group| group.group.as_str()).collect();
                format!("there is no event type or group `{name}`; groups are {}, {ALL}", groups.join(", "))
            }
        })
    }
}

/// A list as it comes from a command line or a form.
fn list(text: &str) -> Result<Value, String> {
    if !text.trim_start().starts_with('[') {
        return Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect());
    }
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) => Ok(items.into()),
        Ok(_) => Err("expected a list".to_owned()),
        Err(error) => Err(format!("expected a list as JSON: {error}")),
    }
}

fn missing(parameter: &PresetParameter) -> String {
    let example = parameter.example.as_ref().and_then(Value::as_str);
    let example = example.map(|example| format!(", such as {example}")).unwrap_or_default();
    format!("it is needed{example}: {}", parameter.about)
}

/// A part of a document with its holes filled; nothing where there is nothing to put in.
fn fill(part: &Value, values: &Map<String, Value>) -> Option<Value> {
    match part {
        Value::Object(members) => match members.get("$param").and_then(Value::as_str) {
            Some(name) => match (values.get(name), members.get("$then"), members.get("$else")) {
                (Some(_), Some(then), _) => fill(then, values),
                (Some(value), None, _) => Some(between(members, value)),
                (None, _, Some(otherwise)) => fill(otherwise, values),
                (None, _, None) => None,
            },
            None => {
                let filled =
                    members.iter().filter_map(|(name, inner)| Some((name.clone(), fill(inner, values)?)));
                Some(Value::Object(filled.collect()))
            }
        },
        Value::Array(items) => Some(items.iter().filter_map(|item| fill(item, values)).collect()),
        other => Some(other.clone()),
    }
}

/// A text with what stands before and behind it.
fn between(members: &Map<String, Value>, value: &Value) -> Value {
    let part = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    match value {
        Value::String(text) => format!("{}{text}{}", part("$prefix"), part("$suffix")).into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::config_presets::config_presets;

    fn render(preset: &str, given: Value) -> Result<Vec<Value>, Vec<(String, String)>> {
        let preset = config_presets().into_iter().find(|known| known.name == preset).unwrap();
        let given = given.as_object().unwrap().clone();
        preset
            .render(&given)
            .map_err(|faults| faults.into_iter().map(|fault| (fault.name, fault.detail)).collect())
    }

    fn patterns(preset: &str, events: Value) -> Value {
        let documents =
            render(preset, json!({"url": "https://example.com/", "helper": "h", "events": events}));
        documents.unwrap().last().unwrap()["event_types"].clone()
    }

    #[test]
    fn groups_are_their_types() {
        assert_eq!(
            patterns("peanuts", json!(["create", "delete"])),
            json!(["entry.created", "entry.deleted"])
        );
        assert_eq!(patterns("peanuts", json!("create, update")), json!(["entry.created", "entry.updated"]));
        assert_eq!(patterns("peanuts", json!(["create", "all"])), json!(["*"]));
    }

    #[test]
    fn what_is_not_given_is_left_out() {
        let documents = render("crm", json!({"url": "https://example.com/"})).unwrap();
        assert_eq!(documents[0]["signing"], json!({"profile": "none"}));
        let documents = render("crm", json!({"url": "https://example.com/", "secret": "s"})).unwrap();
        assert_eq!(documents[0]["signing"], json!({"profile": "crm", "secret": "s"}));
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults =
            render("crm", json!({"urll": "https://example.com/", "events": ["contacts"], "secret": 7}))
                .unwrap_err();
        let told = |name: &str| &faults.iter().find(|(have, _)| have == name).unwrap().1;
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(
            told("urll").contains("did you mean `url`?") && told("url").contains("https://example.com/hook")
        );
        assert!(told("events").contains("did you mean `contact`?"), "{faults:?}");
        assert_eq!(told("secret"), "expected a text");
        let faults =
            render("beton-signals", json!({"url": "https://example.com/", "username": "u"})).unwrap_err();
        assert_eq!(faults, [("username".to_owned(), "it means nothing without `password`".to_owned())]);
    }
}
