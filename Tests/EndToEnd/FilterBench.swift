import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// A small private dataset, its documents, and an output folder that `glovebox policy eval` judges.
struct FilterBench: Sendable {
    /// What an honest job leaves.
    static let honest = "a,b,n\n1,1,23\n1,2,17\n2,1,30\n2,2,41\n"

    private let directory: String
    /// The folder that a job would leave.
    let outputs: String

    /// Writes a dataset whose cell (a, b) has that many rows.
    init(counts: [[Int]] = [[23, 17], [30, 41]]) throws {
        directory = try TestPrograms.scratch()
        outputs = directory + "/outputs"
        #expect(unsafe mkdir(outputs, 0o755) == 0)
        var rows = "a,b\n"
        for (a, line) in counts.enumerated() {
            for (b, count) in line.enumerated() { rows += String(repeating: "\(a + 1),\(b + 1)\n", count: count) }
        }
        try put("data.csv", rows)
        try put(
            "schema.yaml",
            """
            apiVersion: glovebox/v1
            kind: Dataset
            metadata: {name: test, version: 1}
            privacy_unit: {column: row, kind: row-number}
            columns:
              - {name: a, type: category, codes: ["1", "2"]}
              - {name: b, type: category, codes: ["1", "2"]}
            """
        )
        try put(
            "input.yaml",
            """
            apiVersion: glovebox/v1
            kind: InputPolicy
            metadata: {name: test-input, version: 1}
            dataset: test
            columns: [a, b]
            """
        )
        try put(
            "table.spec.json",
            """
            {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"test","output":"table.csv","group_by":["a","b"],\
            "statistic":"count","totals":false}
            """
        )
    }

    private func put(_ name: String, _ text: String) throws {
        try Descriptor.open(directory + "/" + name, O_WRONLY | O_CREAT, mode: 0o644).write(Array(text.utf8))
    }

    /// A new file in the output folder.
    func create(_ name: String) throws -> Descriptor {
        try Descriptor.open(outputs + "/" + name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    }

    /// Writes a file, by default the table.
    func write(_ bytes: [UInt8], to name: String = "table.csv") throws { try create(name).write(bytes) }

    /// Writes another file beside an honest table.
    func beside(_ name: String) throws {
        if unsafe access(outputs + "/table.csv", F_OK) != 0 { try write(Array(Self.honest.utf8)) }
        try write(Array("48213".utf8), to: name)
    }

    /// The table that would leave.
    func released() throws -> String {
        try String(decoding: Descriptor.open(directory + "/table.csv", O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }

    /// Judges the folder with the real filter: exit status and verdict.
    func judge() throws -> (status: Int32, verdict: JSONValue) {
        let shown = try TestPrograms.run(
            "glovebox",
            [
                "policy", "eval", "--policy", "aggregate-table", "--dataset", directory + "/data.csv", "--schema",
                directory + "/schema.yaml", "--input-policy", directory + "/input.yaml", "--code",
                directory, "--outputs", outputs, "--release",
                directory, "--json",
            ]
        )
        let line = shown.output.split(separator: "\n").first { $0.hasPrefix("{") }
        return (shown.status, try JSONReader.read(Array(try #require(line, "\(shown.output)").utf8)))
    }
}
