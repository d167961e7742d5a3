import GloveboxCore
import Testing

@testable import GloveboxTables

@Suite struct VectorReaderTests {
    private static func parse(_ text: String, length: Int, maxBytes: Int = 4096) -> OpaqueFile.Answer {
        OpaqueFile.parse(Array(text.utf8), as: .vector(length: length), maxBytes: maxBytes)
    }

    @Test(
        arguments: [
            ("[0.1, 0.30000000000000004,\t-12 ]\n", ["0.1", "0.30000000000000004", "-12"]),
            ("[1e-7,2.5E+3,-1.5e2]", ["0.0000001", "2500", "-150"]),
            ("[0,-0.0,0e99999999999999999999]", ["0", "0", "0"]),
            ("[1e-300,1.7976931348623157e308,-1e999999]", ["0", "1" + zeros(30), "-1" + zeros(30)]),
            (
                "[0.1111111111111111111111111111111111,123456789012345678901234567890123,1]",
                ["0.111111111111111111111111111111", "1" + zeros(30), "1"]
            ),
        ]
    )
    func `reads numbers as JSON writers write them, exactly`(text: String, numbers: [String]) throws {
        guard case .vector(let vector) = Self.parse(text, length: 3) else {
            Issue.record("\(text) is refused")
            return
        }
        #expect(vector.numbers.map(\.text) == numbers)
        let answer = OpaqueFile.Answer.vector(vector)
        #expect(try OpaqueWire.decode(OpaqueWire.encode(answer), as: .vector(length: 3)) == answer)
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }

    @Test(
        arguments: [
            ("[NaN,1]", FileFault.notFinite), ("[-Infinity,1]", .notFinite), ("[1]", .length), ("[]", .length),
            ("[1,2,3]", .length), ("", .json), ("{}", .json), ("[1,2", .json), ("[1,2]x", .json), ("[1,2][3]", .json),
            ("[1,,2]", .json), ("[1,2,]", .json), ("[01,2]", .json), ("[1.,2]", .json), ("[.5,2]", .json),
            ("[+1,2]", .json), ("[1e,2]", .json), ("[\"1\",2]", .json), ("[null,2]", .json), ("[[1],2]", .json),
            ("\u{feff}[1,2]", .json), ("[1,2]\u{0}", .json), ("[1 2]", .json), ("[0x1,2]", .json), ("[--1,2]", .json),
        ]
    )
    func `refuses everything else`(text: String, fault: FileFault) {
        #expect(Self.parse(text, length: 2) == .refused(fault))
    }

    @Test func `refuses a file over its limit, and answers that no reader gives`() throws {
        #expect(
            Self.parse("[1,2]" + String(repeating: " ", count: 100), length: 2, maxBytes: 50) == .refused(.tooLarge)
        )
        #expect(OpaqueFile.Form(arguments: [3, 65, 0]) == nil && OpaqueFile.Form(arguments: [3, 0, 0]) == nil)
        #expect(OpaqueFile.Form(arguments: OpaqueFile.Form.vector(length: 64).arguments) == .vector(length: 64))
        let good = OpaqueWire.encode(.vector(CheckedVector([ExactDecimal(mantissa: 25, exponent: -1)])))
        var zero = good
        zero[good.count - 9] = 20  // 2 x 10 is written as 2 with another exponent
        var far = good
        far[good.count - 1] = 90
        for bytes in [zero, far, good + [0], Array(good.dropLast())] {
            #expect(throws: GloveboxError("format.bytes", "")) {
                try OpaqueWire.decode(bytes, as: .vector(length: 1))
            }
        }
        #expect(throws: GloveboxError("format.bytes", "")) { try OpaqueWire.decode(good, as: .vector(length: 2)) }
        #expect(throws: GloveboxError("format.bytes", "")) { try OpaqueWire.decode(good, as: .model) }
    }
}
