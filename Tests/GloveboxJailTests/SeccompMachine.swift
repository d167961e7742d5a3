/// A machine for classic BPF over `struct seccomp_data`, as the kernel runs it.
struct SeccompMachine {
    private struct Instruction {
        let code: UInt16
        let whenTrue: UInt8
        let whenFalse: UInt8
        let operand: UInt32
    }

    private let program: [Instruction]

    /// Takes a program in the kernel's layout: 16-bit code, two 8-bit jumps, 32-bit operand.
    init(_ bytes: [UInt8]) {
        program = stride(from: 0, to: bytes.count - 7, by: 8).map { start in
            func number(_ offset: Int, _ width: Int) -> UInt32 {
                (0..<width).reduce(0) { $0 | UInt32(bytes[start + offset + $1]) << UInt32(8 * $1) }
            }
            return Instruction(
                code: UInt16(number(0, 2)),
                whenTrue: bytes[start + 2],
                whenFalse: bytes[start + 3],
                operand: number(4, 4)
            )
        }
    }

    /// What the program answers; nil for an instruction it should not have, a jump out of it, or a missing return.
    func answer(_ input: SeccompInput) -> UInt32? {
        var accumulator: UInt32 = 0
        var place = 0
        while place < program.count {
            let instruction = program[place]
            place += 1
            let operand = instruction.operand
            let holds: Bool
            switch instruction.code {
            case 0x20:  // load a word of seccomp_data
                guard let word = input.word(at: operand) else { return nil }
                accumulator = word
                continue
            case 0x54:
                accumulator &= operand
                continue
            case 0x05:
                place += Int(operand)
                continue
            case 0x06: return operand
            case 0x15: holds = accumulator == operand
            case 0x25: holds = accumulator > operand
            case 0x35: holds = accumulator >= operand
            case 0x45: holds = accumulator & operand != 0
            default: return nil
            }
            place += Int(holds ? instruction.whenTrue : instruction.whenFalse)
        }
        return nil
    }

    /// How many instructions there are.
    var count: Int { program.count }
}

/// What a filter sees of a call.
struct SeccompInput {
    var architecture: UInt32 = 0xc000_003e
    var number: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    func word(at offset: UInt32) -> UInt32? {
        switch offset {
        case 0: number
        case 4: architecture
        case 8, 12: 0
        case 16..<64 where offset.isMultiple(of: 4):
            UInt32(truncatingIfNeeded: arguments[Int(offset - 16) / 8] >> (offset.isMultiple(of: 8) ? 0 : 32))
        default: nil
        }
    }
}
