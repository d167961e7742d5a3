extension FixedWidthInteger {
    /// The bytes, most significant first.
    @inlinable package var bigEndianBytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.bitWidth / 8)
        var shift = Self.bitWidth
        while shift > 0 {
            shift -= 8
            out.append(UInt8(truncatingIfNeeded: self >> Self(truncatingIfNeeded: shift)))
        }
        return out
    }

    /// Writes the bytes behind others, most significant first.
    @inlinable package func writeBigEndian(to out: inout [UInt8]) {
        unsafe withUnsafeBytes(of: bigEndian) { unsafe out.append(contentsOf: $0) }
    }

    /// Reads bytes, most significant first.
    ///
    /// - Precondition: there are as many as the type has.
    @inlinable package init(bigEndianBytes bytes: some Collection<UInt8>) {
        precondition(bytes.count * 8 == Self.bitWidth, "the number of bytes is fixed")
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
