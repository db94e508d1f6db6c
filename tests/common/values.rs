//! The values of a login, beside those of a manifest.

use saml_verify::Login;
use saml_verify::time::format_rfc3339;
use serde_json::{Value, json};

/// Says which value is another one.
pub(crate) fn compare(case: &Value, login: &Login) -> Result<(), String> {
    let attributes: Vec<Value> = login
        .attributes()
        .iter()
        .map(|attribute| {
            let values: Vec<&str> = attribute.values().map(|value| value.as_str().unwrap_or_default()).collect();
            json!({ "name": attribute.name(), "values": values })
        })
        .collect();
    let got = json!({
        "issuer": login.issuer(),
        "name_id": login.name_id().value,
        "name_id_format": login.name_id().format,
        "session_index": login.session_index(),
        "authn_context": login.authn_context(),
        "not_before": login.not_before().map(format_rfc3339),
        "not_on_or_after": login.not_on_or_after().map(format_rfc3339),
        "in_response_to": login.in_response_to(),
        "attributes": attributes,
    });
    for (field, got) in got.as_object().expect("an object") {
        if got != &case[field] {
            return Err(format!("{field}: expected {}, got {got}", case[field]));
        }
    }
    Ok(())
}
