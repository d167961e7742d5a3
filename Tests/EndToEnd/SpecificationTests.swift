import Glibc
import GloveboxLinux
import TestSupport
import Testing

/// The page that says which test proves which promise.
@Suite struct SpecificationTests {
    @Test func `every promise names a test that is there`() throws {
        let page = try Descriptor.open(TestPrograms.repository + "/docs/specification.md", O_RDONLY)
        let rows = String(decoding: try page.readAll(limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n")
            .filter { $0.hasPrefix("| ") && $0 != "| promise | test |" }
        #expect(rows.count > 100)
        for row in rows {
            let test = try #require(row.dropLast(2).split(separator: " | ").last)
            let parts = test.split(separator: ": ", maxSplits: 1).map(String.init)
            try #require(parts.count == 2, "\(row)")
            let folder = TestPrograms.repository + "/Tests/" + parts[0]
            let found = try TestPrograms.run("/bin/grep", ["-rqF", "func `\(parts[1])`", folder])
            #expect(found.status == 0, "\(row)")
        }
    }
}
