//! Metadata of a federation, made to any size.

/// A federation's aggregate: each of so many entities with a certificate, extensions, contacts and names in several languages.
pub(crate) fn aggregate(entities: usize) -> String {
    let certificate = include_str!("../../testdata/auth0/keys/idp-rsa2048.pem");
    let certificate: String =
        certificate.lines().filter(|line| !line.starts_with("-----")).map(|line| format!("{line}\n")).collect();
    let mut xml = String::from(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\" ID=\"_all\">\n",
    );
    for place in 0..entities {
        let role = if place % 2 == 0 { "IDPSSODescriptor" } else { "SPSSODescriptor" };
        let names: String = ["en", "de", "fr"]
            .map(|lang| format!("        <mdui:DisplayName xml:lang=\"{lang}\">Member {place}</mdui:DisplayName>\n"))
            .concat();
        xml.push_str(&format!(
            "  <md:EntityDescriptor entityID=\"https://member{place}.example/saml\">\n    <md:{role} \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n      <md:Extensions>\n        <mdui:UIInfo>\n{names}        \
             </mdui:UIInfo>\n      </md:Extensions>\n      <md:KeyDescriptor>\n        <ds:KeyInfo>\n          <ds:X509Data>\n            \
             <ds:X509Certificate>\n{certificate}            </ds:X509Certificate>\n          </ds:X509Data>\n        </ds:KeyInfo>\n      \
             </md:KeyDescriptor>\n      <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://member{place}.example/sso\"/>\n    </md:{role}>\n    <md:Organization>\n      <md:OrganizationName \
             xml:lang=\"en\">Member {place}</md:OrganizationName>\n    </md:Organization>\n    <md:ContactPerson \
             contactType=\"technical\">\n      <md:EmailAddress>mailto:ops@member{place}.example</md:EmailAddress>\n    \
             </md:ContactPerson>\n  </md:EntityDescriptor>\n"
        ));
    }
    xml.push_str("</md:EntitiesDescriptor>\n");
    xml
}
