import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxAttestation

/// What a stranger may read of a job holds neither rows nor anything that tells a guessed row from another.
struct EvidenceSecretTests {
    /// Bytes to look for, by their first eight.
    private struct Needles {
        private var byHead: [UInt64: [[UInt8]]] = [:]

        mutating func add(_ bytes: [UInt8]) { byHead[Self.head(bytes[...]), default: []].append(bytes) }

        /// A digest in full, as bytes: hexadecimal and Base64 are decoded before they are searched.
        mutating func add(digestOf bytes: [UInt8]) { add(Hashing.sha256(bytes).bytes) }

        private static func head(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }

        /// How many of them stand somewhere in these bytes.
        func found(in bytes: [UInt8]) -> Int {
            guard bytes.count >= 8 else { return 0 }
            var head = Self.head(bytes[...])
            var count = 0
            for start in 0...bytes.count - 8 {
                if start > 0 { head = head << 8 | UInt64(bytes[start + 7]) }
                for needle in byHead[head] ?? [] where bytes[start...].starts(with: needle) { count += 1 }
            }
            return count
        }
    }

    /// A file, and all that is written in it as hexadecimal or Base64, to any depth.
    private static func layers(_ bytes: [UInt8], depth: Int = 0) -> [[UInt8]] {
        guard depth < 5 else { return [] }
        func isWritten(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        var layers = [bytes]
        for run in bytes.split(whereSeparator: { !isWritten($0) }) where run.count >= 40 {
            let text = String(decoding: run, as: UTF8.self)
            if let decoded = Hex.decode(text) {
                layers.append(decoded)
            } else {
                let plain = text.replacing("-", with: "+").replacing("_", with: "/")
                let padded = plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
                if let decoded = Base64.decode(padded) { layers += Self.layers(decoded, depth: depth + 1) }
            }
        }
        return layers
    }

    /// Every file below a directory, taken apart.
    private static func evidence(_ directory: String) throws -> [[UInt8]] {
        let list = try TestPrograms.run("/usr/bin/find", ["-L", directory, "-type", "f"]).output
        return try list.split(separator: "\n").flatMap { path in Self.layers(try LogOnDisk.read(String(path))) }
    }

    @Test func `no evidence holds a row, or a plain digest of data, of a row or of what was withheld`() throws {
        let fresh = try FreshEvidence.shared()
        let file = (TestPrograms.variable("GLOVEBOX_DEMO_DATA") ?? "/nonexistent") + "/fair.csv"
        let data = try LogOnDisk.read(file)
        let rows = Set(data.split(separator: UInt8(ascii: "\n")).dropFirst().map(Array.init))
        try #require(rows.count > 1000)
        var needles = Needles()
        needles.add(digestOf: data)
        for row in rows {
            // The attack's withheld output is such rows, in an order that nobody here knows.
            needles.add(digestOf: row)
            needles.add(digestOf: row + [UInt8(ascii: "\n")])
            if row.count >= 20 { needles.add(row) }
        }
        let directories = try TestPrograms.run("/bin/bash", ["-c", "ls -d \(fresh.state)/demo/job_*"]).output
            .split(separator: "\n").map(String.init)
        try #require(directories.count >= 2)
        for directory in directories + [fresh.directory] {
            let layers = try Self.evidence(directory)
            #expect(layers.count > 50, "\(directory)")
            for layer in layers { #expect(needles.found(in: layer) == 0, "\(directory)") }
        }

        // The search finds what may stand there: the released table's digest in the signed report, and its own lines.
        let table = try LogOnDisk.read(fresh.directory + "/table.csv")
        var known = Needles()
        known.add(digestOf: table)
        let report = Self.layers(try LogOnDisk.read(fresh.directory + "/report.dsse.json"))
        #expect(report.contains { known.found(in: $0) > 0 })
        var lines = Needles()
        lines.add(table)
        #expect(try Self.evidence(fresh.directory).contains { lines.found(in: $0) > 0 })
    }
}
