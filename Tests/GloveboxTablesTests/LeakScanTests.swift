import GloveboxCore
import GloveboxTables
import Testing

/// The row-leak scan on a small registry: 200 patients with an id, a region, an age and a rare blood value.
@Suite struct LeakScanTests {
    private static let count = 200
    // A linear congruence: numbers that look measured and repeat.
    private static let blood = (0..<count).map { "\(100 + $0 * 37 % 89).\(10_007 + $0 * 7919 % 80_000)" }
    private static let names = (0..<count).map { "Patient-\(100_000 + $0 * 4547 % 90_000)" }

    private static let columns: [LeakRequest.Column] = [
        .init(name: "id", kind: .identifiers), .init(name: "region", kind: .codes, codes: ["north", "south west"]),
        .init(name: "age", kind: .numbers), .init(name: "blood", kind: .numbers),
    ]

    /// Some of the patients, as they come to the scan.
    private static func group(_ patients: Range<Int>) -> LeakRows {
        let ages = patients.map { String(20 + $0 % 50) }
        let distinct = Set(ages).sorted()
        let places = patients.indices.map { UInt32($0 - patients.lowerBound) }
        return LeakRows(
            units: patients.map { UInt64($0) },
            columns: [
                .init(values: Array(names[patients]), places: places),
                .init(values: [], places: patients.map { UInt32($0 % 2) }),
                .init(values: distinct, places: ages.map { age in UInt32(distinct.firstIndex(of: age) ?? 0) }),
                .init(values: Array(blood[patients]), places: places),
            ]
        )
    }

    private static func scan(
        _ text: String,
        form: LeakRequest.Form = .table,
        statistics: [String] = ["n", "mean_blood"],
        bytes: [UInt8]? = nil
    ) throws -> LeakVerdict {
        let request = LeakRequest(
            minUnits: 10,
            form: form,
            statistics: statistics,
            bytes: bytes ?? Array(text.utf8),
            columns: columns
        )
        // As in the checker's jail: all goes through the wire forms, in groups and pieces of any size.
        let verdicts = try [(count, 1 << 20), (64, 1000), (7, 33)].map { size, piece in
            let groups = stride(from: 0, to: count, by: size).map { group($0..<min($0 + size, count)) }
            return try judge(request.encoded + groups.flatMap(\.encoded) + LeakRows.end, pieces: piece)
        }
        let verdict = try #require(verdicts.first)
        #expect(verdicts.allSatisfy { $0 == verdict }, "however the rows are cut")
        #expect(verdict.encoded.count == LeakVerdict().encoded.count, "the verdict's length tells nothing")
        #expect(try LeakVerdict(decoding: verdict.encoded) == verdict)
        return verdict
    }

    private static func judge(_ bytes: [UInt8], pieces size: Int = 1 << 20) throws -> LeakVerdict {
        var at = 0
        var input = PieceReader(reading: {
            defer { at = min(at + size, bytes.count) }
            return Array(bytes[at..<min(at + size, bytes.count)])
        })
        return try LeakScan.run(&input, maxBytes: 1 << 20)
    }

    @Test(arguments: [
        "region,n\nnorth,100\nsouth west,100\n",
        // Statistics of four digits and more that private ages or halves of values could equal.
        "region,n,mean_blood\nnorth,12345,141\nsouth west,1000,139.5\n",
        "region,age,n\nnorth,20..30,25\nnorth,30..40,20\nsouth west,20..30,25\nsouth west,total,100\n",
        "region,n\nnorth,[c]\nsouth west,100\ntotal,[c]\n",
    ])
    func `an honest table has no hit`(text: String) throws {
        #expect(try Self.scan(text).isClean)
    }

    @Test func `a table of every value that ten units share has no hit`() throws {
        var text = "band,n\n"
        for band in 0..<40 { text += "b\(band),\(band * 5)\n" }
        #expect(try Self.scan(text).isClean)
        let random = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 / 7) }
        #expect(try Self.scan("", form: .bytes, bytes: random).isClean, "bytes that mean nothing")
        let prose = "We compared patients of both regions; south west was older. See patient information, part 2."
        #expect(try Self.scan(prose, form: .bytes).isClean)
    }

    @Test(arguments: [
        "note\nPatient-100000\n", "note\npatient 104547\n", "note\nseen: PATIENT_104547 twice\n",
    ])
    func `a private identifier is found however it is written`(text: String) throws {
        #expect(try Self.scan(text).count(.identifiers) > 0)
        #expect(try Self.scan(text, form: .bytes).count(.identifiers) > 0)
    }

    @Test(arguments: ["Ｐａｔｉｅｎｔ－１０４５４７", "𝐏𝐚𝐭𝐢𝐞𝐧𝐭 𝟏𝟎𝟒𝟓𝟒𝟕", "Pat\u{200b}ient\u{2060}104547", "ⓟⓐⓣⓘⓔⓝⓣ¹⁰⁴⁵⁴⁷"])
    func `look-alike letters hide no identifier`(text: String) throws {
        #expect(try Self.scan(text, form: .bytes).count(.identifiers) > 0)
    }

    @Test func `a private number of five digits is found in any spelling`() throws {
        let value = Self.blood[3]
        let scaled = "0." + value.replacing(".", with: "") + "e3"
        for text in [value, "+" + value, value + "000", scaled, "value" + value, value + "-e"] {
            #expect(try Self.scan("x\n\(text)\n", statistics: []).count(.numbers) > 0, "\(text)")
            #expect(try Self.scan("{\"x\": [\(text)]}", form: .bytes).count(.numbers) > 0, "\(text)")
        }
        // Four digits are a guess, and ages are shared by enough units.
        #expect(try Self.scan("x\n141.5\n45\n", statistics: []).count(.numbers) == 0)
    }

    @Test func `two cells that are together only one unit's are found, under any name`() throws {
        let place = 7
        let blood = Self.blood[place]
        #expect(try Self.scan("age,blood\n27,\(blood)\n").count(.tuples) == 1)
        #expect(try Self.scan("a,b\n\(blood),27\n", statistics: []).count(.tuples) == 1)
        #expect(try Self.scan("region,age\nsouth west,27\n").count(.tuples) == 0, "four units have both")
        #expect(try Self.scan("age,blood\n28,\(blood)\n").count(.tuples) == 0, "no unit has both")
    }

    @Test func `what is encoded is decoded, twice`() throws {
        let secret = Array("the value of Patient-104547 is high".utf8)
        let base64 = Base64.encode(secret)
        let hex = secret.map { Hex.encode([$0]) }.joined()
        let percent = secret.map { "%" + Hex.encode([$0]) }.joined()
        for text in [base64, hex, percent, Base64.encode(Array(hex.utf8)), "x" + base64, "ab" + hex] {
            #expect(try Self.scan("n\n" + text + "\n", form: .bytes).count(.encodings) > 0, "\(text)")
        }
        let thrice = Base64.encode(Array(Base64.encode(Array(base64.utf8)).utf8))
        #expect(
            try Self.scan(thrice, form: .bytes).isClean,
            "deeper is not looked for, as the policy's capacity bounds it"
        )
    }

    @Test func `gzip is unpacked, and a bomb is cut`() throws {
        let packed = try #require(Base64.decode(LeakVectors.gzip))
        #expect(try Self.scan("", form: .bytes, bytes: Array("PNG".utf8) + packed).count(.encodings) > 0)
        let bomb = try #require(Base64.decode(LeakVectors.bomb))
        #expect(try Self.scan("", form: .bytes, bytes: bomb).isClean)
        for cut in stride(from: 0, to: packed.count, by: 3) {
            _ = try Self.scan("", form: .bytes, bytes: Array(packed.prefix(cut)))
        }
    }

    @Test func `a part of a private text is found by eight bytes`() throws {
        #expect(try Self.scan("xx-104547yy", form: .bytes).isClean, "seven are too few")
        #expect(try Self.scan("xxt-104547yy", form: .bytes).count(.encodings) > 0)
        #expect(try Self.scan("Patient-", form: .bytes).isClean, "every value begins like this")
    }

    @Test func `a private column is found in another order and scale`() throws {
        let values = Self.blood.compactMap(Double.init)
        let scaled = values.map { "\(Int((700 - $0 * 3) * 1000))" }.sorted()
        #expect(try Self.scan("x\n" + scaled.joined(separator: "\n") + "\n", statistics: []).count(.columns) == 1)
        let half = Self.blood.prefix(100).joined(separator: "\n")
        #expect(try Self.scan("x\n\(half)\n", statistics: []).count(.columns) == 1)
        let line = (0..<200).map { "\($0 * 5)" }.joined(separator: "\n")
        #expect(try Self.scan("n\n\(line)\n").count(.columns) == 0)
    }

    @Test func `damaged requests and verdicts are refused`() throws {
        let request = LeakRequest(
            minUnits: 10,
            form: .table,
            statistics: ["n"],
            bytes: Array("n\n5\n".utf8),
            columns: [.init(name: "id", kind: .identifiers)]
        )
        let rows = LeakRows(units: [0, 1], columns: [.init(values: ["a", "b"], places: [0, 1])])
        let encoded = request.encoded + rows.encoded + LeakRows.end
        _ = try Self.judge(encoded)
        for length in 0..<encoded.count {
            #expect(throws: GloveboxError.self) { try Self.judge(Array(encoded.prefix(length))) }
        }
        #expect(throws: GloveboxError.self) { try Self.judge(encoded + [0]) }
        let nowhere = LeakRows(units: [0], columns: [.init(values: ["a"], places: [1])])
        #expect(throws: GloveboxError.self) {
            try Self.judge(request.encoded + nowhere.encoded + LeakRows.end)
        }
        var verdict = LeakVerdict().encoded
        verdict[25] = 9
        #expect(throws: GloveboxError.self) { try LeakVerdict(decoding: verdict) }
        #expect(throws: GloveboxError.self) { try LeakVerdict(decoding: Array(verdict.dropLast())) }
    }
}
