import GloveboxCore
import GloveboxDisclosure
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The archive of a release, byte by byte.
@Suite struct ReleaseBundleTests {
    /// SHA-256 of what Python's `tarfile` writes in the format ustar with the same fields.
    @Test func `a bundle is the ustar archive of the specification in every byte`() throws {
        let files = [
            Decision.File("table.csv", Array("a,n\n1,20\n".utf8)), Decision.File("b.json", Array("{\"n\":5}".utf8)),
        ]
        let expected = "744792d5c2405ddf9466d34d56381987c70654fe2117a330ba0d43169e6a9537"
        for order in [files, files.reversed()] {
            let bundle = try ReleaseBundle(order, pad: [65536, 4096])
            #expect(bundle.bytes.count == 4096 && Machine.sha256(bundle.bytes).hex == expected)
        }
        let long = try ReleaseBundle(
            [Decision.File(String(repeating: "x", count: 64), [UInt8](repeating: 0, count: 3000))],
            pad: [4096, 65536]
        )
        let padded = "b266fc3eae26f705e9a5cf047986d81a8e97888c11000c72556d2dbcfed3e142"
        #expect(long.bytes.count == 65536 && Machine.sha256(long.bytes).hex == padded)
        #expect(throws: GloveboxError("output.too-large", "")) {
            try ReleaseBundle([Decision.File("x", [UInt8](repeating: 1, count: 3000))], pad: [4096])
        }
    }
}
