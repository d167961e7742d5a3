import GloveboxJail

/// What a profile says, read directly from its rules: the other half of the comparison with the compiled program.
struct SeccompModel {
    enum Decision: UInt32 {
        case allow = 0x7fff_0000
        case tell = 0x7fc0_0000
        case unknown = 0x0005_0026
        case kill = 0x8000_0000
    }

    private let allowed: [UInt32: SeccompRule]
    private let refused: [UInt32: SeccompRule]
    private let otherwise: Decision

    init(_ profile: SeccompProfile) {
        func table(_ rules: [SeccompRule]) -> [UInt32: SeccompRule] {
            var table: [UInt32: SeccompRule] = [:]
            for rule in rules {
                for call in rule.calls { if let number = profile.number(of: call) { table[UInt32(number)] = rule } }
            }
            return table
        }
        allowed = table(profile.allowed)
        refused = table(profile.refused)
        otherwise = profile.kills ? .kill : .unknown
    }

    func isAllowed(_ input: SeccompInput) -> Bool { Self.holds(allowed[input.number], input.arguments) }
    func isRefused(_ input: SeccompInput) -> Bool { Self.holds(refused[input.number], input.arguments) }

    func decision(_ input: SeccompInput) -> Decision {
        if input.architecture != 0xc000_003e { return .kill }
        // -1 is what a tracer leaves in place of a call that it cancelled; the kernel runs none for it.
        if input.number & 0x4000_0000 != 0 || input.number >> 31 != 0 {
            return input.number == .max ? otherwise : .kill
        }
        return isAllowed(input) ? .allow : isRefused(input) ? .tell : otherwise
    }

    private static func holds(_ rule: SeccompRule?, _ arguments: [UInt64]) -> Bool {
        guard let rule else { return false }
        return rule.conditions.allSatisfy { condition in
            let argument = arguments[Int(condition.argument)]
            return switch condition.test {
            case .oneOf(let values, let mask): values.contains { argument & mask == $0.number }
            case .not(let value): argument != value.number
            case .clear(let flags): flags.allSatisfy { argument & $0.number == 0 }
            case .any(let flags): flags.contains { argument & $0.number != 0 }
            }
        }
    }
}

extension SeccompRule {
    /// Arguments for which every condition holds.
    var witness: [UInt64] {
        var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]
        for condition in conditions {
            arguments[Int(condition.argument)] =
                switch condition.test {
                case .oneOf(let values, _): values[0].number
                case .not(let value): value.number &+ 1
                case .clear: 0
                case .any(let flags): flags[0].number
                }
        }
        return arguments
    }

    /// Every number its conditions name.
    var numbers: [UInt64] {
        conditions.flatMap { condition -> [UInt64] in
            switch condition.test {
            case .oneOf(let values, let mask): values.map(\.number) + [mask, ~mask]
            case .not(let value): [value.number]
            case .clear(let flags), .any(let flags): flags.map(\.number) + [flags.reduce(0) { $0 | $1.number }]
            }
        }
    }
}

/// Repeatable numbers: SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
