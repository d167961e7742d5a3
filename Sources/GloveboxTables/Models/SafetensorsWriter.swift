internal import GloveboxCore

/// Writes a model as the one safetensors file that stands for it.
///
/// Canonical JSON header padded with spaces to a multiple of 8, tensors in the byte order of their names, no metadata.
/// Source: release policy section 8.4.
package enum SafetensorsWriter {
    /// The width of a number.
    package enum Precision: Sendable {
        /// Single precision, as read.
        case f32
        /// The upper 16 bits; numbers must be rounded to them before.
        case bf16

        /// Bits of a number.
        package var bits: Int { self == .f32 ? 32 : 16 }
    }

    /// The bytes.
    package static func write(_ model: CheckedModel, _ precision: Precision) -> [UInt8] {
        let width = precision.bits / 8
        var header = JSONObject()
        var data: [UInt8] = []
        for tensor in model.tensors {
            let start = data.count
            for bits in tensor.bits {
                let value = precision == .f32 ? bits : bits >> 16
                for shift in 0..<width { data.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * shift))) }
            }
            header[tensor.name] = [
                "data_offsets": [.integer(Int64(start)), .integer(Int64(data.count))],
                "dtype": precision == .f32 ? "F32" : "BF16",
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
            ]
        }
        var text = CanonicalJSON.encode(.object(header))
        text += [UInt8](repeating: 32, count: (8 - text.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
    }
}

extension CheckedModel {
    /// The same model with numbers of 16 bits.
    ///
    /// - Throws: ``FileFault/notFinite`` when a number is too large for them.
    package func rounded() throws(FileFault) -> CheckedModel {
        var rounded: [Tensor] = []
        for tensor in tensors {
            var bits: [UInt32] = []
            for value in tensor.bits {
                guard let near = TensorNumber.rounded(value) else { throw .notFinite }
                bits.append(near)
            }
            rounded.append(Tensor(name: tensor.name, shape: tensor.shape, bits: bits))
        }
        return CheckedModel(rounded, hadMetadata: hadMetadata, hasHalves: hasHalves)
    }
}
