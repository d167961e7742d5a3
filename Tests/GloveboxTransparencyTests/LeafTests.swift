import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct LeafTests {
    private let body = HashedRekord.body(paeDigest: .zero, signature: [1, 2], certificate: [3])

    @Test func `writes a report entry as sigstore expects it`() throws {
        let text =
            #"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","#
            + #""digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"signature":{"content":"AQI=","verifier":"#
            + #"{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"Aw=="}}}}}}"#
        #expect(String(decoding: body, as: UTF8.self) == text)
        let parts = try HashedRekord.parse(body)
        #expect(parts.paeDigest == .zero && parts.signature == [1, 2] && parts.certificate == [3])
        guard case .report(parts) = try LeafKind(body) else {
            Issue.record("not seen as a report entry")
            return
        }
    }

    @Test(arguments: [
        ("{}", "log.leaf-kind"), ("[]", "log.leaf-kind"), (#"{"class_uid":1,"x": 2}"#, "log.leaf-not-canonical"),
        (#"{"apiVersion":"0.0.2","class_uid":1,"kind":"hashedrekord","spec":{}}"#, "log.leaf-kind"),
        (#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}"#, "log.leaf-kind"),
        (#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#, "log.leaf-kind"),
        (#"{"class_uid":1.5}"#, "log.leaf-not-canonical"), ("\u{feff}{}", "log.leaf-not-canonical"),
        ("{\"class_uid\":1}\n", "log.leaf-not-canonical"),
        (#"{"class_uid":1,"class_uid":1}"#, "log.leaf-not-canonical"),
    ])
    func `refuses leaves of no kind, or of both`(text: String, code: String) {
        #expect(throws: GloveboxError(code, "")) { try LeafKind(Array(text.utf8)) }
    }

    @Test(arguments: [
        ("SHA2_256", "SHA2_384", "schema.version"), ("AQI=", "AQJ=", "base64.invalid"),
        (#""data":"#, #""data2":"#, "schema.missing-field"),
        (#"{"rawBytes":"Aw=="}"#, #"{"rawBytes":"Aw==","z":1}"#, "schema.unknown-field"),
        (String(repeating: "A", count: 43) + "=", "AA==", "schema.type"), ("P256", "P384", "schema.version"),
    ])
    func `refuses report entries of another shape`(from: String, to: String, code: String) throws {
        let range = try #require(body.firstRange(of: Array(from.utf8)))
        let changed = Array(body[..<range.lowerBound]) + Array(to.utf8) + Array(body[range.upperBound...])
        #expect(throws: GloveboxError(code, "")) { try HashedRekord.parse(changed) }
    }

    @Test func `refuses a leaf that no bundle can carry`() {
        let long = Array(#"{"class_uid":1,"x":""#.utf8) + Array(repeating: 97, count: 65_535) + Array("\"}".utf8)
        #expect(throws: GloveboxError("log.leaf-not-canonical", "")) { try LeafKind(long) }
    }
}
