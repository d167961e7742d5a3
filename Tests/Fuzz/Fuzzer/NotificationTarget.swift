import GloveboxCore

@testable import GloveboxJail

/// The calls that a program has refused, as the listener tells them: number and arguments are the program's to choose.
enum NotificationTarget: FuzzTarget {
    static let name = "notifications"

    /// A call: 4 bytes of number, 8 of the first argument, little-endian.
    private static let size = 12

    static var seeds: [[UInt8]] {
        let calls: [(Int32, UInt64)] = [(41, 2), (41, 16), (53, 1), (101, 0), (165, 0), (460, 1), (-1, .max)]
        return [calls.flatMap { bytes($0.0) + bytes($0.1) }, []]
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Number {
        bytes.reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    static func read(_ bytes: [UInt8]) {
        guard let profile = try? ShippedProfiles.named("default") else { fatalError("the profile is not readable") }
        var table = DenialTable(profile: profile)
        table.start()
        var taken: UInt64 = 0
        for start in stride(from: 0, to: bytes.count / size * size, by: size) {
            let first: UInt64 = number(bytes[start + 4..<start + size])
            table.note(number(bytes[start..<start + 4]), [first, 0, 0, 0, 0, 0])
            taken += 1
        }
        let told = table.list.reduce(table.suppressed) { $0 + $1.count }
        precondition(told == taken, "a call is not told, or told twice")
        precondition(table.list.count <= 64, "the table grows")
        for denied in table.list {
            precondition(denied.text.utf8.count < 200 && Display.escape(denied.text) == denied.text, denied.text)
        }
    }
}
