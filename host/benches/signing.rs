//! What a signature costs: made for a delivery, checked for a request. 1 KB bodies and 20 KB.

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use hookmill::domain::event::Headers;
use hookmill::domain::secret::Secret;
use hookmill::domain::secret::StoredSecret;
use hookmill::domain::signing::Signing;
use hookmill::domain::signing::SigningProfile;
use hookmill::domain::signing::SigningSecret;
use hookmill::domain::time::Timestamp;
use hookmill::domain::verification::Verification;
use hookmill::rules::sign::PreparedSigning;
use hookmill::rules::sign::generate_secret;
use hookmill::rules::verify::PreparedVerification;
use hookmill::rules::verify::SignedRequest;
use hookmill::rules::verify::presets;

const SIZES: [usize; 2] = [1 << 10, 20 << 10];

fn sign(criterion: &mut Criterion) {
    let secret =
        SigningSecret { secret: StoredSecret(Secret::new(generate_secret([7; 32]))), expires_at: None };
    let signing = Signing { profile: SigningProfile::StandardWebhooks, secrets: vec![secret] };
    let prepared = PreparedSigning::prepare(&signing).expect("a generated secret is good");
    let mut group = criterion.benchmark_group("sign");
    for size in SIZES {
        let body = vec![b'x'; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("standard_webhooks/{size}"), |bencher| {
            bencher.iter(|| {
                prepared.sign(
                    "dlv_01hzy0k2f3g4h5j6k7m8n9p0qr",
                    Timestamp::from_millis(1_700_000_000_000),
                    "push",
                    &body,
                )
            });
        });
    }
}

fn verify(criterion: &mut Criterion) {
    let scheme = presets().find("github").expect("the preset is built in").scheme.clone();
    let secrets = vec![StoredSecret(Secret::new("s3cret"))];
    let verification = Verification { preset: None, scheme, secrets, verify_token: None };
    let prepared = PreparedVerification::prepare(&verification).expect("the preset is good");
    let mut group = criterion.benchmark_group("verify");
    for size in SIZES {
        let body = vec![b'x'; size];
        let signature = format!("sha256={}", "0".repeat(64));
        let headers = Headers(vec![("x-hub-signature-256".to_owned(), signature)]);
        let request =
            SignedRequest { method: "POST", url: "", path: "", query: "", headers: &headers, body: &body };
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("github/{size}"), |bencher| {
            bencher.iter(|| prepared.verify(&request, Timestamp::default()).is_err());
        });
    }
}

criterion_group!(benches, sign, verify);
criterion_main!(benches);
