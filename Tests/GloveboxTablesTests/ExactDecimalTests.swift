import GloveboxTables
import Testing

@Suite struct ExactDecimalTests {
    @Test(arguments: [
        ("0", "0"), ("10", "10"), ("0.25", "0.25"), ("10.50", "10.5"), ("-3.0", "-3"), ("0.000001", "0.000001"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"), ("0.0", "0"),
    ])
    func `gives policy decimals one spelling`(text: String, spelling: String) throws {
        #expect(try #require(ExactDecimal(policyText: text)).text == spelling)
    }

    @Test(arguments: [
        "", "-", ".5", "5.", "01", "+1", "1e3", "-0", "-0.0", "1,5", "0x1", " 1", "1 ", "1234567890123456789",
        "0.1234567890123456789", "NaN", "٣",
    ])
    func `refuses other spellings in policies`(text: String) { #expect(ExactDecimal(policyText: text) == nil) }

    @Test(arguments: [
        ("+5", "5"), ("007", "7"), ("1.", "1"), ("1.50e1", "15"), ("2E-3", "0.002"), ("-0", "0"),
        ("1e18", "1000000000000000000"),
        ("0.000000000000000001e-18", "0.000000000000000000000000000000000001"),
    ])
    func `reads the numbers that programs write`(text: String, value: String) throws {
        #expect(try #require(ExactDecimal(csvText: text.utf8)).text == value)
    }

    @Test(arguments: [
        "nan", "inf", "-Infinity", "1e19", "1e", "1e+", "e5", ".5", "--1", "1 ", "0x10", "1_000", "1e100", "",
    ])
    func `refuses what is no finite number`(text: String) { #expect(ExactDecimal(csvText: text.utf8) == nil) }

    @Test func `orders numbers of any size`() throws {
        let texts = [
            "-1e18", "-12.5", "-12.4999", "-0.1", "0", "0.000000000000000001e-18", "0.1", "0.10000000000000001", "9.99",
            "10", "123456789012345678e18",
        ]
        let numbers = try texts.map { try #require(ExactDecimal(csvText: $0.utf8)) }
        for left in numbers.indices {
            for right in numbers.indices { #expect((numbers[left] < numbers[right]) == (left < right)) }
        }
    }

    @Test func `scales exactly or not at all`() throws {
        #expect(try #require(ExactDecimal(policyText: "3.2307692")).scaled(decimals: 7) == 32_307_692)
        #expect(try #require(ExactDecimal(policyText: "3.25")).scaled(decimals: 1) == nil)
        #expect(try #require(ExactDecimal(csvText: "1e18".utf8)).scaled(decimals: 9) == nil)
        #expect(ExactDecimal.zero.scaled(decimals: 9) == 0)
    }
}
