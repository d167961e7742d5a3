/// The tensors of a model file, by name, every number in its one spelling: nothing else of the job's bytes is left.
///
/// Source: release policy section 8.4.
package struct CheckedModel: Hashable, Sendable {
    /// One tensor.
    package struct Tensor: Hashable, Sendable {
        /// 1 to 64 of `A-Z a-z 0-9 _ .`.
        package let name: String
        /// The length of each dimension, at least 1; none for a single number.
        package let shape: [Int]
        /// The IEEE 754 single-precision bits of each number, row by row: finite, no negative zero, no subnormal.
        package let bits: [UInt32]

        /// Makes a tensor; the number of values must fit the shape.
        package init(name: String, shape: [Int], bits: [UInt32]) {
            precondition(shape.reduce(1, *) == bits.count, "a tensor of another size")
            (self.name, self.shape, self.bits) = (name, shape, bits)
        }

        /// The numbers.
        package var values: [Double] { bits.map { Double(Float(bitPattern: $0)) } }
    }

    /// The tensors in the byte order of their names.
    package let tensors: [Tensor]
    /// Whether the file held text that was left out.
    package let hadMetadata: Bool
    /// Whether some of the file's numbers had 16 bits.
    package let hasHalves: Bool
    /// Whether some of the file's numbers had 32 bits.
    package let hasSingles: Bool

    /// Makes a model; sorts the tensors.
    package init(
        _ tensors: [Tensor],
        hadMetadata: Bool = false,
        hasHalves: Bool = false,
        hasSingles: Bool = false
    ) {
        self.tensors = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        (self.hadMetadata, self.hasHalves, self.hasSingles) = (hadMetadata, hasHalves, hasSingles)
    }

    /// The number of numbers.
    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.bits.count } }

    /// The tensor of that name.
    package func tensor(named name: String) -> Tensor? { tensors.first { $0.name.utf8.elementsEqual(name.utf8) } }

    /// Greatest number of tensors.
    package static let maxTensors = 256
    /// Greatest number of dimensions.
    package static let maxRank = 4

    /// Whether a tensor may be called so.
    package static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (65...90).contains($0 & 0xdf) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
    }
}

/// How single-precision numbers are brought to one spelling.
///
/// Source: release policy section 8.4.
package enum TensorNumber {
    /// Minus zero and subnormal numbers become zero; nil for NaN and infinities.
    package static func canonical(_ bits: UInt32) -> UInt32? {
        switch bits >> 23 & 0xff {
        case 0xff: nil
        case 0: 0
        default: bits
        }
    }

    /// The nearest number with 16 bits, a tie to the even one, as single-precision bits; nil when that is infinite.
    package static func rounded(_ bits: UInt32) -> UInt32? {
        guard let bits = canonical(bits) else { return nil }
        return canonical((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
    }
}
