import GloveboxTables

/// A picture that a job left, as the checker reads it, and the checker's answer, as the supervisor reads that.
enum PNGTarget: FuzzTarget {
    static let name = "png"
    private static let form = OpaqueFile.Form.figure(maxPixels: 4096, colours: 16)

    static let seeds: [[UInt8]] = [small, OpaqueWire.encode(OpaqueFile.parse(small, as: form, maxBytes: 4096))]

    // Two grey pixels in a stored block.
    private static let small: [UInt8] = [
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8,
        0, 0,
        0, 0, 0xd1, 0x95, 0xc9, 0x45, 0, 0, 0, 14, 0x49, 0x44, 0x41, 0x54, 0x78, 0x01, 1, 3, 0, 0xfc, 0xff, 0, 0, 0xff,
        1, 2,
        1, 0, 0x8b, 0x0b, 0xfc, 0x3d, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    ]

    static func read(_ bytes: [UInt8]) {
        OpaqueAnswers.check(withChecksums(bytes), as: form)
        OpaqueAnswers.check(bytes, as: form)
    }

    // A mutation almost never makes a right checksum, so each chunk gets the one it needs.
    private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var at = 8
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - at - 12 else { break }
            let end = at + 8 + length
            var sum = UInt32.max
            for byte in bytes[at + 4..<end] {
                sum ^= UInt32(byte)
                for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
            }
            for (index, shift) in [24, 16, 8, 0].enumerated() {
                bytes[end + index] = UInt8(truncatingIfNeeded: ~sum >> UInt32(shift))
            }
            at = end + 4
        }
        return bytes
    }
}

/// A model that a job left, likewise.
enum SafetensorsTarget: FuzzTarget {
    static let name = "safetensors"

    static let seeds: [[UInt8]] = [
        small, SafetensorsWriter.write(CheckedModel([.init(name: "w", shape: [], bits: [0x3f80_0000])]), .bf16),
        OpaqueWire.encode(OpaqueFile.parse(small, as: .model, maxBytes: 4096)),
    ]

    private static let small = SafetensorsWriter.write(
        CheckedModel([
            .init(name: "bias", shape: [1], bits: [0]),
            .init(name: "weight", shape: [1, 2], bits: [0xc000_0000, 0x3f80_0000]),
        ]),
        .f32
    )

    static func read(_ bytes: [UInt8]) { OpaqueAnswers.check(bytes, as: .model) }
}

/// What must hold for any bytes.
private enum OpaqueAnswers {
    static func check(_ bytes: [UInt8], as form: OpaqueFile.Form) {
        let answer = OpaqueFile.parse(bytes, as: form, maxBytes: 4096)
        do {
            let again = try OpaqueWire.decode(OpaqueWire.encode(answer), as: form)
            precondition(again == answer, "the answer changes on its way")
        } catch { preconditionFailure("the supervisor refuses the checker's answer: \(error)") }
        switch answer {
        case .figure(let figure): precondition(!PNGWriter.write(figure).isEmpty)
        case .model(let model):
            let written = SafetensorsWriter.write(model, .f32)
            guard case .model(let read) = OpaqueFile.parse(written, as: form, maxBytes: written.count) else {
                preconditionFailure("what is written is not read")
            }
            precondition(read.tensors == model.tensors, "what is written reads as something else")
        case .vector: preconditionFailure("numbers, where a figure or a model was asked for")
        case .refused: break
        }
        do {
            let read = try OpaqueWire.decode(bytes, as: form)
            precondition(OpaqueWire.encode(read) == bytes, "two encodings of one answer")
        } catch {}
    }
}
