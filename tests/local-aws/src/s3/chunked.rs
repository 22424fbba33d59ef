//! `aws-chunked`: how SDKs send a body whose checksum follows it.

use bytes::Bytes;
use http::HeaderMap;

use crate::wire::AwsError;

/// The content of a body, and the trailing headers (`x-amz-checksum-…`) if it was chunked.
pub(super) fn content(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(Bytes, Vec<(String, String)>), AwsError> {
    let says = |name: &str, what: &str| {
        headers.get(name).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains(what))
    };
    if !says("content-encoding", "aws-chunked") && !says("x-amz-content-sha256", "STREAMING-") {
        return Ok((body.clone(), Vec::new()));
    }
    decode(body).ok_or_else(|| {
        AwsError::bad(
            "IncompleteBody",
            "The request body terminated unexpectedly or is not aws-chunked",
        )
    })
}

/// `SIZE[;chunk-signature=…]\r\nDATA\r\n … 0\r\nname:value\r\n\r\n`, sizes in hexadecimal.
fn decode(body: &[u8]) -> Option<(Bytes, Vec<(String, String)>)> {
    let mut content = Vec::new();
    let mut rest = body;
    loop {
        let (line, after) = line(rest)?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = after;
        if size == 0 {
            break;
        }
        content.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut trailers = Vec::new();
    while let Some((text, after)) = line(rest) {
        rest = after;
        if let Some((name, value)) = text.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Some((content.into(), trailers))
}

fn line(from: &[u8]) -> Option<(&str, &[u8])> {
    let end = from.windows(2).position(|pair| pair == b"\r\n")?;
    Some((std::str::from_utf8(&from[..end]).ok()?, &from[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_the_trailer_is_read() {
        let body = b"4\r\nquay\r\n4;chunk-signature=ab\r\nside\r\n0\r\n\
                     x-amz-checksum-crc32:3cvMVg==\r\n\r\n";
        let (content, trailers) = decode(body).unwrap();
        assert_eq!(content, "quayside");
        assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "3cvMVg==".to_owned())]);
    }

    #[test]
    fn a_body_that_ends_early_is_no_body() {
        assert!(decode(b"8\r\nquay").is_none());
        assert!(decode(b"4\r\nquay\r\n").is_none());
    }
}
