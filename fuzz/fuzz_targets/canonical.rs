#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code)]
mod bodies;
#[cfg(feature = "libxml2")]
#[path = "../libxml2.rs"]
mod libxml2;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::canonical(data);
    #[cfg(feature = "libxml2")]
    libxml2::agrees(data);
});
