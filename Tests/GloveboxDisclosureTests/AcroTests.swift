import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

/// Where acro is on this host.
enum AcroTool {
    static var python: String? {
        guard let tools = ProcessInfo.processInfo.environment["GLOVEBOX_THIRD_PARTY"] else { return nil }
        let python = tools + "/acro/bin/python"
        return FileManager.default.isExecutableFile(atPath: python) ? python : nil
    }
}

/// Random tables and parameters, judged by acro and by us.
///
/// Two differences are meant. A cell without rows is no cell for acro, which knows no codebook, and the threshold's finding
/// for us. And once a value is below zero, acro tests dominance nowhere in the table, we in every other cell.
@Suite(.enabled(if: AcroTool.python != nil, "GLOVEBOX_THIRD_PARTY is not set or holds no acro; Deploy/test sets it"))
struct AcroTests {
    struct Case: Codable {
        let rows: [[Int]]
        let threshold: Int
        let n: Int
        let k: Double
        let p: Double
        let sum: Bool
    }

    static let isLong = ProcessInfo.processInfo.environment["GLOVEBOX_LONG"] != nil

    static func random() -> Case {
        let (a, b) = (Int.random(in: 1...4), Int.random(in: 1...4))
        let hasNegatives = Int.random(in: 0..<6) == 0
        var rows: [[Int]] = []
        for i in 1...a {
            for j in 1...b {
                // Sizes, ties and sums around the limits, and cells of zeros alone.
                let size = Int.random(in: 0..<16)
                let span = [1, 3, 10, 100, 10_000].randomElement() ?? 1
                for index in 0..<size {
                    let large = index == 0 && Bool.random()
                    let value = Int.random(in: (hasNegatives ? -2 : 0)..<span) * (large ? 40 : 1)
                    rows.append([i, j, value])
                }
            }
        }
        return Case(
            rows: rows.isEmpty ? [[1, 1, 5]] : rows,
            threshold: Int.random(in: 1...15),
            n: Int.random(in: 1...5),
            k: Double(Int.random(in: 50...99)) / 100,
            p: Double(Int.random(in: 1...40)) / 100,
            sum: Int.random(in: 0..<4) > 0
        )
    }

    static func acro(_ cases: [Case]) throws -> [[String: [[Int]]]] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "acro-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try JSONEncoder().encode(cases).write(to: folder.appending(path: "cases.json"))
        let process = Process()
        process.executableURL = URL(filePath: try #require(AcroTool.python))
        process.arguments = [Bench.root.appending(path: "Tests/ThirdParty/acro-flags").path, "cases.json"]
        // It writes what it pleases into its folder.
        process.currentDirectoryURL = folder
        process.environment = ["HOME": folder.path, "MPLCONFIGDIR": folder.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try JSONDecoder().decode([[String: [[Int]]]].self, from: output)
    }

    static func dominance(_ test: Case) throws -> DominanceCheck {
        let policy = try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: recomputed
                outputs: [{name: table.csv, type: csv}, {name: table.spec.json, type: table-spec}]
                columns: {measures: [sum]}
                checks: {dominance: {p_percent: "\(Int((test.p * 100).rounded()))", "nk": {"n": \(test.n), k: "\(Int((test.k * 100).rounded()))", comparator: ge}}}
                """
            )
        )
        return try #require(policy.checks.dominance)
    }

    @Test func `random tables have the flags of acro`() throws {
        let cases = (0..<(Self.isLong ? 300 : 25)).map { _ in Self.random() }
        let theirs = try Self.acro(cases)
        #expect(theirs.count == cases.count)
        var flagged: Set<String> = []
        for (test, flags) in zip(cases, theirs) {
            let description = try Bench.description(
                a: 4,
                b: 4,
                extra: "  - {name: x, type: integer, min: \"-1000\", max: \"1000000\"}"
            )
            let text = "a,b,x\n" + test.rows.map { "\($0[0]),\($0[1]),\($0[2])\n" }.joined()
            let spec = try Bench.spec(
                "[\"a\",\"b\"]",
                test.sum ? ",\"statistic\":\"sum\",\"variable\":\"x\"" : ""
            )
            let counts = try Bench.counts(Bench.table(description, text), spec, Bench.input("a, b, x"))
            let held = Set(test.rows.map { [$0[0], $0[1]] })
            func cells(_ finding: Finding?) -> Set<[Int]> {
                Set((finding?.cells ?? []).map { $0.compactMap { Int($0) } }).intersection(held)
            }
            func their(_ names: String...) -> Set<[Int]> {
                flagged.formUnion(names.filter { flags[$0] != nil })
                return Set(names.flatMap { flags[$0] ?? [] }).intersection(held)
            }
            let small = try Bench.threshold("min_units: \(test.threshold), full_cells: allowed").findings(counts).first
            #expect(cells(small) == their("MinimumThresholdCheck"), "\(test)")
            guard test.sum else { continue }
            let found = try Self.dominance(test).findings(counts, zeros: .disclosive)
            let negative = Set(test.rows.filter { $0[2] < 0 }.map { [$0[0], $0[1]] })
            let expected = their("NKCheck", "PPercentCheck")
            #expect(negative.isEmpty ? cells(found.first) == expected : cells(found.last) == negative, "\(test)")
            #expect(negative.isEmpty || expected == negative, "\(test)")
        }
        // A comparison in which acro never flags anything would be none.
        #expect(flagged.isSuperset(of: ["MinimumThresholdCheck", "NKCheck", "PPercentCheck"]))
    }
}
