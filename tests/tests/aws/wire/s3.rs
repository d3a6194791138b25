//! S3: objects, conditions, framing, regions, pages.

use firelens_tests::fake_aws::FakeAws;

use crate::wire::support::{SIGNED, agent, fake};

pub(crate) struct Answer {
    pub(crate) status: u16,
    region: String,
    pub(crate) body: String,
}

pub(crate) fn send(
    fake: &FakeAws,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", fake.endpoint()))
        .header("authorization", SIGNED);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = if method == "PUT" {
        agent().run(request.body(body.to_owned()).unwrap())
    } else {
        agent().run(request.body(()).unwrap())
    };
    let mut response = response.unwrap();
    let region = response.headers().get("x-amz-bucket-region");
    Answer {
        status: response.status().as_u16(),
        region: region.map_or("", |v| v.to_str().unwrap()).to_owned(),
        body: response.body_mut().read_to_string().unwrap(),
    }
}

#[test]
fn objects_are_put_read_listed_and_deleted() {
    let fake = fake();
    fake.add_bucket("b");
    assert_eq!(
        send(&fake, "PUT", "/b/a/one%20two", &[], "text").status,
        200
    );
    assert_eq!(send(&fake, "GET", "/b/a/one%20two", &[], "").body, "text");
    assert_eq!(send(&fake, "HEAD", "/b/a/one%20two", &[], "").status, 200);
    let listed = send(&fake, "GET", "/b?list-type=2&prefix=a%2F", &[], "").body;
    assert!(listed.contains("<Key>a/one two</Key>"), "{listed}");
    assert_eq!(send(&fake, "DELETE", "/b/a/one%20two", &[], "").status, 204);
    assert_eq!(send(&fake, "DELETE", "/b/a/one%20two", &[], "").status, 204);
    let gone = send(&fake, "GET", "/b/a/one%20two", &[], "");
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("NoSuchKey"));
    assert_eq!(send(&fake, "HEAD", "/none", &[], "").status, 404);
}

#[test]
fn a_conditional_put_does_not_overwrite() {
    let fake = fake();
    fake.add_bucket("b");
    let only_new = [("if-none-match", "*")];
    assert_eq!(send(&fake, "PUT", "/b/k", &only_new, "1").status, 200);
    let refused = send(&fake, "PUT", "/b/k", &only_new, "2");
    assert_eq!(refused.status, 412);
    assert!(refused.body.contains("PreconditionFailed"));
    assert_eq!(fake.objects("b")["k"], "1");
}

#[test]
fn a_streamed_body_is_stored_without_its_framing() {
    let fake = fake();
    fake.add_bucket("b");
    let streamed = [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")];
    let framed = "4\r\nabcd\r\n2\r\nef\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
    assert_eq!(send(&fake, "PUT", "/b/k", &streamed, framed).status, 200);
    assert_eq!(fake.objects("b")["k"], "abcdef");
}

#[test]
fn a_bucket_answers_only_its_own_region_and_owner() {
    let fake = fake();
    fake.add_bucket("here");
    fake.at("111122223333", "eu-west-1").add_bucket("there");
    fake.at("444455556666", "us-east-1").add_bucket("foreign");
    assert_eq!(send(&fake, "HEAD", "/here", &[], "").region, "us-east-1");
    let moved = send(&fake, "HEAD", "/there", &[], "");
    assert_eq!((moved.status, moved.region.as_str()), (301, "eu-west-1"));
    let location = send(&fake, "GET", "/there?location", &[], "").body;
    assert!(location.contains(">eu-west-1<"));
    assert_eq!(send(&fake, "HEAD", "/foreign", &[], "").status, 403);
    let owner = [("x-amz-expected-bucket-owner", "999999999999")];
    assert_eq!(send(&fake, "HEAD", "/here", &owner, "").status, 403);
}

#[test]
fn long_lists_come_in_pages() {
    let fake = fake();
    fake.add_bucket("b");
    for key in ["a", "b", "c"] {
        fake.set_object("b", key, Some("x"));
    }
    let first = send(&fake, "GET", "/b?list-type=2&max-keys=2", &[], "").body;
    assert!(first.contains("<IsTruncated>true</IsTruncated>"));
    assert!(first.contains("<NextContinuationToken>b</NextContinuationToken>"));
    let path = "/b?list-type=2&max-keys=2&continuation-token=b";
    let second = send(&fake, "GET", path, &[], "").body;
    assert!(second.contains("<Key>c</Key>") && second.contains("<KeyCount>1</KeyCount>"));
}
