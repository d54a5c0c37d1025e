//! One described event: its name, its parameters, what it returns.

use super::named_type::NamedTypes;
use super::parameter::{Names, Parameter, Value, surplus};
use super::payload::Payload;
use super::template::Template;

/// A name for an event, and how to show its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDescription {
    /// Its name, a word: `xQueueGenericSend`.
    pub name: Box<str>,
    parameters: Template,
    returns: Option<Template>,
}

impl EventDescription {
    /// Reads `name parameters | text for the returned value`. `None` if there is no name.
    ///
    /// ```
    /// use leakscope_analysis::describe::{EventDescription, NamedTypes, NoNames, phrase};
    /// let event = EventDescription::parse("delay  time=%u us").unwrap();
    /// let parameters = event.parameters(&[50, 1], &NoNames, &NamedTypes::new());
    /// assert_eq!(phrase(&parameters), "time=50 us, +0x1");
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (call, returns) = match text.split_once('|') {
            Some((call, returns)) => (call, Some(returns)),
            None => (text, None),
        };
        let call = call.trim();
        let (name, parameters) = call.split_once(char::is_whitespace).unwrap_or((call, ""));
        if name.is_empty() {
            return None;
        }
        Some(Self {
            name: name.into(),
            parameters: Template::parse(parameters),
            returns: returns.map(Template::parse),
        })
    }

    /// The parameters in `payload`.
    ///
    /// Where the payload ends before its description does, or does not hold a string where one is
    /// described, the described parameters stop. What is left of the payload follows as raw numbers,
    /// `+0x2a`.
    pub fn parameters<'a>(
        &'a self,
        payload: &'a [u8],
        names: &dyn Names,
        types: &NamedTypes,
    ) -> Vec<Parameter<'a>> {
        let mut payload = Payload::Encoded(payload);
        let mut parameters = self.parameters.fill(&mut payload, names, types);
        parameters.extend(surplus(payload, "+"));
        parameters
    }

    /// What the call returned, from the value of its `END_CALL` packet. Empty if there is nothing to say.
    pub fn return_value(
        &self,
        value: Option<u32>,
        names: &dyn Names,
        types: &NamedTypes,
    ) -> Vec<Parameter<'_>> {
        let Some(returns) = &self.returns else {
            return value.map(undescribed_return).into_iter().collect();
        };
        let mut payload = Payload::Single(value);
        let mut parameters = returns.fill(&mut payload, names, types);
        parameters.extend(surplus(payload, "+"));
        parameters
    }

    /// Whether the description says what the call returns.
    pub fn has_return(&self) -> bool {
        self.returns.is_some()
    }

    /// The letters and digits behind each `%`.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let returns = self.returns.iter().flat_map(Template::words);
        self.parameters.words().chain(returns)
    }
}

fn undescribed_return(value: u32) -> Parameter<'static> {
    Parameter {
        label: "Returns",
        joint: " ",
        value: Some(Value::U32(value)),
        text: format!("{value:#x}"),
    }
}
