import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Outputs that try to carry rows past the release filter: each is refused, or leaves as the very bytes of an honest one.
@Suite struct AdversarialOutputTests {
    /// What a hostile job leaves, and what must become of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The check or fault that refuses it; nil when the honest bytes leave.
        let refusedBy: String?
        let make: @Sendable (FilterBench) throws -> Void

        init(_ name: String, refusedBy: String?, _ make: @escaping @Sendable (FilterBench) throws -> Void) {
            testDescription = name
            self.refusedBy = refusedBy
            self.make = make
        }

        /// A table file of that text.
        static func text(_ name: String, refusedBy: String?, _ text: String) -> Case {
            Case(name, refusedBy: refusedBy) { try $0.write(Array(text.utf8)) }
        }
    }

    static let honest = FilterBench.honest
    private static func with(_ line: String, _ other: String) -> String { honest.replacing(line, with: other) }

    static let harmless: [Case] = [
        .text("the honest table", refusedBy: nil, honest),
        .text("counts rounded by the job", refusedBy: nil, with("1,1,23", "1,1,25")),
        .text("line ends of another system", refusedBy: nil, honest.replacing("\n", with: "\r\n")),
        .text("no line end at the end", refusedBy: nil, String(honest.dropLast())),
        .text("quotes around fields", refusedBy: nil, with("1,1,23", "\"1\",1,\"23\"")),
        .text("a number with a sign", refusedBy: nil, with("1,1,23", "1,1,+23")),
        .text("a number with zeros after the point", refusedBy: nil, with("1,1,23", "1,1,23.000")),
        .text("a number with zeros before it", refusedBy: nil, with("1,1,23", "1,1,0000023")),
        .text("a number with an exponent", refusedBy: nil, with("1,1,23", "1,1,2.3E+1")),
        .text("rows in another order", refusedBy: nil, "a,b,n\n2,2,41\n2,1,30\n1,2,17\n1,1,23\n"),
        Case("mode and times of the file", refusedBy: nil) { bench in
            try bench.write(Array(honest.utf8))
            #expect(unsafe chmod(bench.outputs + "/table.csv", 0o751) == 0)
            let time = timeval(tv_sec: 1_234_567, tv_usec: 654_321)
            #expect(unsafe utimes(bench.outputs + "/table.csv", [time, time]) == 0)
        },
    ]

    static let inTheTable: [Case] = [
        .text("a count that is one off", refusedBy: "mismatch", with("1,1,23", "1,1,22")),
        .text("a row left out", refusedBy: "mismatch", with("2,1,30\n", "")),
        .text("a row twice", refusedBy: "mismatch", with("2,1,30\n", "2,1,30\n2,1,30\n")),
        .text("a row more", refusedBy: "mismatch", honest + "3,1,44\n"),
        .text("a column more", refusedBy: "mismatch", "a,b,n,x\n1,1,23,7\n1,2,17,8\n2,1,30,9\n2,2,41,1\n"),
        .text("a column named by data", refusedBy: "mismatch", with("a,b,n", "a,b,p48213")),
        .text("columns in another order", refusedBy: "mismatch", "b,a,n\n1,1,23\n1,2,17\n2,1,30\n2,2,41\n"),
        .text("a value behind the point", refusedBy: "mismatch", with("1,1,23", "1,1,23.0048213")),
        .text("a suppressed cell", refusedBy: "mismatch", with("1,1,23", "1,1,[c]")),
        .text("a comment", refusedBy: "parser", "# 48213\n" + honest),
        .text("a comment inside", refusedBy: "parser", honest + "# patient 48213\n"),
        .text("a blank line", refusedBy: "parser", with("2,1,30\n", "\n2,1,30\n")),
        .text("spaces around a number", refusedBy: "parser", with("1,1,23", "1,1, 23\t")),
        .text("a space after a code", refusedBy: "mismatch", with("1,1,23", "1 ,1,23")),
        .text("a byte-order mark", refusedBy: "parser", "\u{feff}" + honest),
        .text("a letter that looks like another", refusedBy: "parser", with("a,b,n", "\u{430},b,n")),
        .text("a zero-width mark", refusedBy: "parser", with("1,1,23", "1\u{200b},1,23")),
        .text("a digit of another script", refusedBy: "parser", with("1,1,23", "1,1,\u{0662}3")),
        .text("a number that is none", refusedBy: "mismatch", with("1,1,23", "1,1,NaN")),
        .text("an infinite number", refusedBy: "mismatch", with("1,1,23", "1,1,Inf")),
        .text("a number with a payload", refusedBy: "mismatch", with("1,1,23", "1,1,nan(0x48213)")),
        .text("a huge exponent", refusedBy: "mismatch", with("1,1,23", "1,1,1e99")),
        .text("a number of many digits", refusedBy: "mismatch", with("1,1,23", "1,1,23.0000000000000000048213")),
        .text("a formula", refusedBy: "parser", with("1,1,23", "=1+1,1,23")),
        .text("a line end inside quotes", refusedBy: "parser", with("1,1,23", "\"1\n48213\",1,23")),
        .text("a field of 4 KiB", refusedBy: "parser", with("1,1,23", String(repeating: "1", count: 4096) + ",1,23")),
        .text("text after the table", refusedBy: "parser", honest + "\0p48213"),
        .text(
            "more rows than the policy allows",
            refusedBy: "parser",
            "a,b,n\n" + String(repeating: "1,1,23\n", count: 600)
        ),
        .text("nothing", refusedBy: "parser", ""),
        .text("a header alone", refusedBy: "mismatch", "a,b,n\n"),
        Case("bytes that are no text", refusedBy: "parser") { try $0.write(Array(honest.utf8) + [0xc0, 0xaf, 0xff]) },
        Case("text of two bytes a letter", refusedBy: "parser") { bench in
            try bench.write([0xff, 0xfe] + honest.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
        },
        Case("compressed data", refusedBy: "parser") { bench in
            try bench.write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0x55, count: 4096))
        },
    ]

    static let besideTheTable: [Case] = [
        Case("no file", refusedBy: "missing-output") { _ in },
        Case("a file of one tebibyte", refusedBy: "too-large") { bench in
            let file = try bench.create("table.csv")
            #expect(ftruncate(file.raw, 1 << 40) == 0)
        },
        Case("a link to a file of the host", refusedBy: "not-a-regular-file") { bench in
            #expect(unsafe symlink("/etc/passwd", bench.outputs + "/table.csv") == 0)
        },
        Case("a link to another output", refusedBy: "not-a-regular-file") { bench in
            try bench.write(Array(honest.utf8), to: "../real.csv")
            #expect(unsafe symlink("../real.csv", bench.outputs + "/table.csv") == 0)
        },
        Case("a second name of a file elsewhere", refusedBy: "not-a-regular-file") { bench in
            try bench.write(Array(honest.utf8), to: "../twin.csv")
            #expect(unsafe link(bench.outputs + "/../twin.csv", bench.outputs + "/table.csv") == 0)
        },
        Case("a pipe", refusedBy: "not-a-regular-file") { bench in
            #expect(unsafe mkfifo(bench.outputs + "/table.csv", 0o644) == 0)
        },
        Case("a directory", refusedBy: "not-a-regular-file") { bench in
            #expect(unsafe mkdir(bench.outputs + "/table.csv", 0o755) == 0)
        },
        Case("a file named by data", refusedBy: "undeclared-file") { try $0.beside("p48213") },
        Case("a hidden file", refusedBy: "undeclared-file") { try $0.beside(".table.csv") },
        Case("the same name in capitals", refusedBy: "undeclared-file") { try $0.beside("TABLE.CSV") },
        Case("a name with a line end", refusedBy: "undeclared-file") { try $0.beside("table.csv\n48213") },
        Case("a name that is no text", refusedBy: "undeclared-file") { bench in
            try bench.write(Array(honest.utf8))
            let name: [UInt8] = Array((bench.outputs + "/x").utf8) + [0xff]
            let path = name.map { CChar(bitPattern: $0) } + [0]
            let raw = unsafe open(path, O_WRONLY | O_CREAT, 0o644)
            #expect(raw >= 0)
            close(raw)
        },
        Case("a spec written by the job", refusedBy: "undeclared-file") { try $0.beside("table.spec.json") },
        Case("a subfolder", refusedBy: "undeclared-file") { bench in
            try bench.write(Array(honest.utf8))
            #expect(unsafe mkdir(bench.outputs + "/48213", 0o755) == 0)
        },
    ]

    @Test(arguments: harmless + inTheTable + besideTheTable)
    func `is refused, or leaves as the honest bytes`(hostile: Case) throws {
        let bench = try FilterBench()
        try hostile.make(bench)
        let (status, verdict) = try bench.judge()
        if let check = hostile.refusedBy {
            #expect(status == 3 && verdict["outcome"] == "refuse" && verdict["files"] == [])
            #expect(verdict["told"] == "not-released", "the researcher learns nothing of why")
            let failed = (verdict["checks"]?.array ?? []).filter { $0["outcome"] == "fail" }.compactMap {
                $0["id"]?.string
            }
            let faults = (verdict["faults"]?.array ?? []).compactMap(\.string)
            #expect(faults.contains(check) || failed.contains(check), "\(faults) \(failed)")
        } else {
            #expect(status == 0 && verdict["outcome"] == "release")
            #expect(try bench.released() == "a,b,n\n1,1,25\n1,2,15\n2,1,30\n2,2,40\n")
            #expect(verdict["bundle"]?["bytes"] == 4096)
        }
    }

    @Test func `more files than anyone reads are refused as a whole`() throws {
        let bench = try FilterBench()
        for number in 0..<100 { try bench.beside("f\(number)") }
        let (status, verdict) = try bench.judge()
        #expect(status != 0 && verdict["error"]?["code"] == "output.too-many")
    }

    @Test func `a table with a small cell is refused though the claim hides it by rounding`() throws {
        let bench = try FilterBench(counts: [[23, 17], [9, 41]])
        try bench.write(Array(Self.honest.replacing("2,1,30", with: "2,1,10").utf8))
        let (status, verdict) = try bench.judge()
        let threshold = verdict["checks"]?.array?.first { $0["id"] == "threshold" }
        #expect(status == 3 && threshold?["cells"] == [["2", "1"]])
        #expect(threshold?["detail"]?.string?.hasPrefix("1 cells with fewer than 10 units") == true)
    }
}
